package cluster_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

const oldTag = "1.19.0-asm.1"

// workloads makes workloads with a proxy in a namespace of their own.
type workloads struct {
	t    *testing.T
	kube kubernetes.Interface
	ns   string
}

func newWorkloads(t *testing.T, on target) *workloads {
	t.Helper()
	kube := kubernetes.NewForConfigOrDie(on.Config())
	ns := createNamespace(t, kube, nil)
	eventually(t, "the service account that pods of "+ns+" run as", func() error {
		_, err := kube.CoreV1().ServiceAccounts(ns).Get(t.Context(), "default", metav1.GetOptions{})
		return err
	})
	return &workloads{t, kube, ns}
}

func (w *workloads) owner(kind, name string) mesh.Owner {
	return mesh.Owner{Kind: kind, Namespace: w.ns, Name: name}
}

// template is that of a pod which the managed injector gave a proxy.
func template(name, tag string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{"app": name, "security.istio.io/tlsMode": "istio"},
			Annotations: map[string]string{mesh.AnnotationStatus: `{"revision":"asm-managed"}`, "theirs": "1"},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{
				{Name: "app", Image: "example.test/app:1"},
				{Name: mesh.ProxyContainer, Image: "gcr.io/asm/proxyv2:" + tag},
			},
		},
	}
}

func selector(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func (w *workloads) deployment(name, tag string, replicas int32, change ...func(*appsv1.DeploymentSpec)) {
	w.t.Helper()
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: selector(name), Template: template(name, tag)},
	}
	for _, c := range change {
		c(&d.Spec)
	}
	_, err := w.kube.AppsV1().Deployments(w.ns).Create(w.t.Context(), d, metav1.CreateOptions{})
	must(w.t, err)
}

func (w *workloads) statefulSet(name string, replicas int32, strategy appsv1.StatefulSetUpdateStrategyType) {
	w.t.Helper()
	_, err := w.kube.AppsV1().
		StatefulSets(w.ns).
		Create(w.t.Context(), &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, Selector: selector(name), Template: template(name, oldTag), PodManagementPolicy: appsv1.ParallelPodManagement,
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: strategy},
		}}, metav1.CreateOptions{})
	must(w.t, err)
}

func (w *workloads) daemonSet(name string, strategy appsv1.DaemonSetUpdateStrategyType) {
	w.t.Helper()
	_, err := w.kube.AppsV1().
		DaemonSets(w.ns).
		Create(w.t.Context(), &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DaemonSetSpec{
			Selector: selector(name), Template: template(name, oldTag), UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: strategy},
		}}, metav1.CreateOptions{})
	must(w.t, err)
}

func (w *workloads) job(name string) {
	w.t.Helper()
	pod := template(name, oldTag)
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err := w.kube.BatchV1().
		Jobs(w.ns).
		Create(w.t.Context(), &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: batchv1.JobSpec{Template: pod},
		}, metav1.CreateOptions{})
	must(w.t, err)
}

func (w *workloads) pod(name string) {
	w.t.Helper()
	made := template(name, oldTag)
	_, err := w.kube.CoreV1().
		Pods(w.ns).
		Create(w.t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: made.Labels, Annotations: made.Annotations}, Spec: made.Spec,
		}, metav1.CreateOptions{})
	must(w.t, err)
}

// budget keeps so many pods of a workload available.
func (w *workloads) budget(name string, available int32) {
	w.t.Helper()
	_, err := w.kube.PolicyV1().PodDisruptionBudgets(w.ns).Create(w.t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
		},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &intstr.IntOrString{IntVal: available}, Selector: selector(name)},
	}, metav1.CreateOptions{})
	must(w.t, err)
}

// allows waits until a budget allows so many disruptions.
func (w *workloads) allows(name string, disruptions int32) {
	w.t.Helper()
	eventually(w.t, "budget "+name, func() error {
		b, err := w.kube.PolicyV1().PodDisruptionBudgets(w.ns).Get(w.t.Context(), name, metav1.GetOptions{})
		if err == nil && b.Status.DisruptionsAllowed != disruptions {
			err = fmt.Errorf("%w: it allows %d", errNotYet, b.Status.DisruptionsAllowed)
		}
		return err
	})
}

// pods are a workload's that are not about to go.
func (w *workloads) pods(name string) (found []corev1.Pod) {
	w.t.Helper()
	list, err := w.kube.CoreV1().Pods(w.ns).List(w.t.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
	must(w.t, err)
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			found = append(found, p)
		}
	}
	return found
}

// run waits until so many pods of a workload run, or at least one with 0.
func (w *workloads) run(name string, want int) []corev1.Pod {
	w.t.Helper()
	var found []corev1.Pod
	eventually(w.t, "the pods of "+name, func() error {
		found = w.pods(name)
		running := 0
		for _, p := range found {
			if p.Status.Phase == corev1.PodRunning {
				running++
			}
		}
		if running == 0 || running < want || running < len(found) {
			return fmt.Errorf("%w: %d of %d run", errNotYet, running, len(found))
		}
		return nil
	})
	return found
}

// fail marks a workload's pods as the data plane's controller does.
func (w *workloads) fail(name string) {
	w.t.Helper()
	for _, p := range w.pods(name) {
		_, err := w.kube.CoreV1().
			Pods(w.ns).
			Patch(w.t.Context(), p.Name, types.MergePatchType,
				[]byte(`{"metadata":{"labels":{"dataplane-upgrade":"failed"}}}`), metav1.PatchOptions{})
		must(w.t, err)
	}
}
