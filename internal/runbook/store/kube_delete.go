package store

import (
	"context"
	"encoding/json"
	"errors"

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
	notes := map[string]string{deletedNote: "true", lastNote: string(last)}
	mark, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": notes}})
	if err != nil {
		return err
	}
	return k.retry(ctx, "delete run "+run, func(ctx context.Context) error {
		_, err := maps.Patch(ctx, chunks[0].Name, types.MergePatchType, mark, metav1.PatchOptions{FieldManager: manager})
		if apierrors.IsNotFound(err) {
			return nil // gone already, by a call whose answer was lost
		}
		if err != nil {
			return err
		}
		for i := len(chunks) - 1; i >= 0; i-- {
			if err := maps.Delete(ctx, chunks[i].Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				return err
			}
		}
		return nil
	})
}
