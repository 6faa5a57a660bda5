package kube

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// An entry is an object that differs from the seed; raw is nil when an object of the seed is gone.
type entry struct {
	rv  uint64
	raw []byte
}

// A change is one write, for watchers.
type change struct {
	rv       uint64
	resource string
	old, raw []byte // nil: was not, or is not there
}

// How many changes are kept: a watch that begins just after its list finds
// what happened between the two; an older one has to list again.
const (
	logWatched   = 512
	logUnwatched = 8
)

// namespaceGone marks, beside the names of resources, that a namespace was deleted.
const namespaceGone = "-namespace"

func key(id, namespace, name string) string { return id + "/" + namespace + "/" + name }

func sortedKeys(m map[string]entry) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (c *Cluster) keep(k string, e entry) {
	if c.objects == nil {
		c.objects = map[string]entry{}
	}
	c.objects[k] = e
}

// get finds an object; nil if it is not there. It may be changed by the caller and put back.
func (c *Cluster) get(id, namespace, name string) Object {
	if e, ok := c.objects[key(id, namespace, name)]; ok {
		return e.object()
	}
	return c.seed.object(id, namespace, name)
}

func (e entry) object() Object {
	if e.raw == nil {
		return nil
	}
	var o Object
	if decode(e.raw, &o) != nil {
		return nil // was made by Marshal
	}
	return o
}

// list finds the objects of a resource, in one namespace or with "" in all,
// sorted by namespace and name as etcd sorts its keys.
func (c *Cluster) list(id, namespace string) []Object {
	return c.listWhere(id, namespace, labels.Everything())
}

// listWhere is list, and may leave out what does not have the labels: the seed
// is not computed where none of it can have them.
func (c *Cluster) listWhere(id, namespace string, where labels.Selector) []Object {
	var out []Object
	if !seedLacks(id, where) {
		for _, o := range c.seed.bare(id) {
			ns := text(o, "metadata", "namespace")
			if namespace != "" && ns != namespace {
				continue
			}
			if _, changed := c.objects[key(id, ns, name(o))]; !changed {
				c.seed.complete(id, o)
				out = append(out, o)
			}
		}
	}
	prefix := id + "/"
	if namespace != "" {
		prefix += namespace + "/"
	}
	for k, e := range c.objects {
		if e.raw != nil && strings.HasPrefix(k, prefix) {
			out = append(out, e.object())
		}
	}
	slices.SortFunc(out, func(a, b Object) int {
		x, y := text(a, "metadata", "namespace"), text(b, "metadata", "namespace")
		if x != y {
			return strings.Compare(x+"/", y+"/")
		}
		return strings.Compare(name(a), name(b))
	})
	return out
}

// put stores an object under a new resourceVersion.
func (c *Cluster) put(id string, o Object) {
	k := key(id, namespace(o), name(o))
	old := c.raw(id, namespace(o), name(o))
	c.rv++
	child(o, "metadata")["resourceVersion"] = strconv.FormatUint(c.rv, 10)
	raw, err := json.Marshal(o)
	if err != nil {
		return // objects are maps, lists, strings and numbers
	}
	c.keep(k, entry{rv: c.rv, raw: raw})
	c.note(change{rv: c.rv, resource: id, old: old, raw: raw})
}

// remove deletes an object.
func (c *Cluster) remove(id, namespace, name string) {
	old := c.raw(id, namespace, name)
	if old == nil {
		return
	}
	c.rv++
	k := key(id, namespace, name)
	if c.seed.object(id, namespace, name) != nil {
		c.keep(k, entry{rv: c.rv})
	} else {
		delete(c.objects, k)
	}
	c.note(change{rv: c.rv, resource: id, old: old})
}

// raw is an object's JSON as it is stored or follows of the seed.
func (c *Cluster) raw(id, namespace, name string) []byte {
	if e, ok := c.objects[key(id, namespace, name)]; ok {
		return e.raw
	}
	if o := c.get(id, namespace, name); o != nil {
		raw, _ := json.Marshal(o) // maps, lists, strings and numbers
		return raw
	}
	return nil
}

func (c *Cluster) note(ch change) {
	if c.dirty == nil {
		c.dirty = map[string]bool{}
	}
	c.dirty[ch.resource] = true
	if ch.raw == nil && ch.resource == resNamespaces {
		c.dirty[namespaceGone] = true
	}
	most := logUnwatched
	if c.watchers > 0 {
		most = logWatched
	}
	c.log = append(c.log, ch)
	if n := len(c.log) - most; n > 0 {
		c.logFrom = c.log[n-1].rv
		c.log = slices.Delete(c.log, 0, n)
	}
}
