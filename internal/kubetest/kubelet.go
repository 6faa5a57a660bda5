package kubetest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// LeavePending is an annotation that keeps a pod from being marked as running: it stays Pending until the
// test writes its status.
const LeavePending = "kubetest.example/leave-pending"

// again is how soon a pod is looked at once more whose status could not be written.
const again = time.Second

// startKubelet marks every new pod as running and ready. A pod gets no node: one that had a node would
// wait for the node's kubelet when it is deleted.
func (s *Server) startKubelet(ctx context.Context) error {
	if err := s.addNode(ctx); err != nil {
		return err
	}
	// It works as long as the server, not only as long as the start.
	running, cancel := context.WithCancel(context.Background())
	mark := func(object any) {
		if pod, ok := object.(*corev1.Pod); ok {
			s.markRunning(running, pod)
		}
	}
	pods := cache.NewListWatchFromClient(s.client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll, fields.Everything())
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: pods,
		ObjectType:    &corev1.Pod{},
		ResyncPeriod:  again,
		Handler:       cache.ResourceEventHandlerFuncs{AddFunc: mark, UpdateFunc: func(_, object any) { mark(object) }},
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		informer.RunWithContext(running)
	}()
	s.closers = append(s.closers, func() error {
		cancel()
		<-ended
		return nil
	})
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return errors.New("gave up waiting for the list of pods")
	}
	return nil
}

// markRunning writes the status of a pod that has none yet. A failure is left to the next look:
// the pod may be gone, or the server may be stopping.
func (s *Server) markRunning(ctx context.Context, pod *corev1.Pod) {
	_, leave := pod.Annotations[LeavePending]
	if leave || pod.Status.Phase != corev1.PodPending || pod.DeletionTimestamp != nil {
		return
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": pod.ResourceVersion}, // a status that a test wrote meanwhile stays
		"status":   running(pod, metav1.Now()),
	})
	if err != nil {
		return
	}
	_, _ = s.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
}

// running is the status of the pod when all its containers run and are ready.
func running(pod *corev1.Pod, now metav1.Time) corev1.PodStatus {
	status := corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &now, PodIP: "10.1.0.1", PodIPs: []corev1.PodIP{{IP: "10.1.0.1"}}}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, c := range pod.Spec.InitContainers {
		state := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now}}
		// An init container that is always restarted is a sidecar.
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		if sidecar {
			state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}
		}
		status.InitContainerStatuses = append(status.InitContainerStatuses, containerStatus(c, state, sidecar))
	}
	for _, c := range pod.Spec.Containers {
		state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}
		status.ContainerStatuses = append(status.ContainerStatuses, containerStatus(c, state, true))
	}
	return status
}

func containerStatus(c corev1.Container, state corev1.ContainerState, started bool) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, State: state, Ready: true, Started: &started}
}
