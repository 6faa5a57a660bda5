package journal

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// letters are Crockford's base 32: no letter that is taken for a digit, none
// that makes words. Source: crockford.com/base32.html.
const letters = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID names a run: 20261122-145012-k7q2m9xw. Names sort by time, to a
// millisecond, and two of one millisecond differ by chance (30 bits).
func NewID(now time.Time) string {
	now = now.UTC()
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand
	fraction := now.Nanosecond() * 1024 / 1e9
	b := []byte{letters[fraction>>5], letters[fraction&31]}
	for _, r := range random {
		b = append(b, letters[r&31])
	}
	return now.Format("20060102-150405-") + string(b)
}

var idForm = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-hjkmnp-tv-z]{8}$`)

var misread = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// ParseID reads the name of a run as a person types it: in capitals, or with
// the letters O, I and L for the digits that they look like.
func ParseID(typed string) (string, error) {
	id := misread.Replace(strings.ToLower(strings.TrimSpace(typed)))
	if !idForm.MatchString(id) {
		return "", fmt.Errorf("%.60q is not the name of a run: one looks like 20261122-145012-k7q2m9xw", typed)
	}
	return id, nil
}
