package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pruneLease is how long the lock on a target lasts under which its runs are
// removed, which takes a request or two each.
const pruneLease = time.Minute

// Prune removes the runs that ended before a time, and returns them. A run that
// has not ended stays, and so does one that cannot be read, and one on whose target
// somebody works now. What is removed can be neither shown nor taken back any more.
func Prune(ctx context.Context, s Store, before time.Time) ([]Info, error) {
	all, err := s.List(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(i Info) bool { return !i.PrunedBy(before) })
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

// PrunedBy reports that Prune with this time removes the run, unless somebody works on its target.
func (i Info) PrunedBy(before time.Time) bool {
	return i.Broken == "" && i.Finished() && i.Last.Before(before)
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
