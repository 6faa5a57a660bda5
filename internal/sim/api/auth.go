package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// TokenPrefix begins every access token of the simulated world: the rest is
// the principal's email and, after a "~", who impersonated it.
const TokenPrefix = "sim-token."

// AccessToken is the access token of a principal, which is its email.
func AccessToken(email string) string { return TokenPrefix + email }

// principalOf reads who a token belongs to.
func principalOf(token string) (email, delegate string, ok bool) {
	rest, ok := strings.CutPrefix(token, TokenPrefix)
	if !ok {
		return "", "", false
	}
	email, delegate, _ = strings.Cut(rest, "~")
	email = strings.ToLower(email)
	if _, err := mail.ParseAddress(email); err != nil {
		return "", "", false
	}
	return email, strings.ToLower(delegate), true
}

// bearer is the access token of a request, from its header or its query.
func bearer(r *http.Request) string {
	if h := r.Header.Get("Authorization"); h != "" {
		kind, token, _ := strings.Cut(h, " ")
		if strings.EqualFold(kind, "Bearer") {
			return strings.TrimSpace(token)
		}
		return h
	}
	q := r.URL.Query()
	if t := q.Get("access_token"); t != "" {
		return t
	}
	return q.Get("oauth_token")
}

// authenticate finds the caller. Without a token, or with one that is not of this world, the answer is 401 (documented).
func authenticate(r *http.Request) (world.Actor, *wire.Error) {
	token := bearer(r)
	email, delegate, ok := principalOf(token)
	if ok {
		return world.Actor{Email: email, Delegate: delegate, UserAgent: r.UserAgent(), Reason: r.Header.Get("X-Goog-Request-Reason")}, nil
	}
	reason := "ACCESS_TOKEN_TYPE_UNSUPPORTED"
	if token == "" {
		reason = "CREDENTIALS_MISSING"
	}
	e := wire.NewError(wire.StatusUnauthenticated,
		"Request had invalid authentication credentials. Expected OAuth 2 access token, "+
			"login cookie or other valid authentication credential. "+
			"See https://developers.google.com/identity/sign-in/web/devconsole-project.")
	return world.Actor{}, e.WithInfo(reason, "googleapis.com", nil)
}

// The OAuth 2.0 token endpoint, so that a service account's key file and an
// authorized_user file work as they do with Google.

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope,omitempty"`
}

type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// ServeToken answers POST https://oauth2.googleapis.com/token. The assertion of a key file is believed without its
// signature: the world has no keys. A refresh token of this world is the principal's access token.
func ServeToken(r *http.Request, body []byte) Reply {
	if r.Method != http.MethodPost || r.URL.Path != "/token" {
		return notFoundPage(r.URL.Path)
	}
	form, err := parseForm(r, body)
	if err != nil {
		return JSON(http.StatusBadRequest, tokenError{"invalid_request", err.Error()})
	}
	email := ""
	switch form.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		email = assertionIssuer(form.Get("assertion"))
	case "refresh_token":
		email, _, _ = principalOf(form.Get("refresh_token"))
	default:
		return JSON(http.StatusBadRequest, tokenError{"unsupported_grant_type", "Invalid grant_type: " + form.Get("grant_type")})
	}
	token := AccessToken(email)
	if _, _, ok := principalOf(token); !ok {
		return JSON(http.StatusBadRequest, tokenError{"invalid_grant", "Invalid JWT or refresh token: it names no principal of this world."})
	}
	return JSON(http.StatusOK, tokenAnswer{AccessToken: token, ExpiresIn: int(time.Hour.Seconds()) - 1, TokenType: "Bearer"})
}

// assertionIssuer is the iss claim of a JWT.
func assertionIssuer(jwt string) string {
	part := strings.Split(jwt, ".")
	if len(part) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part[1], "="))
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Issuer
}
