package main

import "strings"

func whole(out string) (lines []string) {
	for line := range strings.Lines(out) {
		lines = append(lines, strings.TrimRight(line, "\n"))
	}
	return lines
}

func quiet(string) []string { return nil }

func only(parts ...string) func(string) []string {
	return func(out string) (lines []string) {
		for line := range strings.Lines(out) {
			for _, p := range parts {
				if strings.Contains(line, p) {
					lines = append(lines, strings.TrimRight(line, "\n"))
					break
				}
			}
		}
		return lines
	}
}

// drift shows the changed attributes, the count, and each warning whole.
func drift(out string) (lines []string) {
	inWarning := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if strings.Contains(line, "Warning: Drift") {
			inWarning = true
			lines = append(lines, "")
		}
		if inWarning || strings.Contains(line, " -> ") || strings.Contains(line, "will be updated in-place") ||
			strings.Contains(line, "workload_pool ") ||
			strings.HasPrefix(line, "Plan:") {
			lines = append(lines, line)
		}
	}
	return lines
}
