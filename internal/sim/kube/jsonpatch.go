package kube

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A patchStep is one operation of an RFC 6902 patch.
type patchStep struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// pointer splits a JSON pointer.
func pointer(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("%q is not a JSON pointer", path)
	}
	part := strings.Split(path[1:], "/")
	for i := range part {
		part[i] = pointerEscapes.Replace(part[i])
	}
	return part, nil
}

func (s patchStep) do(doc any) (any, error) {
	path, err := pointer(s.Path)
	if err != nil {
		return nil, err
	}
	switch s.Op {
	case "add", "replace", "remove":
		return edit(doc, path, s.Op, s.Value)
	case "test":
		v, err := find(doc, path)
		if err != nil || !equal(v, s.Value) {
			return nil, fmt.Errorf("testing path %s failed", s.Path)
		}
		return doc, nil
	case "move", "copy":
		from, err := pointer(s.From)
		if err != nil {
			return nil, err
		}
		v, err := find(doc, from)
		if err != nil {
			return nil, err
		}
		if s.Op == "move" {
			if doc, err = edit(doc, from, "remove", nil); err != nil {
				return nil, err
			}
		}
		return edit(doc, path, "add", deepCopy(v))
	}
	return nil, fmt.Errorf("unexpected kind: %s", s.Op)
}

func find(doc any, path []string) (any, error) {
	for _, p := range path {
		switch v := doc.(type) {
		case map[string]any:
			below, ok := v[p]
			if !ok {
				return nil, fmt.Errorf("there is no %q", p)
			}
			doc = below
		case []any:
			i, err := index(p, len(v)-1)
			if err != nil {
				return nil, err
			}
			doc = v[i]
		default:
			return nil, fmt.Errorf("there is no %q", p)
		}
	}
	return doc, nil
}

func index(p string, most int) (int, error) {
	i, err := strconv.Atoi(p)
	if err != nil || i < 0 || i > most {
		return 0, fmt.Errorf("invalid index %q", p)
	}
	return i, nil
}

// edit gives the document back with one place changed.
func edit(doc any, path []string, op string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	p, rest := path[0], path[1:]
	switch v := doc.(type) {
	case map[string]any:
		below, there := v[p]
		if len(rest) > 0 || op != "add" {
			if !there {
				return nil, fmt.Errorf("%s operation does not apply: doc is missing path: there is no %q", op, p)
			}
		}
		if len(rest) == 0 && op == "remove" {
			delete(v, p)
			return v, nil
		}
		changed, err := edit(below, rest, op, value)
		v[p] = changed
		return v, err
	case []any:
		if len(rest) == 0 && op == "add" {
			if p == "-" {
				return append(v, value), nil
			}
			i, err := index(p, len(v))
			if err != nil {
				return nil, err
			}
			return slices.Insert(v, i, value), nil
		}
		i, err := index(p, len(v)-1)
		if err != nil {
			return nil, err
		}
		if len(rest) == 0 && op == "remove" {
			return slices.Delete(v, i, i+1), nil
		}
		v[i], err = edit(v[i], rest, op, value)
		return v, err
	}
	return nil, fmt.Errorf("%s operation does not apply: doc is missing path: there is no %q", op, p)
}
