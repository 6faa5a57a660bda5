package world

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// An Actor is who does something, as an audit entry says it.
type Actor struct {
	Email     string `json:"email"`
	Subject   string `json:"subject,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
	Reason    string `json:"reason,omitempty"`
	// Delegate is who impersonated the principal.
	Delegate string `json:"delegate,omitempty"`
}

// ciActor does what world faults do: a CI job that applies Terraform with the google provider (user agent recorded).
var ciActor = Actor{
	Email: ciEmail,
	UserAgent: "google-api-go-client/0.5 Terraform/1.5.7 (+https://www.terraform.io) " +
		"Terraform-Plugin-SDK/2.36.0 terraform-provider-google/6.38.0",
}

// An AuditRecord is what makes up one activity entry. A running operation keeps it until it ends, so it is part of the
// document.
type AuditRecord struct {
	Project      string            `json:"project"`
	Service      string            `json:"service"`
	Method       string            `json:"method"`
	ResourceName string            `json:"resourceName"`
	ResourceType string            `json:"resourceType"`
	Labels       map[string]string `json:"labels,omitempty"`
	Permission   string            `json:"permission,omitempty"`
	Actor        *Actor            `json:"actor,omitempty"`
	Denied       bool              `json:"denied,omitempty"`
	Code         int               `json:"code,omitempty"`
	Message      string            `json:"message,omitempty"`
	Request      map[string]any    `json:"request,omitempty"`
	Response     map[string]any    `json:"response,omitempty"`
	ServiceData  map[string]any    `json:"serviceData,omitempty"`
	Metadata     map[string]any    `json:"metadata,omitempty"`
	Operation    string            `json:"operation,omitempty"`
	First        bool              `json:"first,omitempty"`
	Last         bool              `json:"last,omitempty"`
	Location     string            `json:"location,omitempty"`
}

// insertID is a log entry's id within its timestamp.
func (w *World) insertID() string {
	return "-" + strconv.FormatInt(w.NextSerial()+0x5f5e100, 36) + "s1m"
}

// AppendAudit writes a record into its project's activity log.
func (w *World) AppendAudit(r *AuditRecord, t time.Time) {
	p := w.Project(r.Project)
	if p == nil {
		return
	}
	p.log(t, w.auditEntry(p, r, t))
}

// auditEntry is the record as a LogEntry (recorded shapes).
func (w *World) auditEntry(p *Project, r *AuditRecord, t time.Time) map[string]any {
	status := map[string]any{}
	severity := "NOTICE"
	if r.Code != 0 {
		status = map[string]any{"code": r.Code, "message": r.Message}
		severity = "ERROR"
	}
	payload := map[string]any{
		"@type":       "type.googleapis.com/google.cloud.audit.AuditLog",
		"serviceName": r.Service, "methodName": r.Method, "resourceName": r.ResourceName, "status": status,
	}
	if r.Actor != nil {
		payload["authenticationInfo"] = r.Actor.authentication()
		payload["requestMetadata"] = r.Actor.metadata(t)
	}
	if r.Permission != "" && !r.Last {
		payload["authorizationInfo"] = []any{r.authorization()}
	}
	optional := map[string]map[string]any{"request": r.Request, "response": r.Response, "serviceData": r.ServiceData, "metadata": r.Metadata}
	for k, v := range optional {
		if len(v) > 0 {
			payload[k] = v
		}
	}
	if r.Location != "" {
		payload["resourceLocation"] = map[string]any{"currentLocations": []string{r.Location}}
	}
	labels := map[string]string{"project_id": p.ProjectID}
	maps.Copy(labels, r.Labels)
	entry := map[string]any{
		"insertId":  w.insertID(),
		"logName":   "projects/" + p.ProjectID + "/logs/cloudaudit.googleapis.com%2Factivity",
		"timestamp": wire.At(t).String(), "receiveTimestamp": wire.At(t.Add(700 * time.Millisecond)).String(),
		"severity": severity, "resource": map[string]any{"type": r.ResourceType, "labels": labels},
		"protoPayload": payload,
	}
	if r.Operation != "" {
		op := map[string]any{"id": r.Operation, "producer": r.Service}
		if r.First {
			op["first"] = true
		}
		if r.Last {
			op["last"] = true
		}
		entry["operation"] = op
	}
	return entry
}

func (a *Actor) authentication() map[string]any {
	out := map[string]any{"principalEmail": a.Email}
	if strings.HasSuffix(a.Email, ".gserviceaccount.com") {
		out["principalSubject"] = "serviceAccount:" + a.Email
	}
	if a.Delegate != "" {
		out["serviceAccountDelegationInfo"] = []any{map[string]any{
			"firstPartyPrincipal": map[string]any{"principalEmail": a.Delegate},
			"principalSubject":    member(a.Delegate),
		}}
	}
	return out
}

func (a *Actor) metadata(t time.Time) map[string]any {
	attributes := map[string]any{"time": wire.At(t).String(), "auth": map[string]any{}}
	if a.Reason != "" {
		attributes["reason"] = a.Reason
	}
	return map[string]any{
		"callerIp": "private", "callerSuppliedUserAgent": a.UserAgent + ",gzip(gfe)",
		"requestAttributes": attributes, "destinationAttributes": map[string]any{},
	}
}

func (r *AuditRecord) authorization() map[string]any {
	info := map[string]any{"permission": r.Permission, "permissionType": "ADMIN_WRITE", "resource": r.ResourceName}
	if !r.Denied {
		info["granted"] = true
	}
	if r.ResourceType == "project" {
		info["resourceAttributes"] = map[string]any{
			"name": r.ResourceName, "service": r.Service, "type": "cloudresourcemanager.googleapis.com/Project",
		}
	}
	return info
}

// NewPolicyRecord is a SetIamPolicy on a project. The request's resource is the
// bare id for v1 and the name for v3 (the latter inferred).
func NewPolicyRecord(p *Project, who Actor, version string, request Policy) *AuditRecord {
	resource := p.ProjectID
	if version == "v3" {
		resource = "projects/" + p.ProjectID
	}
	return &AuditRecord{
		Project: p.ProjectID, Service: wire.HostCRM, Method: "SetIamPolicy",
		ResourceName: "projects/" + p.ProjectID, ResourceType: "project",
		Permission: "resourcemanager.projects.setIamPolicy", Actor: &who,
		Request: map[string]any{"@type": "type.googleapis.com/google.iam.v1.SetIamPolicyRequest", "resource": resource, "policy": request},
	}
}

// SetPolicyChange completes a policy record with what the write changed.
func (r *AuditRecord) SetPolicyChange(before, after Policy) {
	r.Response = map[string]any{"@type": "type.googleapis.com/google.iam.v1.Policy", "bindings": after.Bindings, "etag": after.Etag}
	delta := map[string]any{}
	if d := policyDeltas(before, after); len(d) > 0 {
		delta["bindingDeltas"] = d
	}
	r.ServiceData = map[string]any{"@type": "type.googleapis.com/google.iam.v1.logging.AuditData", "policyDelta": delta}
}

// NewServiceRecord is a change of services.
func NewServiceRecord(p *Project, who Actor, method, permission, resource string, request map[string]any) *AuditRecord {
	full := "google.api.serviceusage.v1.ServiceUsage." + method
	request["@type"] = "type.googleapis.com/google.api.serviceusage.v1." + method + "Request"
	return &AuditRecord{
		Project: p.ProjectID, Service: wire.HostServiceUsage, Method: full, ResourceName: resource,
		ResourceType: "audited_resource", Labels: map[string]string{"service": wire.HostServiceUsage, "method": full},
		Permission: permission, Actor: &who, Request: request,
	}
}

// NewClusterRecord is a change of a cluster or node pool.
func NewClusterRecord(p *Project, c *Cluster, who Actor, method, resource, opType string, request map[string]any) *AuditRecord {
	request["@type"] = "type.googleapis.com/google.container.v1." + method + "Request"
	return &AuditRecord{
		Project: p.ProjectID, Service: wire.HostContainer, Method: "google.container.v1.ClusterManager." + method, ResourceName: resource,
		ResourceType: "gke_cluster", Labels: map[string]string{"location": c.Location, "cluster_name": c.Name},
		Permission: "container.clusters.update", Actor: &who, Request: request,
		Metadata: map[string]any{"operationType": opType}, Location: c.Location,
	}
}

// NewHubRecord is a change in GKE Hub.
func NewHubRecord(p *Project, who Actor, version, method, permission, resource string, request map[string]any) *AuditRecord {
	full := "google.cloud.gkehub." + version + ".GkeHub." + method
	if version == "v2" {
		full = "google.cloud.gkehub.v2.GkeHub." + method // the v2 service name is inferred
	}
	request["@type"] = "type.googleapis.com/google.cloud.gkehub." + version + "." + method + "Request"
	request["name"] = resource
	return &AuditRecord{
		Project: p.ProjectID, Service: wire.HostHub, Method: full, ResourceName: resource,
		ResourceType: "audited_resource", Labels: map[string]string{"service": wire.HostHub, "method": full},
		Permission: permission, Actor: &who, Request: request,
	}
}

// AsOperation returns the first entry of an operation and its last one, which is logged when it ends. The last entry of
// container lacks the caller (recorded).
func (r *AuditRecord) AsOperation(id string) (first, last *AuditRecord) {
	a, b := *r, *r
	a.Operation, a.First = id, true
	b.Operation, b.Last = id, true
	b.Permission = ""
	if r.Service == wire.HostContainer {
		b.Actor, b.Request = nil, nil
	}
	return &a, &b
}
