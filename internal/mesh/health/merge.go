package health

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
)

// MergeHealth is the health of a whole from that of its parts; of none it is Unknown.
func MergeHealth(parts ...Health) Health {
	j := judge{}
	for _, p := range parts {
		j.verdicts = append(j.verdicts, p.Verdict)
		j.findings = append(j.findings, p.Findings...)
	}
	if len(parts) == 0 {
		j.verdicts = []mesh.Verdict{mesh.Unknown}
	}
	return j.health()
}

// UnreadHealth is the health of something that could not be read: Unknown, with why and the next step, which may be "".
func UnreadHealth(subject, why, next string) Health {
	j := judge{subject: subject}
	f := j.add(catalogue.Unreadable, mesh.Unknown, why)
	if next != "" {
		f.Remediation = next
	}
	return j.health()
}

// About returns h with every finding's subject put under a cluster's name, for a report on several clusters.
func (h Health) About(cluster string) Health {
	h.Findings = slices.Clone(h.Findings)
	for i := range h.Findings {
		if s := h.Findings[i].Subject; s != cluster {
			h.Findings[i].Subject = cluster + "/" + s
		}
	}
	return h
}
