package lang

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest is the end of a message about an unknown name: it suggests the name that was
// probably meant, or else lists all names if they are few.
func Suggest(given string, known []string) string {
	if near := nearest(given, known); near != "" {
		return `; did you mean "` + near + `"?`
	}
	if len(known) == 0 {
		return "; none are defined."
	}
	if len(known) > 8 {
		return "."
	}
	return "; there is " + list(known, "and") + "."
}

// nearest is the name that is at most a third of its letters away, or of which one contains the other.
func nearest(given string, known []string) string {
	given, best, least := strings.ToLower(given), "", 0
	// A name that long is not a typing mistake, and comparing takes quadratic time.
	if len(given) > 64 {
		return ""
	}
	for _, name := range known {
		d := levenshtein.Distance(given, strings.ToLower(name), nil)
		if d <= max(2, len(name)/3) && d < len(given) && (best == "" || d < least) {
			best, least = name, d
		}
	}
	if best == "" && len(given) >= 4 {
		for _, name := range known {
			if strings.Contains(strings.ToLower(name), given) || len(name) >= 4 && strings.Contains(given, strings.ToLower(name)) {
				return name
			}
		}
	}
	return best
}

// list reads `"a", "b" and "c"`.
func list(names []string, last string) string {
	text := ""
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			text += " " + last + " "
		default:
			text += ", "
		}
		text += `"` + name + `"`
	}
	return text
}
