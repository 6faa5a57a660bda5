package kubetest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

var app = map[string]string{"app": "web"}

func template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: app},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example.test/web:1"}}},
	}
}

func ptr[T any](value T) *T { return &value }

func selector() *metav1.LabelSelector { return &metav1.LabelSelector{MatchLabels: app} }

// restart is the patch that kubectl rollout restart sends.
func restart() []byte {
	return fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`,
		time.Now().Format(time.RFC3339Nano))
}

func readyPods(t *testing.T, client *kubernetes.Clientset, namespace string) []string {
	t.Helper()
	list, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	var ready []string
	for _, pod := range list.Items {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				ready = append(ready, string(pod.UID))
			}
		}
	}
	return ready
}

// A workload is one kind of owner of pods.
type workload struct {
	make    func(t *testing.T, client *kubernetes.Clientset, namespace string) error
	restart func(t *testing.T, client *kubernetes.Clientset, namespace string) error
	pods    int
}

var workloads = map[string]workload{
	"Deployment": {
		make: func(t *testing.T, client *kubernetes.Clientset, namespace string) error {
			_, err := client.AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
				ObjectMeta: metav1.ObjectMeta{Name: "web"},
				Spec:       appsv1.DeploymentSpec{Replicas: ptr[int32](3), Selector: selector(), Template: template()},
			}, metav1.CreateOptions{})
			return err
		},
		restart: func(t *testing.T, client *kubernetes.Clientset, namespace string) error {
			_, err := client.AppsV1().
				Deployments(namespace).
				Patch(t.Context(), "web", types.StrategicMergePatchType, restart(), metav1.PatchOptions{})
			return err
		},
		pods: 3,
	},
	"StatefulSet": {
		make: func(t *testing.T, client *kubernetes.Clientset, namespace string) error {
			_, err := client.AppsV1().StatefulSets(namespace).Create(t.Context(), &appsv1.StatefulSet{
				ObjectMeta: metav1.ObjectMeta{Name: "web"},
				Spec:       appsv1.StatefulSetSpec{Replicas: ptr[int32](2), Selector: selector(), Template: template()},
			}, metav1.CreateOptions{})
			return err
		},
		restart: func(t *testing.T, client *kubernetes.Clientset, namespace string) error {
			_, err := client.AppsV1().
				StatefulSets(namespace).
				Patch(t.Context(), "web", types.StrategicMergePatchType, restart(), metav1.PatchOptions{})
			return err
		},
		pods: 2,
	},
	"DaemonSet": {
		make: func(t *testing.T, client *kubernetes.Clientset, namespace string) error {
			_, err := client.AppsV1().DaemonSets(namespace).Create(t.Context(), &appsv1.DaemonSet{
				ObjectMeta: metav1.ObjectMeta{Name: "web"},
				Spec:       appsv1.DaemonSetSpec{Selector: selector(), Template: template()},
			}, metav1.CreateOptions{})
			return err
		},
		restart: func(t *testing.T, client *kubernetes.Clientset, namespace string) error {
			_, err := client.AppsV1().
				DaemonSets(namespace).
				Patch(t.Context(), "web", types.StrategicMergePatchType, restart(), metav1.PatchOptions{})
			return err
		},
		pods: 1,
	},
}

func TestRollingRestart(t *testing.T) {
	server := kubetest.Start(t)
	client := clientset(t, server.Config())
	for kind, workload := range workloads {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			namespace := server.Namespace(t)
			begin := time.Now()
			if err := workload.make(t, client, namespace); err != nil {
				t.Fatal(err)
			}
			var before []string
			eventually(t, "the first roll-out", func() error {
				if before = readyPods(t, client, namespace); len(before) != workload.pods {
					return fmt.Errorf("%d pods are ready, want %d", len(before), workload.pods)
				}
				return nil
			})
			rolled := time.Since(begin)
			begin = time.Now()
			if err := workload.restart(t, client, namespace); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the restart", func() error {
				now := readyPods(t, client, namespace)
				if len(now) != workload.pods {
					return fmt.Errorf("%d pods are ready, want %d", len(now), workload.pods)
				}
				if slices.ContainsFunc(now, func(uid string) bool { return slices.Contains(before, uid) }) {
					return errors.New("a pod from before is still there")
				}
				return nil
			})
			t.Logf("rolled out in %s, restarted in %s", rolled, time.Since(begin))
		})
	}
}

func TestJobMakesPods(t *testing.T) {
	server := kubetest.Start(t)
	client := clientset(t, server.Config())
	namespace := server.Namespace(t)
	pod := template()
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err := client.BatchV1().Jobs(namespace).Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "once"},
		Spec:       batchv1.JobSpec{Template: pod},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod of the Job", func() error {
		if n := len(readyPods(t, client, namespace)); n != 1 {
			return fmt.Errorf("%d pods are ready, want 1", n)
		}
		return nil
	})
}

func TestBudgetStopsEviction(t *testing.T) {
	server := kubetest.Start(t)
	client := clientset(t, server.Config())
	namespace := server.Namespace(t)
	if err := workloads["Deployment"].make(t, client, namespace); err != nil {
		t.Fatal(err)
	}
	budgets := client.PolicyV1().PodDisruptionBudgets(namespace)
	_, err := budgets.Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "all"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr(intstr.FromInt32(3)), Selector: selector()},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the budget", func() error {
		budget, err := budgets.Get(t.Context(), "all", metav1.GetOptions{})
		if err == nil && budget.Status.CurrentHealthy != 3 {
			err = fmt.Errorf("it counts %d healthy pods, want 3", budget.Status.CurrentHealthy)
		}
		return err
	})
	pods, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	evict := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pods.Items[0].Name, Namespace: namespace}}
	if err := client.CoreV1().Pods(namespace).EvictV1(t.Context(), evict); !apierrors.IsTooManyRequests(err) {
		t.Fatalf("the eviction gets %v, want too many requests", err)
	}
	if err := budgets.Delete(t.Context(), "all", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the eviction without a budget", func() error {
		return client.CoreV1().Pods(namespace).EvictV1(t.Context(), evict)
	})
}

func TestLeavePending(t *testing.T) {
	server := kubetest.Start(t)
	client := clientset(t, server.Config())
	namespace := server.Namespace(t)
	left := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "left", Labels: app, Annotations: map[string]string{kubetest.LeavePending: ""}},
		Spec:       template().Spec,
	}
	marked := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "marked", Labels: app}, Spec: template().Spec}
	sidecar := corev1.Container{Name: "istio-proxy", Image: "example.test/proxyv2:1", RestartPolicy: ptr(corev1.ContainerRestartPolicyAlways)}
	marked.Spec.InitContainers = []corev1.Container{{Name: "istio-init", Image: "example.test/proxyv2:1"}, sidecar}
	for _, pod := range []*corev1.Pod{left, marked} { // so that the second is looked at after the first
		if _, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the pod without the annotation", func() error {
		if n := len(readyPods(t, client, namespace)); n != 1 {
			return fmt.Errorf("%d pods are ready, want 1", n)
		}
		return nil
	})
	got := give[*corev1.Pod](t)(client.CoreV1().Pods(namespace).Get(t.Context(), "left", metav1.GetOptions{}))
	if got.Status.Phase != corev1.PodPending {
		t.Errorf("the pod with the annotation is %s", got.Status.Phase)
	}
	got = give[*corev1.Pod](t)(client.CoreV1().Pods(namespace).Get(t.Context(), "marked", metav1.GetOptions{}))
	inits := got.Status.InitContainerStatuses
	if len(inits) != 2 || inits[0].State.Terminated == nil || inits[1].State.Running == nil {
		t.Errorf("the init containers are %+v, want the first ended and the sidecar running", inits)
	}
	// A pod without a node is gone at once.
	if err := client.CoreV1().Pods(namespace).Delete(t.Context(), "marked", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Pods(namespace).Get(t.Context(), "marked", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("after its deletion, the pod is still there (%v)", err)
	}
}
