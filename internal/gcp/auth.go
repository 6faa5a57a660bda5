package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/iamcredentials/v1"
	"google.golang.org/api/option"
)

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// FindDefault finds Application Default Credentials.
type FindDefault func(ctx context.Context, scopes ...string) (*google.Credentials, error)

// ErrNoCredentials is returned, wrapped, when nothing was configured and there
// are no Application Default Credentials either.
var ErrNoCredentials = errors.New(
	"no Google Cloud credentials: set GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_CREDENTIALS or GOOGLE_APPLICATION_CREDENTIALS, or run " +
		"`gcloud auth application-default login`",
)

// CredentialsError is returned, wrapped, when the configured credentials cannot
// be used as they stand. It never repeats their contents.
type CredentialsError struct{ Problem string }

func (e *CredentialsError) Error() string { return e.Problem }

// authenticated returns an HTTP client that carries this configuration's identity, headers, retries and request log.
func (c *Client) authenticated(ctx context.Context) (*http.Client, error) {
	plain := &transport{client: c, base: newBaseTransport(), timeout: tokenTimeout}
	// Token requests go through the same pool, retries and log, without a token.
	tokens := context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Transport: plain})
	source, quotaProject, err := c.tokenSource(tokens)
	if err != nil {
		return nil, err
	}
	if c.config.Impersonate != "" {
		caller := &http.Client{Transport: &transport{
			client: c, base: plain.base, tokens: &sharedTokens{source: source}, quotaProject: quotaProject, timeout: tokenTimeout,
		}}
		if source, err = c.impersonated(tokens, caller); err != nil {
			return nil, err
		}
		// The project of a user's credentials pays for that user's requests only. The service account need not have access to it.
		quotaProject = os.Getenv("GOOGLE_CLOUD_QUOTA_PROJECT")
	}
	c.tokens, c.quotaProject = source, quotaProject
	authenticated := &transport{client: c, base: plain.base, tokens: &sharedTokens{source: source}, quotaProject: quotaProject}
	return &http.Client{Transport: authenticated}, nil
}

func (c *Client) scopes() []string {
	if len(c.config.Scopes) > 0 {
		return c.config.Scopes
	}
	return []string{cloudPlatform}
}

func (c *Client) tokenSource(ctx context.Context) (source oauth2.TokenSource, quotaProject string, err error) {
	switch {
	case c.config.AccessToken != "":
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: c.config.AccessToken}), "", nil
	case c.config.Credentials != "":
		creds, err := readCredentials(ctx, c.config.Credentials, cmp.Or(c.config.variable, "credentials"), c.scopes())
		if err != nil {
			return nil, "", err
		}
		return creds.TokenSource, quotaProjectOf(creds), nil
	}
	find := c.config.FindDefault
	if find == nil {
		find = google.FindDefaultCredentials
	}
	creds, err := find(ctx, c.scopes()...)
	if err != nil {
		if path := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); path != "" {
			return nil, "", &CredentialsError{fmt.Sprintf("GOOGLE_APPLICATION_CREDENTIALS names %q, which cannot be used: %v", path, err)}
		}
		return nil, "", ErrNoCredentials
	}
	return creds.TokenSource, quotaProjectOf(creds), nil
}

// quotaProjectOf is the project that user credentials charge their requests to;
// without one, Google refuses them on most APIs.
func quotaProjectOf(creds *google.Credentials) string {
	var file struct {
		QuotaProject string `json:"quota_project_id"`
	}
	_ = json.Unmarshal(creds.JSON, &file) // no file, no quota project
	return cmp.Or(os.Getenv("GOOGLE_CLOUD_QUOTA_PROJECT"), file.QuotaProject)
}

var credentialTypes = []google.CredentialsType{
	google.ServiceAccount, google.AuthorizedUser, google.ExternalAccount,
	google.ExternalAccountAuthorizedUser, google.ImpersonatedServiceAccount,
}

// readCredentials takes the contents of a credentials file or a path to one. from is the argument or the environment
// variable that they are the value of.
func readCredentials(ctx context.Context, credentials, from string, scopes []string) (*google.Credentials, error) {
	content := []byte(credentials)
	if !strings.HasPrefix(strings.TrimSpace(credentials), "{") {
		var err error
		if content, err = os.ReadFile(expandHome(credentials)); err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return nil, &CredentialsError{fmt.Sprintf("%s is neither JSON nor a file that can be read%s: %v", from, fileName(credentials), err)}
		}
	}
	var file struct {
		Type google.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, &CredentialsError{fmt.Sprintf("what %s has or names is not valid JSON", from)}
	}
	for _, known := range credentialTypes {
		if file.Type == known {
			creds, err := google.CredentialsFromJSONWithType(ctx, content, known, scopes...)
			if err != nil {
				return nil, &CredentialsError{fmt.Sprintf("%s: the credentials of type %q cannot be used: %v", from, file.Type, err)}
			}
			return creds, nil
		}
	}
	return nil, &CredentialsError{
		fmt.Sprintf(
			"%s: the credentials have type %q; supported are service_account, authorized_user, external_account, "+
				"external_account_authorized_user and impersonated_service_account",
			from, file.Type,
		),
	}
}

// fileName is the name of a file for a message, or "" for what may be a mangled key rather than a name.
func fileName(name string) string {
	looks := len(name) < 300 && (strings.HasSuffix(name, ".json") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "~/") ||
		strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../"))
	if !looks || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return fmt.Sprintf(" (%s)", name)
}

func expandHome(path string) string {
	if rest, found := strings.CutPrefix(path, "~/"); found {
		if home, err := os.UserHomeDir(); err == nil {
			return home + "/" + rest
		}
	}
	return path
}

// impersonated returns tokens of the configured service account, asked for with
// the caller's own (IAM Credentials, serviceAccounts.generateAccessToken).
func (c *Client) impersonated(ctx context.Context, caller *http.Client) (oauth2.TokenSource, error) {
	service, err := iamcredentials.NewService(ctx, option.WithHTTPClient(caller), option.WithEndpoint(c.endpoints.IAMCredentials+"/"))
	if err != nil {
		return nil, fmt.Errorf("cannot set up impersonation: %w", err)
	}
	request := &iamcredentials.GenerateAccessTokenRequest{Scope: c.scopes(), Lifetime: "3600s"}
	for _, d := range c.config.Delegates {
		request.Delegates = append(request.Delegates, "projects/-/serviceAccounts/"+d)
	}
	return oauth2.ReuseTokenSourceWithExpiry(nil, tokenFunc(func() (*oauth2.Token, error) {
		answer, err := service.Projects.ServiceAccounts.GenerateAccessToken("projects/-/serviceAccounts/"+c.config.Impersonate, request).
			Context(ctx).
			Do()
		if err != nil {
			return nil, failed(err, "act as service account "+c.config.Impersonate, "")
		}
		expiry, err := time.Parse(time.RFC3339, answer.ExpireTime)
		if err != nil {
			return nil, fmt.Errorf("the token of %s has no valid expiry: %w", c.config.Impersonate, err)
		}
		return &oauth2.Token{AccessToken: answer.AccessToken, Expiry: expiry}, nil
	}), time.Minute), nil
}

type tokenFunc func() (*oauth2.Token, error)

func (f tokenFunc) Token() (*oauth2.Token, error) { return f() }
