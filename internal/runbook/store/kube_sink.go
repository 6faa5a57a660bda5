package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// kubeSink keeps a journal in ConfigMaps, a key for each entry. A write names the resourceVersion of what it knows, or
// makes an object that must not be there, so that who was overtaken is refused by the API server itself.
type kubeSink struct {
	k      *Kube
	run    string
	target string
	fence  int64

	index   int    // of the chunk that is written to
	version string // of that chunk, or "" when it is not there yet
	size    int    // of its entries
	keys    int
}

// at continues where a chunk ends.
func (s *kubeSink) at(chunk *corev1.ConfigMap) {
	s.index, s.version, s.size, s.keys = index(chunk), chunk.ResourceVersion, 0, len(chunk.Data)
	for _, line := range chunk.Data {
		s.size += len(line)
	}
	if chunk.Annotations[sealedNote] != "" {
		s.next()
	}
}

func (s *kubeSink) next() { s.index, s.version, s.size, s.keys = s.index+1, "", 0, 0 }

// Name says where the journal is.
func (s *kubeSink) Name() string { return s.k.where(s.run) }

// Close has nothing to close.
func (s *kubeSink) Close() error { return nil }

// Append stores a line with one request, or two at the end of an object.
func (s *kubeSink) Append(ctx context.Context, e journal.Entry, line []byte) error {
	key, text := fmt.Sprintf("%09d", e.Seq), string(line)
	notes, err := s.notes(e)
	if err != nil {
		return err
	}
	if s.version != "" && s.size+len(text) > chunkMax {
		// Sealed first, so that nobody who closes the journal takes this chunk for the last.
		err := s.patch(ctx, map[string]string{sealedNote: "true"}, nil,
			func(chunk *corev1.ConfigMap) bool { return chunk.Annotations[sealedNote] != "" })
		if err != nil {
			return err
		}
		s.next()
	}
	landed := func(chunk *corev1.ConfigMap) bool { return chunk.Data[key] == text }
	if s.version == "" {
		err = s.create(ctx, notes, map[string]string{key: text}, landed)
	} else {
		err = s.patch(ctx, notes, map[string]string{key: text}, landed)
	}
	if err == nil {
		s.size += len(text)
		s.keys++
	}
	return err
}

// notes are what a list of runs reads.
func (s *kubeSink) notes(e journal.Entry) (map[string]string, error) {
	info := Info{Last: e.Time}
	if finish, ok := e.Data.(journal.RunFinished); ok {
		info.Outcome = finish.Outcome
	}
	last, err := json.Marshal(lastEntry{Info: info})
	if err != nil {
		return nil, err
	}
	notes := map[string]string{lastNote: string(last)}
	if e.Seq == 1 {
		first, err := infoOf(e, e)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(first)
		if err != nil {
			return nil, err
		}
		notes[infoNote] = string(text)
	}
	return notes, nil
}

// create makes the chunk that is next.
func (s *kubeSink) create(ctx context.Context, notes, data map[string]string, landed func(*corev1.ConfigMap) bool) error {
	chunk := s.k.chunk(s.run, s.target, s.index, notes, data)
	return s.k.retry(ctx, "store an entry of run "+s.run, func(ctx context.Context) error {
		made, err := s.k.client.CoreV1().ConfigMaps(s.k.namespace).Create(ctx, chunk, metav1.CreateOptions{FieldManager: manager})
		if apierrors.IsAlreadyExists(err) {
			made, err = s.look(ctx) // it may be ours, of a call whose answer was lost
			if err == nil && (s.closed(made) || !landed(made)) {
				return &OvertakenError{Journal: s.Name()}
			}
		}
		if err == nil {
			s.version = made.ResourceVersion
		}
		return err
	})
}

// patch adds to the chunk, if it still is as this executor knows it.
func (s *kubeSink) patch(ctx context.Context, notes, data map[string]string, landed func(*corev1.ConfigMap) bool) error {
	return s.k.retry(ctx, "store an entry of run "+s.run, func(ctx context.Context) error {
		for {
			change := map[string]any{"metadata": map[string]any{"resourceVersion": s.version, "annotations": notes}}
			if len(data) > 0 { // null would delete what is there (RFC 7396)
				change["data"] = data
			}
			body, err := json.Marshal(change)
			if err != nil {
				return err
			}
			chunk, err := s.k.client.CoreV1().ConfigMaps(s.k.namespace).Patch(ctx, chunkName(s.run, s.index), types.MergePatchType, body,
				metav1.PatchOptions{FieldManager: manager})
			if err == nil {
				s.version = chunk.ResourceVersion
				return nil
			}
			if apierrors.IsNotFound(err) {
				return &OvertakenError{Journal: s.Name()} // somebody deleted it
			}
			if !apierrors.IsConflict(err) {
				return err
			}
			if chunk, err = s.look(ctx); err != nil {
				return err
			}
			switch {
			case s.closed(chunk):
				return &OvertakenError{Journal: s.Name()}
			case landed(chunk): // ours, of a call whose answer was lost
				s.version = chunk.ResourceVersion
				return nil
			case len(chunk.Data) != s.keys || chunk.ResourceVersion == s.version:
				return &OvertakenError{Journal: s.Name()}
			}
			s.version = chunk.ResourceVersion // somebody labelled it, which is no harm
		}
	})
}

func (s *kubeSink) look(ctx context.Context) (*corev1.ConfigMap, error) {
	return s.k.client.CoreV1().ConfigMaps(s.k.namespace).Get(ctx, chunkName(s.run, s.index), metav1.GetOptions{})
}

// closed reports whether somebody took the target over after this executor.
func (s *kubeSink) closed(chunk *corev1.ConfigMap) bool { return closedBy(chunk) > s.fence }

func closedBy(object metav1.Object) int64 {
	fence, _ := strconv.ParseInt(object.GetAnnotations()[closedNote], 10, 64)
	return fence
}

func (k *Kube) chunk(run, target string, index int, notes, data map[string]string) *corev1.ConfigMap {
	annotations := map[string]string{indexNote: strconv.Itoa(index)}
	for key, value := range notes {
		annotations[key] = value
	}
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Name:        chunkName(run, index),
			Namespace:   k.namespace,
			Labels:      map[string]string{managedBy: manager, runLabel: run, targetLabel: short(target)},
			Annotations: annotations,
		},
		Data: data,
	}
}

// shut closes the journal of a run to every executor with a lower fence. It changes the last chunk, or makes the one
// after it, so that a write which is on its way meets another resourceVersion, or an object that must not be there.
func (k *Kube) shut(ctx context.Context, run, target string, fence int64) error {
	notes := map[string]string{closedNote: strconv.FormatInt(fence, 10)}
	maps := k.client.CoreV1().ConfigMaps(k.namespace)
	return k.retry(ctx, "close run "+run+" to its former executor", func(ctx context.Context) error {
		for {
			list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: selector(runLabel, run)})
			if err != nil {
				return err
			}
			next, open := 0, (*corev1.ConfigMap)(nil)
			for i := range list.Items {
				if n := index(&list.Items[i]); n >= next {
					next, open = n+1, &list.Items[i]
				}
			}
			if open != nil && closedBy(open) >= fence {
				return nil
			}
			if open == nil || open.Annotations[sealedNote] != "" {
				_, err = maps.Create(ctx, k.chunk(run, target, next, notes, nil), metav1.CreateOptions{FieldManager: manager})
			} else {
				var body []byte
				body, err = json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": open.ResourceVersion, "annotations": notes}})
				if err != nil {
					return err
				}
				_, err = maps.Patch(ctx, open.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
			}
			if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) && open != nil {
				continue // the former executor, or somebody else, was quicker: look again
			}
			return err
		}
	})
}
