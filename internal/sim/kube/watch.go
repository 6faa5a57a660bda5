package kube

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A Watch is an open stream of changes. Its server calls Next repeatedly, with the world locked, until the client leaves or the
// time is over, and then Close.
type Watch struct {
	k       *call
	sel     selection
	from    uint64
	pending [][]byte // the events for the client's first read
	ended   bool
	// Timeout is how long the client wants it; 0 for as long as it stays.
	Timeout time.Duration
	first   bool // for the columns of a table
}

// watch begins a stream at a resourceVersion. Without one, or at 0, it first reports every object as added.
func (k *call) watch() (Response, *status) {
	sel, s := k.selection()
	if s != nil {
		return Response{}, s
	}
	if k.Query.Get("sendInitialEvents") != "" {
		return Response{}, errInvalid(&resource{kind: "ListOptions", group: groupMeta}, "",
			field.Forbidden(field.NewPath("sendInitialEvents"),
				"sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"))
	}
	w := &Watch{k: k, sel: sel, from: k.c.rv, first: true}
	if v := k.Query.Get("timeoutSeconds"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return Response{}, errBadRequest("timeoutSeconds: %q is not a number", v)
		}
		w.Timeout = time.Duration(n) * time.Second
	}
	switch rv := k.Query.Get("resourceVersion"); rv {
	case "", "0":
		for _, o := range k.c.list(k.r.id(), k.ns) {
			if sel.matches(o) {
				w.say("ADDED", o)
			}
		}
	default:
		n, err := strconv.ParseUint(rv, 10, 64)
		if err != nil {
			return Response{}, errBadRequest("Invalid value: %q: strconv.ParseUint: parsing %q: invalid syntax", rv, rv)
		}
		w.from = n
	}
	k.c.watchers++
	return Response{Status: http.StatusOK, ContentType: "application/json", Watch: w}, nil
}

// Cluster is the one that is watched: a world that was replaced has another.
func (w *Watch) Cluster() *Cluster { return w.k.c }

// Close ends the watch.
func (w *Watch) Close() { w.k.c.watchers-- }

// Next gives what happened since the last call, one JSON document for each event, and whether the stream goes on.
func (w *Watch) Next() (events [][]byte, more bool) {
	c := w.k.c
	if w.ended {
		return nil, false
	}
	if w.from < c.logFrom {
		w.ended = true
		raw, _ := json.Marshal(Object{"type": "ERROR", "object": body(errGone(w.from, c.logFrom))}) // strings and numbers
		return append(w.pending, raw), false
	}
	for _, ch := range c.log {
		if ch.rv > w.from && ch.resource == w.k.r.id() {
			w.report(ch)
		}
	}
	w.from = max(w.from, c.rv)
	out := w.pending
	w.pending = nil
	return out, true
}

// report makes an event of a change: an object that a selector no longer selects is gone for this watcher.
func (w *Watch) report(ch change) {
	old, now := entry{raw: ch.old}.object(), entry{raw: ch.raw}.object()
	here := func(o Object) bool { return w.sel.matches(o) && (w.k.ns == "" || namespace(o) == w.k.ns) }
	was, is := here(old), here(now)
	switch {
	case is && was:
		w.say("MODIFIED", now)
	case is:
		w.say("ADDED", now)
	case was:
		gone := old
		if now != nil {
			gone = now
		}
		child(gone, "metadata")["resourceVersion"] = strconv.FormatUint(ch.rv, 10)
		w.say("DELETED", gone)
	}
}

func (w *Watch) say(kind string, o Object) {
	o = w.k.outward(o)
	var shown any = o
	switch w.k.form() {
	case asTable:
		t := w.k.table([]Object{o}, Object{"resourceVersion": text(o, "metadata", "resourceVersion")})
		if !w.first {
			t["columnDefinitions"] = nil
		}
		w.first = false
		shown = t
	case asMetadata:
		shown = metadataOnly(o)
	}
	raw, err := json.Marshal(Object{"type": kind, "object": shown})
	if err == nil {
		w.pending = append(w.pending, raw)
	}
}
