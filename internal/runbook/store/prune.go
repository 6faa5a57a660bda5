package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// pruneLease is how long the lock on a target lasts under which its runs are
// removed, which takes a request or two each.
const pruneLease = time.Minute

// Prune removes the runs that are Prunable, and returns them, except those on a target that is locked. What is removed
// can be neither shown nor undone any more.
func Prune(ctx context.Context, s Store, before time.Time) ([]Info, error) {
	all, err := s.List(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	all = Prunable(all, before)
	slices.SortStableFunc(all, func(a, b Info) int { return strings.Compare(a.Target, b.Target) })
	var gone []Info
	for first := 0; first < len(all); {
		last := first
		for last < len(all) && all[last].Target == all[first].Target {
			last++
		}
		removed, err := pruneTarget(ctx, s, all[first:last])
		gone = append(gone, removed...)
		if err != nil {
			return gone, err
		}
		first = last
	}
	return gone, nil
}

// Prunable are those of all runs, in the order of List, that ended before a time and that nobody goes on with: they
// succeeded, or a later run of the same runbook on the target did. A run that waits for an approval, or that failed
// half-way, can be resumed and undone, and one that cannot be read tells nothing: they stay.
func Prunable(all []Info, before time.Time) (old []Info) {
	type work struct{ target, runbook string }
	succeeded := map[work]bool{}
	for _, i := range all { // the newest of each target first
		if i.Broken != "" {
			continue
		}
		w := work{i.Target, i.Runbook}
		superseded := succeeded[w]
		if i.Outcome == journal.Succeeded && i.UndoOf == "" {
			succeeded[w] = true
		}
		if i.Finished() && i.Last.Before(before) && (i.Outcome == journal.Succeeded || superseded) {
			old = append(old, i)
		}
	}
	return old
}

// pruneTarget removes runs on one target.
func pruneTarget(ctx context.Context, s Store, runs []Info) (gone []Info, err error) {
	lock, err := s.Acquire(ctx, runs[0].Target, Me(runs[0].Run), pruneLease)
	var held *HeldError
	switch {
	case errors.As(err, &held):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Release(context.WithoutCancel(ctx))) }()
	for _, one := range runs {
		err := s.Delete(ctx, lock, one.Run)
		var unfinished *UnfinishedError
		var none *NoRunError
		switch {
		case err == nil:
			gone = append(gone, one)
		case errors.As(err, &unfinished), errors.As(err, &none): // somebody was quicker
		default:
			return gone, err
		}
		if err := lock.Renew(ctx); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// mayGo refuses to delete a run that has not ended, or that the lock is not about.
func mayGo(info Info, lock Lock) error {
	switch {
	case info.Target != lock.Target():
		return fmt.Errorf("run %s works on %s, and the lock is on %s", info.Run, info.Target, lock.Target())
	case !info.Finished():
		return &UnfinishedError{Run: info.Run}
	}
	return nil
}
