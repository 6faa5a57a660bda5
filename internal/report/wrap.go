package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// wrap breaks text between words so that no line is wider than columns; 0 does
// not break. A word is never broken: names and commands are there to be copied.
func wrap(text string, columns int) []string {
	if columns <= 0 {
		return []string{text}
	}
	var lines []string
	var line strings.Builder
	at := 0
	for _, word := range strings.SplitAfter(text, " ") {
		w := columnsOf(strings.TrimRight(word, " "))
		if at > 0 && at+w > columns {
			lines = append(lines, strings.TrimRight(line.String(), " "))
			line.Reset()
			at = 0
		}
		if at == 0 && len(lines) > 0 && w == 0 {
			continue
		}
		line.WriteString(word)
		at += columnsOf(word)
	}
	return append(lines, line.String())
}

// columnsOf is how many columns of a terminal s takes (Unicode TR 11). Our
// colours take none; other control characters do not come this far.
func columnsOf(s string) int {
	n := 0
	color := false
	for _, r := range s {
		switch {
		case color:
			color = r != 'm'
		case r == '\x1b':
			color = true
		case r < 0x300:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		default:
			n++
			if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
				n++
			}
		}
	}
	return n
}
