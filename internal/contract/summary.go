package contract

import (
	"fmt"
	"regexp"
)

var index = regexp.MustCompile(`\[\d+\]`)

// Summarize returns a line for each kind of problem: those of one method with the same message, at the same
// place but for the index in an array, are one kind; the line shows the first of them.
func Summarize(problems []Problem) []string {
	type kind struct {
		document, method string
		part             Part
		path, message    string
	}
	var order []kind
	first := make(map[kind]Problem)
	count := make(map[kind]int)
	for _, p := range problems {
		k := kind{p.Document, p.Method, p.Part, index.ReplaceAllString(p.Path, "[]"), p.Message}
		if count[k]++; count[k] == 1 {
			order = append(order, k)
			first[k] = p
		}
	}
	lines := make([]string, len(order))
	for i, k := range order {
		lines[i] = first[k].String()
		if n := count[k]; n > 1 {
			lines[i] += fmt.Sprintf(" (and %d more)", n-1)
		}
	}
	return lines
}
