package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// restartedAt is the annotation of a pod template by which kubectl restarts a workload.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

var restartable = map[string]schema.GroupVersionResource{
	"Deployment":  deployments,
	"StatefulSet": statefulSets,
	"DaemonSet":   daemonSets,
}

// workload is what a Deployment, a StatefulSet and a DaemonSet have in common,
// and what a roll-out of each is followed by.
type workload struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Replicas *int32 `json:"replicas"`
		Paused   bool   `json:"paused"`
		Template struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
		} `json:"template"`
		Strategy       strategy `json:"strategy"`       // of a Deployment
		UpdateStrategy strategy `json:"updateStrategy"` // of the others
	} `json:"spec"`
	Status struct {
		ObservedGeneration int64  `json:"observedGeneration"`
		Replicas           int32  `json:"replicas"`
		UpdatedReplicas    int32  `json:"updatedReplicas"`
		AvailableReplicas  int32  `json:"availableReplicas"`
		ReadyReplicas      int32  `json:"readyReplicas"`
		CurrentRevision    string `json:"currentRevision"`
		UpdateRevision     string `json:"updateRevision"`
		Desired            int32  `json:"desiredNumberScheduled"`
		Updated            int32  `json:"updatedNumberScheduled"`
		Available          int32  `json:"numberAvailable"`
		Conditions         []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"conditions"`
	} `json:"status"`
}

type strategy struct {
	Type          string `json:"type"`
	RollingUpdate *struct {
		MaxUnavailable *intstr.IntOrString `json:"maxUnavailable"`
		MaxSurge       *intstr.IntOrString `json:"maxSurge"`
		Partition      *int32              `json:"partition"`
	} `json:"rollingUpdate"`
}

func (w *workload) replicas() int32 {
	if w.Spec.Replicas == nil {
		return 1
	}
	return *w.Spec.Replicas
}

func (w *workload) strategy() strategy {
	if w.Spec.UpdateStrategy.Type != "" {
		return w.Spec.UpdateStrategy
	}
	return w.Spec.Strategy
}

// downAtOnce is how many pods a roll-out may take down before others are up.
func (w *workload) downAtOnce(kind string) int32 {
	s, all := w.strategy(), w.replicas()
	if kind == "DaemonSet" {
		all = w.Status.Desired
	}
	if s.Type == "Recreate" {
		return all
	}
	// The API's defaults of a roll-out.
	unavailable, surge := intstr.FromInt32(1), intstr.FromInt32(0)
	if kind == "Deployment" {
		unavailable, surge = intstr.FromString("25%"), intstr.FromString("25%")
	}
	if s.RollingUpdate != nil {
		unavailable = *intstr.ValueOrDefault(s.RollingUpdate.MaxUnavailable, unavailable)
		surge = *intstr.ValueOrDefault(s.RollingUpdate.MaxSurge, surge)
	}
	down, err := intstr.GetScaledValueFromIntOrPercent(&unavailable, int(all), kind != "Deployment")
	if err != nil || down < 0 {
		return all // the API server never stores one that cannot be read
	}
	up, err := intstr.GetScaledValueFromIntOrPercent(&surge, int(all), true)
	if down == 0 && (err != nil || up <= 0) {
		down = 1 // where both come to nothing, controllers take one down, or no roll-out would ever advance
	}
	return min(int32(min(down, 1<<20)), all)
}

// blocked says why a workload is better not restarted, or "".
func (w *workload) blocked(owner mesh.Owner, limits []mesh.Budget) string {
	s := w.strategy()
	switch {
	case w.Spec.Paused:
		return "its roll-out is paused; resume it first"
	case s.Type == "OnDelete":
		return "its update strategy is OnDelete, so a restart changes no pod; delete the pods by hand"
	case owner.Kind == "StatefulSet" && s.RollingUpdate != nil && s.RollingUpdate.Partition != nil && *s.RollingUpdate.Partition > 0:
		return fmt.Sprintf("its roll-out stops at partition %d, so a restart would leave pods behind", *s.RollingUpdate.Partition)
	}
	down := w.downAtOnce(owner.Kind)
	for _, b := range limits {
		if b.Covers(owner.Namespace, w.Spec.Template.Metadata.Labels) && b.Allowed < down {
			return fmt.Sprintf(
				"PodDisruptionBudget %s/%s allows %d disruption(s), and its roll-out takes down %d pod(s) at once; make room in the budget, "+
					"or let the roll-out surge (maxUnavailable: 0)",
				b.Namespace,
				b.Name,
				b.Allowed,
				down,
			)
		}
	}
	return ""
}

// restarted is when the workload was restarted last, as its annotation says; zero where it was not.
func (w *workload) restarted() time.Time {
	at, _ := time.Parse(time.RFC3339, w.Spec.Template.Metadata.Annotations[restartedAt])
	return at
}

// restartedSince reports whether the workload was restarted at or after a time.
func (w *workload) restartedSince(t time.Time) bool {
	at := w.restarted()
	return !at.IsZero() && !at.Before(t.Truncate(time.Second))
}

// markedWith reports whether the latest restart of the workload carries one of these times.
func (w *workload) markedWith(marks []time.Time) bool {
	return slices.ContainsFunc(marks, func(t time.Time) bool { return w.restarted().Equal(t.Truncate(time.Second)) })
}

// rolledOut reports whether every pod is of the newest template and available,
// as kubectl rollout status does. failed is final; seen is how far it is.
func (w *workload) rolledOut(kind string) (done bool, seen, failed string) {
	s := w.Status
	if s.ObservedGeneration < w.Metadata.Generation {
		return false, "the controller has not seen the change yet", ""
	}
	for _, c := range s.Conditions {
		if c.Type == "Progressing" && c.Reason == "ProgressDeadlineExceeded" {
			return false, "", cmp.Or(c.Message, "its progress deadline is exceeded")
		}
	}
	switch kind {
	case "DaemonSet":
		seen = fmt.Sprintf("%d of %d pods updated, %d available", s.Updated, s.Desired, s.Available)
		return s.Updated >= s.Desired && s.Available >= s.Desired, seen, ""
	case "StatefulSet":
		seen = fmt.Sprintf("%d of %d pods updated, %d ready", s.UpdatedReplicas, w.replicas(), s.ReadyReplicas)
		return s.ReadyReplicas >= w.replicas() && s.UpdateRevision == s.CurrentRevision, seen, ""
	}
	seen = fmt.Sprintf("%d of %d pods updated, %d old, %d available", s.UpdatedReplicas, w.replicas(), s.Replicas-s.UpdatedReplicas,
		s.AvailableReplicas)
	return s.UpdatedReplicas >= w.replicas() && s.Replicas <= s.UpdatedReplicas && s.AvailableReplicas >= s.UpdatedReplicas, seen, ""
}
