package mesh

// LogSignatures are the two log lines by which the seed's last section knows that managed mesh
// cannot reach its cluster, as Cloud Logging filters, and the finding of each.
var LogSignatures = []struct {
	Code   Code
	Filter string
}{
	{LogGatewayDisabled, `resource.type="istio_control_plane" AND severity=ERROR AND jsonPayload.message=~"Connect Gateway API has not been used in project"`},
	{LogWebhookFailed, `resource.type="k8s_cluster" AND severity=WARNING AND jsonPayload.message=~"Internal error occurred: failed calling webhook"`},
}
