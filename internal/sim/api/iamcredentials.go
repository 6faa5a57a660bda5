package api

import (
	"strings"
	"time"

	"google.golang.org/api/iamcredentials/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

var iamCredentialsRoutes = []route{
	read("POST", "v1/projects/{project}/serviceAccounts/{account}:generateAccessToken", iamcredentials.GenerateAccessTokenResponse{},
		generateAccessToken),
}

const (
	defaultTokenLifetime = time.Hour
	maxTokenLifetime     = time.Hour // 12 h by organisation policy, which is not simulated
)

// generateAccessToken mints a token for a service account: same shape as
// every token of this world, with the caller as the delegate.
func generateAccessToken(c *call) (any, *wire.Error) {
	var req struct {
		Delegates []string `json:"delegates"`
		Scope     []string `json:"scope"`
		Lifetime  string   `json:"lifetime"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	if len(req.Scope) == 0 {
		return nil, wire.Invalid("scope is required")
	}
	lifetime := defaultTokenLifetime
	if req.Lifetime != "" {
		d, err := time.ParseDuration(req.Lifetime)
		if err != nil || d <= 0 || d > maxTokenLifetime || !strings.HasSuffix(req.Lifetime, "s") {
			return nil, wire.Invalid("lifetime must be between 0s and 3600s")
		}
		lifetime = d
	}
	const permission = "iam.serviceAccounts.getAccessToken"
	email := strings.ToLower(c.params["account"])
	_, domain, _ := strings.Cut(email, "@")
	p := c.w.Project(strings.TrimSuffix(domain, ".iam.gserviceaccount.com"))
	refuse := wire.Denied("Permission '%s' denied on resource (or it may not exist).", permission).
		WithInfo("IAM_PERMISSION_DENIED", "iam.googleapis.com", map[string]string{"permission": permission})
	if p == nil || p.Deleted() || !c.w.AccountExists(email) {
		return nil, refuse
	}
	if err := c.checkConsumer(p.ProjectID); err != nil {
		return nil, err
	}
	// The binding is looked for on the account's project; policies of single service accounts are not simulated.
	if !c.w.Allowed(p, c.who.Email, permission) {
		return nil, refuse
	}
	return struct {
		AccessToken string         `json:"accessToken"`
		ExpireTime  wire.Timestamp `json:"expireTime"`
	}{TokenPrefix + email + "~" + c.who.Email, wire.At(c.now.Add(lifetime).Truncate(time.Second))}, nil
}
