package mesh

import (
	"regexp"
	"strings"
	"time"
)

// AuditEvent is who changed something, by which client and when, as an audit log
// reports it. The client's name is the client's own claim: evidence, not proof.
type AuditEvent struct {
	Time      time.Time
	Principal string // e-mail address, or the subject of an external identity
	Through   string // the account that acted as Principal, or ""
	UserAgent string
	Reason    string // X-Goog-Request-Reason, or ""
	Method    string // methodName of the audit entry
}

// Client is a readable name of the program behind a user agent, or the user agent itself, or "an unnamed client". The
// forms are those of the clients' sources and of recorded audit entries.
func (e AuditEvent) Client() string {
	agent := strings.TrimSpace(e.UserAgent)
	for strings.HasSuffix(agent, ",gzip(gfe)") {
		agent = strings.TrimSpace(strings.TrimSuffix(agent, ",gzip(gfe)"))
	}
	if agent == "" {
		return "an unnamed client"
	}
	for _, known := range clients {
		if m := known.pattern.FindStringSubmatch(agent); m != nil {
			return known.name(m)
		}
	}
	return agent
}

// ByRun reports whether the change was made by the commands of this program, as a run of a runbook, and not by a
// Terraform configuration: Terraform puts its own name before the provider's.
func (e AuditEvent) ByRun() bool {
	return strings.HasPrefix(strings.TrimSpace(e.UserAgent), "terraform-provider-asm/")
}

// Hint names the usual culprit behind a client, or "".
func (e AuditEvent) Hint() string {
	if strings.Contains(e.UserAgent, "terraform-provider-google") && strings.Contains(e.Method, "SetIamPolicy") {
		return "Look for an authoritative google_project_iam_policy or google_project_iam_binding in that configuration; it removes every " +
			"member that it does not list. Prefer google_project_iam_member."
	}
	return ""
}

var clients = []struct {
	pattern *regexp.Regexp
	name    func(m []string) string
}{
	{regexp.MustCompile(`terraform-provider-asm/(\S+)`),
		func(m []string) string { return "this provider (terraform-provider-asm " + m[1] + ")" }},
	{regexp.MustCompile(`Terraform/(\S+).*terraform-provider-(google(?:-beta)?)/(\S+)`), func(m []string) string {
		return "Terraform " + m[1] + " with the " + m[2] + " provider " + m[3]
	}},
	{regexp.MustCompile(`\bkcc/`), func([]string) string { return "Config Connector" }},
	{regexp.MustCompile(`gcloud/(\S+).*?\bcommand/(\S+)`), func(m []string) string {
		return "gcloud " + m[1] + " (" + strings.ReplaceAll(m[2], ".", " ") + ")"
	}},
	{regexp.MustCompile(`gcloud/(\S+)`), func(m []string) string { return "gcloud " + m[1] }},
	{regexp.MustCompile(`^Mozilla/5\.0`), func([]string) string { return "the Google Cloud console or another browser" }},
	{regexp.MustCompile(`GoogleContainerEngine|for GKE`), func([]string) string { return "GKE itself" }},
	{regexp.MustCompile(`(?i)\bPulumi\b`), func([]string) string { return "Pulumi" }},
	{regexp.MustCompile(`(?i)Google-Ansible`), func([]string) string { return "Ansible" }},
	{regexp.MustCompile(`(?i)\bPuppet\b`), func([]string) string { return "Puppet" }},
}

// String returns one sentence with the principal, the client and the time.
func (e AuditEvent) String() string {
	who := e.Principal
	if who == "" {
		who = "an unnamed principal"
	}
	if e.Through != "" {
		who += " (through " + e.Through + ")"
	}
	s := "by " + who + " with " + e.Client() + " at " + e.Time.UTC().Format(time.RFC3339)
	if e.Reason != "" {
		s += ", reason given: " + e.Reason
	}
	return s
}
