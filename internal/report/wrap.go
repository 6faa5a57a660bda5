package report

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Wrap breaks text between words so that no line is wider than columns; 0 does not break. A word is never broken: names
// and commands are there to be copied, and ansi.Wordwrap breaks them at hyphens.
func Wrap(text string, columns int) []string {
	if columns <= 0 {
		return []string{text}
	}
	var lines []string
	line, at := "", 0
	for _, word := range strings.SplitAfter(text, " ") {
		if at > 0 && at+ansi.StringWidth(strings.TrimRight(word, " ")) > columns {
			lines = append(lines, strings.TrimRight(line, " "))
			line, at = "", 0
		}
		if at > 0 || len(lines) == 0 || word != " " {
			line, at = line+word, at+ansi.StringWidth(word)
		}
	}
	return append(lines, line)
}
