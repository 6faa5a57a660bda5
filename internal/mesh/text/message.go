package text

import (
	"regexp"
	"strings"
)

// Here and in ParseStop the text of a message decides something, because the API
// gives nothing better. Explain reads texts for people; nothing is decided on it.

var revisionsUnhealthy = regexp.MustCompile(`(?i)revision\(?s?\)?\s+reporting\s+unhealthy`)

// IsRevisionsUnhealthy recognises the message that the mesh shows when, most
// often, its service agent lost its role (first section of Google's page).
func IsRevisionsUnhealthy(message string) bool { return revisionsUnhealthy.MatchString(message) }

// IsMissingAgent recognises IAM's refusal to grant a role to an account that does not exist, for the given e-mail
// address. Recorded: 400 INVALID_ARGUMENT "Service account service-NUM@gcp-sa-servicemesh.iam.gserviceaccount.com does
// not exist.", some captures with the address in quotes.
func IsMissingAgent(message, email string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, strings.ToLower(email)) && strings.Contains(message, "does not exist")
}

var busyCluster = []*regexp.Regexp{
	regexp.MustCompile(`(?i)cluster is running incompatible operation`),
	regexp.MustCompile(`(?i)is currently (upgrading|updating|creating|deleting|repairing|operating)`),
	regexp.MustCompile(`(?i)currently being created, deleted, updated or repaired`),
	regexp.MustCompile(`(?i)please wait and try again once it is done`),
}

// IsBusyCluster recognises GKE's refusals to start an operation on a cluster while another runs. All are 400
// FAILED_PRECONDITION; newer ones also carry the reason CLUSTER_ALREADY_HAS_OPERATION, older ones have only the text.
func IsBusyCluster(message string) bool {
	for _, pattern := range busyCluster {
		if pattern.MatchString(message) {
			return true
		}
	}
	return false
}

var apiNotUsed = regexp.MustCompile(`^(.+) has not been used in project (\S+) before or it is disabled\.`)

// DisabledAPI recognises the refusal of an API that is not enabled, for answers that lack the machine-readable reason
// SERVICE_DISABLED. It returns the API's title and the project (a number, or an id as the caller wrote it).
func DisabledAPI(message string) (title, project string, found bool) {
	m := apiNotUsed.FindStringSubmatch(message)
	if m == nil {
		return "", "", false
	}
	return m[1], strings.Trim(m[2], "[]*"), true
}

var overQuota = regexp.MustCompile(`(?i)^quota exceeded for quota metric`)

// IsOverQuota recognises the refusal of a quota per minute in an answer that is neither a 429 nor has a reason.
func IsOverQuota(message string) bool { return overQuota.MatchString(message) }

var activationBusy = regexp.MustCompile(`(?i)another activation or deactivation is in progress`)

// IsActivationBusy recognises Service Usage's refusal to enable an API while it
// is at work on the same project; trying again later succeeds.
func IsActivationBusy(message string) bool { return activationBusy.MatchString(message) }

var fleetBusy = regexp.MustCompile(`(?i)\boperations?\b.*\b(in progress|running|pending)\b|unable to queue the operation`)

// IsFleetBusy recognises GKE Hub's refusal of a change while it is at work on the same resource, where its status is not
// ABORTED. "unable to queue the operation" is recorded with a 409; that a 400 FAILED_PRECONDITION speaks of an operation
// in progress, as those of GKE do, is inferred.
func IsFleetBusy(message string) bool { return fleetBusy.MatchString(message) }
