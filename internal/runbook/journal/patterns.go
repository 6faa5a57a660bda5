package journal

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// secretForms are what credentials look like that nobody told of. Sources:
// Google's access tokens begin with ya29., its API keys with AIza and are 39 characters long, refresh tokens begin with
// 1//0 and client secrets with GOCSPX- (GitHub's and Google's lists of secret scanning patterns); JWT is RFC 7519;
// sim-token. is the simulator's. The tokens of other services are as the rules of gitleaks have them
// (github.com/gitleaks/gitleaks, config/gitleaks.toml): AWS, GitHub, GitLab, Slack, Stripe, npm, PyPI, Docker, SendGrid and
// Vault. The user information of a URL is that of RFC 3986, section 3.2.1.
var secretForms = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)` +
		`(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)`), Redacted},
	{regexp.MustCompile(`ya29\.[A-Za-z0-9._~+/=-]+`), Redacted},
	{regexp.MustCompile(`sim-token\.[A-Za-z0-9._~+@=:-]+`), Redacted},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*`), Redacted},
	{regexp.MustCompile(`AIza[A-Za-z0-9_-]{30,}`), Redacted},
	{regexp.MustCompile(`1//0[A-Za-z0-9_-]{20,}`), Redacted},
	{regexp.MustCompile(`GOCSPX-[A-Za-z0-9_-]{10,}`), Redacted},
	{regexp.MustCompile(`\b(?:(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}|` +
		`glpat-[A-Za-z0-9_-]{20,}|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}|(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}|` +
		`npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}|dckr_pat_[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}|` +
		`hv[sb]\.[A-Za-z0-9_-]{24,})`), Redacted},
	{regexp.MustCompile(`hooks\.slack\.com/(services|workflows|triggers)/[A-Za-z0-9/_+-]{20,}`), "hooks.slack.com/${1}/" + Redacted},
	{regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^/?#\s@"'\\<>]+@`), "${1}" + Redacted + "@"},
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/-]{16,}=*`), "${1}${2}" + Redacted},
	// The fields of a kubeconfig, in YAML (at the beginning of a line or in braces) and in JSON (escaped or not).
	{regexp.MustCompile(`(?im)(^[ \t-]*|[{,][ \t]*)(` + credentialKeys + `)([ \t]*:[ \t]+)` +
		`(?:"[^"\n]*"|'[^'\n]*'|[^\s,}"']+)`), "${1}${2}${3}" + Redacted},
	{regexp.MustCompile(`(?i)(\\*")(` + credentialKeys + `)(\\*"\s*:\s*)` +
		`\\*"(?:[^"\\]|\\+[^"\\])*\\*"`), "${1}${2}${3}${1}" + Redacted + "${1}"},
	{regexp.MustCompile(`(?i)\b([a-z0-9_.-]*(?:token|secret|password|passwd|api_?key|access_?key|private_?key))(=)[^=&\s"'\\][^&\s"'\\]{3,}`),
		"${1}${2}" + Redacted},
}

const credentialKeys = `client-key-data|token|id-token|access-token|refresh-token|password|private_key|` +
	`access_token|refresh_token|id_token|client_secret`

func patterns(s string) string {
	for _, p := range secretForms {
		s = p.form.ReplaceAllString(s, p.with)
	}
	return s
}

// secretKey reports whether a key of an object names a credential.
func secretKey(key string) bool {
	switch strings.Map(letter, strings.ToLower(key)) {
	case "clientkeydata", "token", "idtoken", "accesstoken", "refreshtoken", "bearertoken", "password",
		"privatekey", "privatekeydata", "clientsecret", "authorization", "apikey":
		return true
	}
	return false
}

func letter(r rune) rune {
	if r == '-' || r == '_' {
		return -1
	}
	return r
}

// encodedRun is what may be base64, long enough to hide something.
var encodedRun = regexp.MustCompile(`[A-Za-z0-9+/_-]{24,}`)

// decodings are the texts that a run may be the base64 of. What stands before a secret in a URL or a path may be of the
// same alphabet, so it is tried from each of the first four characters.
func decodings(run string) []string {
	var all []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for start := range 4 {
			rest := run[start:]
			if len(rest)%4 == 1 {
				rest = rest[:len(rest)-1]
			}
			if decoded, err := encoding.DecodeString(rest); err == nil {
				all = append(all, string(decoded))
			}
		}
	}
	return all
}
