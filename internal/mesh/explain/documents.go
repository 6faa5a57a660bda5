package explain

import (
	"encoding/json"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// document is a part of a text that is YAML or JSON and holds something that this package can read.
type document struct {
	tree any // maps, lists, strings, numbers and booleans, as encoding/json has them
	raw  string
}

const (
	mostDocument = 2 << 20 // bytes of one document; a larger one is read as text
	mostFailures = 50      // beginnings of JSON that turn out not to be JSON, before it gives up
)

// documents takes the documents out of a text. rest is what is left, in its order.
func documents(raw string) (found []document, rest string) {
	raw = unquoted(raw)
	found, rest = jsonDocuments(raw)
	more, rest := yamlDocuments(rest)
	return append(found, more...), rest
}

// jsonDocuments takes out JSON that begins a line.
func jsonDocuments(raw string) (found []document, rest string) {
	var b strings.Builder
	failures, begins := 0, true
	for i := 0; i < len(raw); {
		c := raw[i]
		if !begins || c != '{' && c != '[' || failures == mostFailures {
			begins = c == '\n' || begins && (c == ' ' || c == '\t')
			b.WriteByte(c)
			i++
			continue
		}
		begins = false
		d := json.NewDecoder(strings.NewReader(raw[i:min(len(raw), i+mostDocument)]))
		var tree any
		if err := d.Decode(&tree); err != nil {
			failures++
			continue
		}
		end := i + int(d.InputOffset())
		if readable(tree, 0) {
			found = append(found, document{tree, raw[i:end]})
		} else {
			b.WriteString(raw[i:end])
		}
		i = end
	}
	return found, b.String()
}

var (
	yamlLine = regexp.MustCompile(`^\s*(?:- ?)*(?:["']?[A-Za-z][\w./ -]*["']?|["'][^"']+["']|\{[^}]*\}):(?:\s|$)|^\s*-\s|^\s*$|^---`)
	logLine  = regexp.MustCompile(`^(?:ERROR|WARNING|INFO|Error|Warning)\b|^[IWEF]\d{4} `)
)

// yamlDocuments takes out runs of lines that are YAML. A line that is indented more than the one before continues it.
func yamlDocuments(raw string) (found []document, rest string) {
	var b strings.Builder
	var block []string
	flush := func() {
		text := strings.Join(block, "")
		block = nil
		for _, part := range splitYAML(text) {
			if tree, ok := parseYAML(part); ok && readable(tree, 0) {
				found = append(found, document{tree, part})
				continue
			}
			b.WriteString(part)
		}
	}
	deep := 0
	for _, line := range strings.SplitAfter(raw, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case strings.Trim(line, " .\r\n") == "" && strings.Contains(line, "..."): // something was left out
			continue
		case yamlLine.MatchString(line) && !logLine.MatchString(line), len(block) > 0 && indent > 0 && indent >= deep:
			block = append(block, line)
		default:
			flush()
			b.WriteString(line)
		}
		deep = indent
	}
	flush()
	return found, b.String()
}

// splitYAML splits a text at the marks that separate YAML documents.
func splitYAML(text string) []string { return yamlMark.Split(text, -1) }

var yamlMark = regexp.MustCompile(`(?m)^---.*\n`)

// parseYAML parses YAML that may be an excerpt: indented as a whole, with the first line's indentation lost, or cut off
// at its end.
func parseYAML(text string) (tree any, ok bool) {
	if !strings.Contains(text, ":") || len(text) > mostDocument {
		return nil, false
	}
	lines := strings.Split(strings.TrimRight(text, " \t\r\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	const most = 3 // lines that may be dropped at the end
	for dropped := 0; dropped <= most && dropped < len(lines); dropped++ {
		kept := lines[:len(lines)-dropped]
		for _, candidate := range []string{strings.Join(kept, "\n"), strings.Join(reindented(kept), "\n"),
			"{" + strings.TrimRight(strings.Join(kept, "\n"), ", \n") + "}"} {
			tree = nil
			if yaml.Unmarshal([]byte(strings.ReplaceAll(candidate, "\t", "  ")), &tree) == nil {
				if _, text := tree.(string); tree != nil && !text {
					return tree, true
				}
			}
		}
	}
	return nil, false
}

// reindented gives the first line the smallest indentation of the others: selecting text on a screen often loses it.
func reindented(lines []string) []string {
	least := -1
	for _, line := range lines[1:] {
		if indent := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" && (least < 0 || indent < least) {
			least = indent
		}
	}
	if least <= 0 {
		return lines
	}
	return append([]string{strings.Repeat(" ", least) + strings.TrimLeft(lines[0], " ")}, lines[1:]...)
}

// unquoted takes away a mark that every line of a text begins with: that of a quoted mail or of Terraform's frame.
func unquoted(raw string) string {
	lines := strings.Split(raw, "\n")
	for _, mark := range []string{">", "│", "|"} {
		marked := 0
		for _, line := range lines {
			if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed == "╷" || trimmed == "╵" || strings.HasPrefix(trimmed, mark) {
				marked++
			}
		}
		if marked < len(lines) || strings.TrimSpace(raw) == "" {
			continue
		}
		for i, line := range lines {
			line = strings.TrimPrefix(strings.TrimLeft(line, " "), mark)
			lines[i] = strings.TrimSuffix(strings.TrimPrefix(line, " "), "\r")
		}
		return strings.Join(lines, "\n")
	}
	return raw
}

// readable reports whether a tree holds something that this package reads by its structure.
func readable(tree any, depth int) bool {
	const deepest, most = 5, 200
	switch v := tree.(type) {
	case map[string]any:
		if isFleet(v) || isObject(v) || isLogEntry(v) || isHubMembership(v) {
			return true
		}
		for _, child := range v {
			if depth < deepest && readable(child, depth+1) {
				return true
			}
		}
	case []any:
		for i, child := range v {
			if i < most && depth < deepest && readable(child, depth+1) {
				return true
			}
		}
	}
	return false
}

// field follows keys into a tree; nil where one is missing.
func field(tree any, keys ...string) any {
	for _, key := range keys {
		m, _ := tree.(map[string]any)
		tree = m[key]
	}
	return tree
}

// stringAt is the string at the end of keys, or "".
func stringAt(tree any, keys ...string) string {
	s, _ := field(tree, keys...).(string)
	return s
}

// listAt is the list at the end of keys, or nil.
func listAt(tree any, keys ...string) []any {
	l, _ := field(tree, keys...).([]any)
	return l
}
