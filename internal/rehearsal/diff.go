package rehearsal

import (
	"regexp"
	"slices"
	"strings"
)

// matchesPattern reports whether a text matches a pattern, in which * is any text.
func matchesPattern(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(text)
}

// inOrder compares lists line by line: lines that are missing are marked -, lines that are not expected +.
func inOrder(want, got []string) (diff []string, same bool) {
	// longest[i][j] is how many of want[i:] and got[j:] can be paired in their order.
	longest := make([][]int, len(want)+1)
	for i := range longest {
		longest[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if matchesPattern(want[i], got[j]) {
				longest[i][j] = max(longest[i][j], longest[i+1][j+1]+1)
			}
		}
	}
	same = true
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && matchesPattern(want[i], got[j]) && longest[i][j] == longest[i+1][j+1]+1:
			diff = append(diff, "  "+got[j])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && longest[i+1][j] >= longest[i][j+1]:
			diff, same = append(diff, "- "+want[i]), false
			i++
		default:
			diff, same = append(diff, "+ "+got[j]), false
			j++
		}
	}
	return diff, same
}

// inAnyOrder is inOrder for sets: a pattern may match several elements.
func inAnyOrder(want, got []string) (diff []string, same bool) {
	same = true
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return matchesPattern(w, g) }) {
			diff, same = append(diff, "- "+w), false
		}
	}
	for _, g := range got {
		if slices.ContainsFunc(want, func(w string) bool { return matchesPattern(w, g) }) {
			diff = append(diff, "  "+g)
			continue
		}
		diff, same = append(diff, "+ "+g), false
	}
	return diff, same
}
