package mesh

// Verdict is the health of a mesh, of one membership or of one prerequisite.
// The set is closed; what could not be read or is not known is Unknown, never Healthy.
type Verdict string

// The verdicts, best first. Worst ranks them otherwise: what is known to be broken outranks what is unknown.
const (
	Healthy      Verdict = "healthy"
	Provisioning Verdict = "provisioning"
	Degraded     Verdict = "degraded"
	Unknown      Verdict = "unknown"
	Unhealthy    Verdict = "unhealthy"
)

var rank = map[Verdict]int{Healthy: 0, Provisioning: 1, Degraded: 2, Unknown: 3, Unhealthy: 4}

// Worst is the verdict over several: the one that a person has to hear about first. Of none it is Unknown.
func Worst(verdicts ...Verdict) Verdict {
	if len(verdicts) == 0 {
		return Unknown
	}
	worst := Healthy
	for _, v := range verdicts {
		if rank[v] > rank[worst] {
			worst = v
		}
	}
	return worst
}
