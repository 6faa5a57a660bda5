package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Delete removes the objects of a run. The first one goes last, and says before any goes that the run is being deleted
// and how it ended: what is left when this process dies halfway is no journal, and Prune finds it again.
func (k *Kube) Delete(ctx context.Context, lock Lock, run string) error {
	run, err := journal.ParseID(run)
	if err != nil {
		return err
	}
	return lock.Guard(ctx, func(ctx context.Context) error {
		chunks, err := k.list(ctx, run)
		if err != nil {
			return err
		}
		if len(chunks) == 0 {
			return &NoRunError{Run: run, Where: "namespace " + k.namespace}
		}
		metas := make([]metav1.PartialObjectMetadata, len(chunks))
		for i := range chunks {
			metas[i].ObjectMeta = chunks[i].ObjectMeta
		}
		info, err := infoOfChunks(metas)
		if err != nil {
			return errors.Join(errors.New("cannot tell whether run "+run+" has ended, so it is kept"), err)
		}
		if err := mayGo(info, lock); err != nil {
			return err
		}
		return k.remove(ctx, run, info, chunks)
	})
}

func (k *Kube) remove(ctx context.Context, run string, info Info, chunks []corev1.ConfigMap) error {
	maps := k.client.CoreV1().ConfigMaps(k.namespace)
	last, err := json.Marshal(lastEntry{Info: Info{Last: info.Last, Outcome: info.Outcome}})
	if err != nil {
		return err
	}
	// Each deletion has a mark of its own: that of one that died says nothing about what was written since.
	notes := map[string]string{deletedNote: uuid.NewString(), lastNote: string(last)}
	return k.retry(ctx, "delete run "+run, func(ctx context.Context) error {
		// The last object shows whether the run was resumed since it was read, the first one says what is left of a run.
		for _, chunk := range []*corev1.ConfigMap{&chunks[len(chunks)-1], &chunks[0]} {
			gone, err := k.mark(ctx, run, chunk, notes)
			if err != nil || gone && chunk == &chunks[0] {
				return err
			}
		}
		for i := len(chunks) - 1; i >= 0; i-- {
			only := metav1.Preconditions{UID: &chunks[i].UID, ResourceVersion: &chunks[i].ResourceVersion}
			err := maps.Delete(ctx, chunks[i].Name, metav1.DeleteOptions{Preconditions: &only})
			if apierrors.IsConflict(err) {
				return &OvertakenError{Journal: k.where(run)}
			}
			if err != nil && !apierrors.IsNotFound(err) {
				return err
			}
		}
		return nil
	})
}

// mark notes on an object that its run is being deleted, if nobody has written to it since it was read.
func (k *Kube) mark(ctx context.Context, run string, chunk *corev1.ConfigMap, notes map[string]string) (gone bool, err error) {
	maps := k.client.CoreV1().ConfigMaps(k.namespace)
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": chunk.ResourceVersion, "annotations": notes}})
	if err != nil {
		return false, err
	}
	marked, err := maps.Patch(ctx, chunk.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
	if apierrors.IsConflict(err) {
		marked, err = maps.Get(ctx, chunk.Name, metav1.GetOptions{})
		if err == nil && marked.Annotations[deletedNote] != notes[deletedNote] {
			return false, &OvertakenError{Journal: k.where(run)}
		}
	}
	if apierrors.IsNotFound(err) {
		return true, nil // by a call whose answer was lost
	}
	if err == nil {
		chunk.ResourceVersion = marked.ResourceVersion
	}
	return false, err
}
