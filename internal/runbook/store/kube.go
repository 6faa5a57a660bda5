package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Kube keeps runs in a namespace of a Kubernetes cluster: the lock of a target as a Lease, a journal as ConfigMaps of
// at most 16 KiB, or of one longer entry. Every write names the resourceVersion that it follows, so that of two executors one succeeds.
//
// It needs get, create and update on leases of coordination.k8s.io, and get,
// list, create and patch on configmaps; only Delete needs delete on configmaps.
//
// Whether a lease has run out is judged by this machine's clock. Where the clocks of two machines differ, a lock is
// taken over earlier or later by as much. The fence keeps the former holder from the journal, and the engine looks at
// the lease right before each request that changes something. A request that had been sent by then can still arrive.
type Kube struct {
	client    kubernetes.Interface
	namespace string
	o         Options
	latest    latestIndex
}

var _ Store = (*Kube)(nil)

// NewKube keeps runs in a namespace, which has to be there.
func NewKube(client kubernetes.Interface, namespace string, o Options) *Kube {
	return &Kube{client: client, namespace: namespace, o: o.orDefault()}
}

// The names that objects carry.
const (
	manager   = "terraform-provider-asm"
	managedBy = "app.kubernetes.io/managed-by"
	prefix    = "runbook.terraform-provider-asm/"

	runLabel    = prefix + "run"
	targetLabel = prefix + "target" // short

	leaseNote  = prefix + "lease"
	infoNote   = prefix + "info"   // of the run, on its first chunk
	indexNote  = prefix + "chunk"  // 0, 1, 2, ...
	lastNote   = prefix + "last"   // entry of the chunk
	sealedNote = prefix + "sealed" // another chunk follows
	closedNote = prefix + "closed" // fence of who took the target over

	deletedNote = prefix + "deleted" // the run is being deleted
)

// chunkMax is the most bytes of entries in one object, unless one entry alone is longer. etcd keeps the whole object
// again for each entry that is added, until it compacts its history (every 5 minutes by default): an entry costs it half of
// this on average, 20,000 entries about 160 MB of the 2 GiB that it takes by default.
const chunkMax = 16 << 10

// lastEntry is what a list tells of the last entry of a chunk.
type lastEntry struct {
	Info Info `json:"info"` // Last and Outcome only
}

// Create makes the first object of a run.
func (k *Kube) Create(ctx context.Context, lock Lock, start journal.RunStarted) (*journal.Writer, []journal.Entry, error) {
	run, err := journal.ParseID(lock.Holder().Run)
	if err != nil {
		return nil, nil, err
	}
	return begin(ctx, &kubeSink{k: k, run: run, target: lock.Target(), fence: lock.Holder().Fence}, k.o, lock, start)
}

// Open resumes a run.
func (k *Kube) Open(ctx context.Context, lock Lock, run string, resumed journal.RunResumed) (*journal.Writer, []journal.Entry, error) {
	run, err := journal.ParseID(run)
	if err != nil {
		return nil, nil, err
	}
	var sink *kubeSink
	var entries []journal.Entry
	err = lock.Guard(ctx, func(ctx context.Context) error {
		chunks, err := k.chunks(ctx, run)
		if err != nil {
			return err
		}
		where := k.where(run)
		if entries, err = journal.NewReader(text(chunks)).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		if len(entries) == 0 {
			return fmt.Errorf("%s: %w", where, journal.ErrNotStarted)
		}
		sink = &kubeSink{k: k, run: run, target: lock.Target(), fence: lock.Holder().Fence}
		sink.at(&chunks[len(chunks)-1])
		return fits(entries, run, lock)
	})
	if err != nil {
		return nil, entries, err
	}
	return reopen(ctx, sink, k.o, lock, entries, 0, resumed)
}

// Read reads the objects of a run.
func (k *Kube) Read(ctx context.Context, run string) (*Reader, error) {
	run, err := journal.ParseID(run)
	if err != nil {
		return nil, err
	}
	chunks, err := k.chunks(ctx, run)
	if err != nil {
		return nil, err
	}
	return &Reader{Reader: journal.NewReader(text(chunks)), closer: io.NopCloser(nil)}, nil
}

// chunks are the objects of a run that is there, in order.
func (k *Kube) chunks(ctx context.Context, run string) ([]corev1.ConfigMap, error) {
	all, err := k.list(ctx, run)
	if err == nil && (len(all) == 0 || all[0].Annotations[deletedNote] != "") {
		err = &NoRunError{Run: run, Where: "namespace " + k.namespace}
	}
	return all, err
}

// list lists the objects of a run, in order.
func (k *Kube) list(ctx context.Context, run string) ([]corev1.ConfigMap, error) {
	var list *corev1.ConfigMapList
	err := k.retry(ctx, "read the journal of run "+run, func(ctx context.Context) (err error) {
		list, err = k.client.CoreV1().ConfigMaps(k.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector(runLabel, run)})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b corev1.ConfigMap) int { return cmp.Compare(index(&a), index(&b)) })
	return list.Items, nil
}

func selector(label, value string) string {
	text := managedBy + "=" + manager
	if value != "" {
		text += "," + label + "=" + value
	}
	return text
}

func index(object metav1.Object) int {
	n, _ := strconv.Atoi(object.GetAnnotations()[indexNote])
	return n
}

// text is the journal that the chunks hold.
func text(chunks []corev1.ConfigMap) io.Reader {
	var b bytes.Buffer
	for _, chunk := range chunks {
		for _, key := range slices.Sorted(maps.Keys(chunk.Data)) {
			b.WriteString(chunk.Data[key])
			b.WriteByte('\n')
		}
	}
	return &b
}

func (k *Kube) where(run string) string {
	return fmt.Sprintf("the journal of run %s in namespace %s", run, k.namespace)
}

// List reads what the objects of the runs carry besides the entries, 500 at a time.
func (k *Kube) List(ctx context.Context, f Filter) ([]Info, error) {
	options := metav1.ListOptions{LabelSelector: selector(targetLabel, ""), Limit: 500}
	if f.Target != "" {
		options.LabelSelector = selector(targetLabel, short(f.Target))
	}
	runs := map[string][]metav1.PartialObjectMetadata{}
	for {
		var page metav1.PartialObjectMetadataList
		err := k.retry(ctx, "list the runs", func(ctx context.Context) error {
			result := k.client.CoreV1().RESTClient().Get().Namespace(k.namespace).Resource("configmaps").
				VersionedParams(&options, scheme.ParameterCodec).
				SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json").
				Do(ctx)
			if err := result.Error(); err != nil { // unlike that of Raw, with the server's words
				return err
			}
			raw, err := result.Raw()
			if err != nil {
				return err
			}
			page = metav1.PartialObjectMetadataList{}
			return json.Unmarshal(raw, &page)
		})
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			if run := item.Labels[runLabel]; run != "" {
				runs[run] = append(runs[run], item)
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	all := make([]Info, 0, len(runs))
	for run, chunks := range runs {
		info, err := infoOfChunks(chunks)
		if err != nil {
			info = Info{Run: run, Broken: err.Error()}
		}
		all = append(all, info)
	}
	return f.pick(all), nil
}

func infoOfChunks(chunks []metav1.PartialObjectMetadata) (Info, error) {
	slices.SortFunc(chunks, func(a, b metav1.PartialObjectMetadata) int { return cmp.Compare(index(&a), index(&b)) })
	var info Info
	first := chunks[0].Annotations[infoNote]
	switch {
	case index(&chunks[0]) != 0:
		return info, errors.New("its first object is gone")
	case first == "":
		return info, journal.ErrNotStarted
	}
	if err := json.Unmarshal([]byte(first), &info); err != nil {
		return info, fmt.Errorf("its first object does not tell what it is of: %w", err)
	}
	if chunks[0].Annotations[deletedNote] != "" { // it says how the run ended; the objects that did may be gone
		chunks = chunks[:1]
	}
	for _, chunk := range slices.Backward(chunks) {
		if note := chunk.Annotations[lastNote]; note != "" { // a chunk that was only closed has none
			var last lastEntry
			if err := json.Unmarshal([]byte(note), &last); err != nil {
				return info, fmt.Errorf("its last object does not tell how far it has come: %w", err)
			}
			info.Last, info.Outcome = last.Info.Last, last.Info.Outcome
			return info, nil
		}
	}
	return info, nil
}

// Latest returns the run that was started last on a target.
func (k *Kube) Latest(ctx context.Context, target string) (Info, error) {
	noted, err := k.noted(ctx, target)
	if err != nil {
		return Info{}, err
	}
	return k.latest.newest(ctx, k.o.Clock, target, "namespace "+k.namespace, k.List, noted, func(run string) (Info, bool, error) {
		return k.info(ctx, run)
	})
}

// noted are the runs that the lock on a target names: of its holder, or the one who had it last, and the newest of all.
func (k *Kube) noted(ctx context.Context, target string) (runs []string, err error) {
	lock := &kubeLock{k: k, name: "asm-lock-" + short(target), what: target}
	err = k.retry(ctx, "read which run was the last on "+target, func(ctx context.Context) error {
		_, is, err := lock.read(ctx)
		if err == nil && is != nil {
			runs = []string{is.Holder.Run, is.Last}
		}
		return err
	})
	return runs, err
}

// info reads what a list says of a run, by one request unless the run has several objects. It is false for a run that
// is not there: its executor may have ended before its first entry.
func (k *Kube) info(ctx context.Context, run string) (info Info, readable bool, err error) {
	id, err := journal.ParseID(run)
	if err != nil {
		return info, false, nil
	}
	var chunk *corev1.ConfigMap
	err = k.retry(ctx, "read the journal of run "+id, func(ctx context.Context) (err error) {
		chunk, err = k.client.CoreV1().ConfigMaps(k.namespace).Get(ctx, chunkName(id, 0), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			chunk, err = nil, nil
		}
		return err
	})
	if err != nil || chunk == nil {
		return info, false, err
	}
	all := []corev1.ConfigMap{*chunk}
	if chunk.Annotations[sealedNote] != "" {
		if all, err = k.list(ctx, id); err != nil {
			return info, false, err
		}
	}
	metas := make([]metav1.PartialObjectMetadata, len(all))
	for i := range all {
		metas[i].ObjectMeta = all[i].ObjectMeta
	}
	if len(metas) == 0 {
		return info, false, nil
	}
	info, broken := infoOfChunks(metas)
	return info, broken == nil, nil
}

func chunkName(run string, index int) string {
	return strings.Join([]string{"asm-run", run, fmt.Sprintf("%04d", index)}, "-")
}
