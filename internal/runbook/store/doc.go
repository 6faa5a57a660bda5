// Package store keeps the journals of runs, and the lock that lets one run at a time work on a target: in a folder of
// this machine, or in a namespace of a Kubernetes cluster where several machines share runs.
//
// A lock is held by lease. Who holds it renews it; who does not, because the process is dead, frozen or cut off, loses
// it to the next who asks. Every acquisition has a fence, a number that is higher than that of any before it on the
// target. The fence is checked in one step with every write to a journal, so that an executor that wakes up after its
// successor took over cannot write a word, and begins no act, since no act begins without a word.
package store
