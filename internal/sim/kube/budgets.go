package kube

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// runBudgets keeps the status of every PodDisruptionBudget.
func (c *Cluster) runBudgets() {
	for _, b := range c.list(resBudgets, "") {
		before := copyOf(child(b, "status"))
		selector := compileSelector(dig(b, "spec", "selector"))
		expected, healthy := 0, 0
		for _, p := range c.list(resPods, namespace(b)) {
			if selector.Matches(labels.Set(labelsOf(p))) && text(p, "status", "phase") != "Succeeded" {
				expected++
				if ready(p) {
					healthy++
				}
			}
		}
		desired := desiredHealthy(b, expected)
		allowed := max(0, healthy-desired)
		if expected == 0 {
			allowed = 0
		}
		st := child(b, "status")
		st["currentHealthy"], st["desiredHealthy"], st["expectedPods"], st["disruptionsAllowed"] = healthy, desired, expected, allowed
		st["observedGeneration"] = numberOr(1, b, "metadata", "generation")
		want := condition{"DisruptionAllowed", "True", "SufficientPods", ""}
		if allowed == 0 {
			want = condition{"DisruptionAllowed", "False", "InsufficientPods", ""}
		}
		setConditions(b, []condition{want}, c.now)
		if !equal(before, st) {
			c.put(resBudgets, b)
		}
	}
}

// desiredHealthy is how many pods a budget wants to keep.
func desiredHealthy(b Object, expected int) int {
	if v := dig(b, "spec", "minAvailable"); v != nil {
		return share(v, expected)
	}
	if v := dig(b, "spec", "maxUnavailable"); v != nil {
		return max(0, expected-share(v, expected))
	}
	return max(0, expected-1)
}

// share is a number, or a percentage of a total, rounded up.
func share(v any, total int) int {
	s := sprint(v)
	percent, ok := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(percent)
	if err != nil {
		return 0
	}
	if ok {
		return (n*total + 99) / 100
	}
	return n
}

// evictable says whether the budgets let a pod go; if not, the status with which an eviction is refused.
func (c *Cluster) evictable(pod Object) *status {
	c.runBudgets()
	var blocking []Object
	for _, b := range c.list(resBudgets, namespace(pod)) {
		if compileSelector(dig(b, "spec", "selector")).Matches(labels.Set(labelsOf(pod))) {
			blocking = append(blocking, b)
		}
	}
	if len(blocking) > 1 {
		//nolint:revive,staticcheck // the API server's words
		return errPlain(errors.New("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."))
	}
	for _, b := range blocking {
		if !ready(pod) || numberOr(0, b, "status", "disruptionsAllowed") > 0 {
			continue
		}
		desired, healthy := numberOr(0, b, "status", "desiredHealthy"), numberOr(0, b, "status", "currentHealthy")
		s := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
		s.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: policyv1.DisruptionBudgetCause, Message: fmt.Sprintf("The disruption budget "+
			"%s needs %d healthy pods and has %d currently", name(b), desired, healthy)}}
		return s
	}
	return nil
}
