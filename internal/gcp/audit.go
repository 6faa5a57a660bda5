package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/logging/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

const (
	maxLogResources = 100                 // projects that one entries.list takes
	auditWindow     = 30 * 24 * time.Hour // how far back the audit log is searched; a search without bound takes minutes
	maxAuditPages   = 5
)

// auditedWrite is a write that may have removed a prerequisite.
type auditedWrite struct {
	mesh.AuditEvent
	revoked  []grant
	granted  []grant
	disabled string   // the API that was disabled
	enabled  []string // the APIs that were enabled
	cluster  string   // LOCATION/NAME of the cluster that was updated
	setsPool bool
	identity string   // LOCATION/NAME of the membership whose authority was updated
	meshes   []string // LOCATION/NAME of memberships whose mesh was updated
	feature  string   // what was done to the mesh feature: "Create" or "Delete"
}

// auditLog is what was read of a project's audit log, newest first.
type auditLog struct {
	writes  []auditedWrite
	reached time.Time // the oldest entry that was read, where there are older ones; zero is all of the window
}

type grant struct{ role, member string }

// WhoRevoked returns who last revoked a role of a member on a project, from the
// project's audit log (Cloud Logging, entries.list). All questions about a project
// share one request; found is false when the log does not show it within 30 days.
func (c *Client) WhoRevoked(ctx context.Context, project, role, member string) (who mesh.AuditEvent, found bool, err error) {
	return c.lastChange(ctx, project, func(ch auditedWrite) bool {
		return hasGrant(ch.revoked, role, member)
	})
}

func hasGrant(grants []grant, role, member string) bool {
	return slices.ContainsFunc(grants, func(g grant) bool { return g.role == role && strings.EqualFold(g.member, member) })
}

// BindingChanges are the grants and revocations of a role of a member on a project in the last 30 days, oldest first.
func (c *Client) BindingChanges(ctx context.Context, project, role, member string) ([]health.BindingChange, error) {
	log, err := c.changes(ctx, project)
	var of []health.BindingChange
	for _, ch := range slices.Backward(log.writes) {
		switch {
		case hasGrant(ch.granted, role, member):
			of = append(of, health.BindingChange{AuditEvent: ch.AuditEvent, Added: true})
		case hasGrant(ch.revoked, role, member):
			of = append(of, health.BindingChange{AuditEvent: ch.AuditEvent})
		}
	}
	return of, err
}

// LastEnabled returns when an API was last enabled on a project; zero is not in the last 30 days, as far as the log was read.
func (c *Client) LastEnabled(ctx context.Context, project, service string) (time.Time, error) {
	who, found, err := c.lastChange(ctx, project, func(ch auditedWrite) bool { return slices.Contains(ch.enabled, service) })
	var truncated *AuditTruncatedError
	if errors.As(err, &truncated) {
		err = nil
	}
	if !found {
		return time.Time{}, err
	}
	return who.Time, err
}

// WhoDisabled returns who last disabled an API on a project.
func (c *Client) WhoDisabled(ctx context.Context, project, service string) (who mesh.AuditEvent, found bool, err error) {
	return c.lastChange(ctx, project, func(ch auditedWrite) bool { return ch.disabled == service })
}

// WhoSetPool returns who last changed a cluster's workload pool.
func (c *Client) WhoSetPool(ctx context.Context, name mesh.Cluster) (who mesh.AuditEvent, found bool, err error) {
	return c.lastChange(ctx, name.Project, func(ch auditedWrite) bool {
		return ch.setsPool && ch.cluster == name.Location+"/"+name.Name
	})
}

// WhoSetIdentity returns who last changed a membership's identity provider.
func (c *Client) WhoSetIdentity(ctx context.Context, name mesh.Membership) (who mesh.AuditEvent, found bool, err error) {
	return c.lastChange(ctx, name.Project, func(ch auditedWrite) bool { return ch.identity == name.Location+"/"+name.Name })
}

// WhoSetManagement returns who last changed the configuration of a membership's mesh.
func (c *Client) WhoSetManagement(ctx context.Context, name mesh.Membership) (who mesh.AuditEvent, found bool, err error) {
	return c.lastChange(ctx, name.Project, func(ch auditedWrite) bool { return slices.Contains(ch.meshes, name.Location+"/"+name.Name) })
}

const (
	featureCreated = "Create"
	featureDeleted = "Delete"
)

// WhoDeletedFeature returns who deleted the mesh feature of a fleet, where it was not created again since.
func (c *Client) WhoDeletedFeature(ctx context.Context, fleetProject string) (who mesh.AuditEvent, found bool, err error) {
	deleted := false
	who, found, err = c.lastChange(ctx, fleetProject, func(ch auditedWrite) bool {
		deleted = deleted || ch.feature == featureDeleted
		return ch.feature != ""
	})
	if !deleted {
		return mesh.AuditEvent{}, false, err
	}
	return who, found, err
}

// MeshRequested returns who last asked for a management of a membership's mesh after a time, within a day. It is not found
// where something that the mesh needs was put right in the fleet project since then: a role was granted, an API enabled,
// the feature created, a workload pool or a membership's identity set.
func (c *Client) MeshRequested(ctx context.Context, name mesh.Membership, after time.Time) (who mesh.AuditEvent, found bool, err error) {
	log, err := c.changes(ctx, name.Project)
	if dayAgo := c.clock.Now().Add(-24 * time.Hour); after.Before(dayAgo) {
		after = dayAgo
	}
	for _, ch := range log.writes {
		switch {
		case !ch.Time.After(after):
			return mesh.AuditEvent{}, false, err
		case slices.Contains(ch.meshes, name.Location+"/"+name.Name):
			return ch.AuditEvent, true, nil
		case len(ch.granted) > 0 || len(ch.enabled) > 0 || ch.feature != "" || ch.setsPool || ch.identity != "":
			return mesh.AuditEvent{}, false, nil
		}
	}
	return mesh.AuditEvent{}, false, err
}

func (c *Client) lastChange(ctx context.Context, project string, is func(auditedWrite) bool) (mesh.AuditEvent, bool, error) {
	log, err := c.changes(ctx, project)
	if err != nil {
		return mesh.AuditEvent{}, false, err
	}
	for _, ch := range log.writes {
		if is(ch) {
			return ch.AuditEvent, true, nil
		}
	}
	if !log.reached.IsZero() {
		return mesh.AuditEvent{}, false, &AuditTruncatedError{Project: project, Reached: log.reached}
	}
	return mesh.AuditEvent{}, false, nil
}

// AuditTruncatedError says that a project's audit log holds more than is read, and that what was looked for is not in
// the part that was read.
type AuditTruncatedError struct {
	Project string
	Reached time.Time // the oldest entry that was read
}

func (e *AuditTruncatedError) Error() string {
	return fmt.Sprintf("the audit log of project %s holds too many entries: the search ended at %s", e.Project,
		e.Reached.UTC().Format(time.RFC3339))
}

// changes are the audited changes of a project, newest first.
func (c *Client) changes(ctx context.Context, project string) (auditLog, error) {
	log, err := c.audits.get(ctx, project, func(ctx context.Context) (auditLog, error) {
		answer, err := c.auditQueue.ask(ctx, []string{project})
		return answer[project], err
	})
	return log, failed(err, "search the audit log of project "+project, "logging.logEntries.list")
}

// auditFilter finds what removes or restores a prerequisite, and more: an entry may match on another role of the agent,
// and the field that an update of a cluster changes is known only after reading the entry.
func auditFilter(since time.Time) string {
	return strings.Join([]string{
		`log_id("cloudaudit.googleapis.com/activity")`,
		`timestamp>="` + since.UTC().Format(time.RFC3339) + `"`,
		`((protoPayload.methodName="SetIamPolicy" AND ` +
			`(protoPayload.serviceData.policyDelta.bindingDeltas.member:"gcp-sa-servicemesh.iam.gserviceaccount.com" OR ` +
			`protoPayload.serviceData.policyDelta.bindingDeltas.member:"gcp-sa-gkehub.iam.gserviceaccount.com"))` +
			` OR protoPayload.methodName=~"ServiceUsage[.](DisableService|EnableService|BatchEnableServices)$"` +
			` OR protoPayload.methodName=~"ClusterManager[.]UpdateCluster$"` +
			` OR protoPayload.methodName=~"GkeHub[.]Update(Membership|Feature)$"` +
			` OR protoPayload.methodName=~"GkeHub[.](Create|Delete)Feature$"` +
			` OR protoPayload.methodName=~"[.](Update|Delete)MembershipFeature$")`,
	}, "\nAND ")
}

// auditPayload is the part of an AuditLog that says who did what.
type auditPayload struct {
	MethodName   string `json:"methodName"`
	ResourceName string `json:"resourceName"`
	Status       struct {
		Code int `json:"code"`
	} `json:"status"`
	AuthenticationInfo struct {
		PrincipalEmail   string `json:"principalEmail"`
		PrincipalSubject string `json:"principalSubject"`
		Delegation       []struct {
			PrincipalSubject    string `json:"principalSubject"`
			FirstPartyPrincipal struct {
				PrincipalEmail string `json:"principalEmail"`
			} `json:"firstPartyPrincipal"`
		} `json:"serviceAccountDelegationInfo"`
	} `json:"authenticationInfo"`
	RequestMetadata struct {
		UserAgent         string `json:"callerSuppliedUserAgent"`
		RequestAttributes struct {
			Reason string `json:"reason"`
		} `json:"requestAttributes"`
	} `json:"requestMetadata"`
	Request struct {
		Name       string   `json:"name"`
		ServiceIDs []string `json:"serviceIds"`
		Update     struct {
			Pool *struct{} `json:"desiredWorkloadIdentityConfig"`
		} `json:"update"`
		UpdateMask json.RawMessage `json:"updateMask"` // a string, or an object with paths
		Resource   json.RawMessage `json:"resource"`   // of GKE Hub an object, of others a name
	} `json:"request"`
	ServiceData struct {
		PolicyDelta struct {
			BindingDeltas []struct {
				Action    string          `json:"action"`
				Role      string          `json:"role"`
				Member    string          `json:"member"`
				Condition json.RawMessage `json:"condition"`
			} `json:"bindingDeltas"`
		} `json:"policyDelta"`
	} `json:"serviceData"`
}

// fetchChanges reads the audited changes of several projects by one search, newest first.
func (c *Client) fetchChanges(ctx context.Context, projects []string) (map[string]auditLog, error) {
	request := &logging.ListLogEntriesRequest{
		Filter:   auditFilter(c.clock.Now().Add(-auditWindow)),
		OrderBy:  "timestamp desc",
		PageSize: 1000,
	}
	asked := map[string]string{} // by project id
	for _, p := range projects {
		request.ResourceNames = append(request.ResourceNames, "projects/"+p)
		id := p
		if len(projects) > 1 {
			if resolved, err := c.ProjectID(ctx, p); err == nil {
				id = resolved
			}
		}
		asked[id] = p
	}
	changes := map[string]auditLog{}
	oldest := c.clock.Now()
	for page := range maxAuditPages {
		if err := c.auditQuota.Wait(ctx); err != nil {
			return nil, err
		}
		answer, err := c.logging.Entries.List(request).Context(chargedTo(ctx, projects[0])).Do()
		if err != nil {
			return nil, err
		}
		for _, entry := range answer.Entries {
			ch, project, ok := readChange(entry)
			if !ok {
				continue
			}
			if len(projects) == 1 {
				project = projects[0]
			} else if project = asked[project]; project == "" {
				continue
			}
			log := changes[project]
			log.writes = append(log.writes, ch)
			changes[project] = log
		}
		// A page may be empty while the search goes on.
		if request.PageToken = answer.NextPageToken; request.PageToken == "" {
			break
		}
		if n := len(answer.Entries); n > 0 {
			if at, err := time.Parse(time.RFC3339, answer.Entries[n-1].Timestamp); err == nil {
				oldest = at
			}
		}
		if page == maxAuditPages-1 {
			for _, p := range projects {
				changes[p] = auditLog{changes[p].writes, oldest}
			}
		}
	}
	return changes, nil
}

func readChange(entry *logging.LogEntry) (ch auditedWrite, projectID string, ok bool) {
	var p auditPayload
	if json.Unmarshal(entry.ProtoPayload, &p) != nil || p.Status.Code != 0 {
		return auditedWrite{}, "", false // a failed attempt changed nothing
	}
	at, err := time.Parse(time.RFC3339, entry.Timestamp)
	if err != nil {
		return auditedWrite{}, "", false
	}
	auth := p.AuthenticationInfo
	ch.AuditEvent = mesh.AuditEvent{
		Time:      at,
		Principal: auth.PrincipalEmail,
		UserAgent: p.RequestMetadata.UserAgent,
		Reason:    p.RequestMetadata.RequestAttributes.Reason,
		Method:    p.MethodName,
	}
	if ch.Principal == "" {
		ch.Principal = auth.PrincipalSubject
	}
	if n := len(auth.Delegation); n > 0 {
		ch.Through = auth.Delegation[n-1].FirstPartyPrincipal.PrincipalEmail
		if ch.Through == "" {
			ch.Through = auth.Delegation[n-1].PrincipalSubject
		}
	}
	if ch.Principal == "" && ch.UserAgent == "" {
		return auditedWrite{}, "", false // the last entry of an operation may leave out who started it
	}
	for _, d := range p.ServiceData.PolicyDelta.BindingDeltas {
		switch {
		case len(d.Condition) > 0:
		case d.Action == "REMOVE":
			ch.revoked = append(ch.revoked, grant{d.Role, d.Member})
		case d.Action == "ADD":
			ch.granted = append(ch.granted, grant{d.Role, d.Member})
		}
	}
	name := cmp.Or(p.Request.Name, p.ResourceName)
	service := name[strings.LastIndex(name, "/")+1:]
	switch {
	case strings.HasSuffix(p.MethodName, "ServiceUsage.DisableService"):
		ch.disabled = service
	case strings.HasSuffix(p.MethodName, "ServiceUsage.EnableService"):
		ch.enabled = []string{service}
	case strings.HasSuffix(p.MethodName, "ServiceUsage.BatchEnableServices"):
		ch.enabled = p.Request.ServiceIDs
	}
	ch.setsPool = p.Request.Update.Pool != nil
	ch.readHub(p)
	var labels map[string]string
	if entry.Resource != nil {
		labels = entry.Resource.Labels
	}
	ch.cluster = labels["location"] + "/" + labels["cluster_name"]
	return ch, labels["project_id"], true
}

// readHub reads an update of GKE Hub. The names of the v2 methods are inferred from those of v1.
func (ch *auditedWrite) readHub(p auditPayload) {
	name, _, ofFeature := strings.Cut(p.ResourceName, "/features/")
	member := func(name string) string {
		m, err := mesh.ParseMembership(name)
		if err != nil {
			return ""
		}
		return m.Location + "/" + m.Name
	}
	switch {
	case strings.HasSuffix(p.ResourceName, "/features/"+mesh.FeatureID) && strings.HasSuffix(p.MethodName, "GkeHub.DeleteFeature"):
		ch.feature = featureDeleted
	case strings.HasSuffix(p.ResourceName, "/features/"+mesh.FeatureID) && strings.HasSuffix(p.MethodName, "GkeHub.CreateFeature"):
		ch.feature = featureCreated
	case strings.HasSuffix(p.MethodName, "GkeHub.UpdateMembership"):
		if strings.Contains(string(p.Request.UpdateMask), "authority") {
			ch.identity = member(name)
		}
	case strings.HasSuffix(p.MethodName, "GkeHub.UpdateFeature"):
		var feature struct {
			MembershipSpecs map[string]json.RawMessage `json:"membershipSpecs"`
		}
		if json.Unmarshal(p.Request.Resource, &feature) != nil {
			return
		}
		for spec := range feature.MembershipSpecs {
			ch.meshes = append(ch.meshes, member(spec))
		}
	case ofFeature && strings.HasSuffix(p.MethodName, "MembershipFeature"):
		ch.meshes = append(ch.meshes, member(name))
	}
}
