package catalogue

// LogSignatures are the two log lines by which Google's page's last section knows that managed mesh cannot reach its
// cluster: the type of the resource that logs it, a filter of Cloud Logging for the rest, and the finding of each.
var LogSignatures = []struct {
	Code     Code
	Resource string
	Filter   string
}{
	{LogGatewayDisabled, "istio_control_plane", `severity=ERROR AND jsonPayload.message=~"Connect Gateway API has not been used in project"`},
	{LogWebhookFailed, "k8s_cluster", `severity=WARNING AND jsonPayload.message=~"Internal error occurred: failed calling webhook"`},
}
