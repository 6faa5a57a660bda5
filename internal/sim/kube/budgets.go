package kube

import (
	"strconv"
	"strings"
)

// runBudgets keeps the status of every PodDisruptionBudget.
func (c *Cluster) runBudgets() {
	for _, b := range c.list(resBudgets, "") {
		before := copyOf(child(b, "status"))
		expected, healthy := 0, 0
		for _, p := range c.list(resPods, namespace(b)) {
			if matchSelector(dig(b, "spec", "selector"), labels(p)) && text(p, "status", "phase") != "Succeeded" {
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

// evictable says whether the budgets let a pod go; if not, the status with
// which an eviction is refused.
func (c *Cluster) evictable(pod Object) *status {
	c.runBudgets()
	var blocking []Object
	for _, b := range c.list(resBudgets, namespace(pod)) {
		if matchSelector(dig(b, "spec", "selector"), labels(pod)) {
			blocking = append(blocking, b)
		}
	}
	if len(blocking) > 1 {
		return &status{code: 500, reason: "InternalError", message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."}
	}
	for _, b := range blocking {
		if !ready(pod) || numberOr(0, b, "status", "disruptionsAllowed") > 0 {
			continue
		}
		desired, healthy := numberOr(0, b, "status", "desiredHealthy"), numberOr(0, b, "status", "currentHealthy")
		return &status{
			code: 429, reason: "TooManyRequests", message: "Cannot evict pod as it would violate the pod's disruption budget.",
			causes: []any{anyMap("reason", "DisruptionBudget", "message",
				"The disruption budget "+name(b)+" needs "+strconv.Itoa(desired)+" healthy pods and has "+strconv.Itoa(healthy)+" currently")},
		}
	}
	return nil
}
