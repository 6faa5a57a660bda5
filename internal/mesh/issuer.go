package mesh

import (
	"fmt"
	"net/url"
	"strings"
)

const gkeIssuer = "https://container.googleapis.com/v1/"

// Issuer is the URL that signs the tokens of a GKE cluster's workloads (GKE Hub
// API, Authority.issuer; gcloud writes it so when it registers a cluster).
func Issuer(c Cluster) string { return gkeIssuer + c.String() }

// IssuedBy is the GKE cluster whose issuer this is.
func IssuedBy(issuer string) (c Cluster, found bool) {
	name, found := strings.CutPrefix(issuer, gkeIssuer)
	if !found {
		return Cluster{}, false
	}
	c, err := ParseCluster(name)
	return c, err == nil
}

// CheckIssuer returns an error for an invalid issuer. The rules are those of the GKE Hub API: an https URL under 2,000
// characters, and locations/ rather than zones/ for a GKE cluster.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "" || len(issuer) >= 2000:
		return fmt.Errorf("%q is not an issuer; it is an https:// URL of fewer than 2,000 characters, for a GKE cluster "+
			"%sprojects/PROJECT/locations/LOCATION/clusters/CLUSTER", issuer, gkeIssuer)
	case strings.HasPrefix(issuer, gkeIssuer) && strings.Contains(issuer, "/zones/"):
		return fmt.Errorf("%q: an issuer is written with locations/, not zones/", issuer)
	}
	return nil
}
