// Package fleet runs runbooks on many targets: it finds the targets, runs a canary first and the rest beside each
// other, shares a job among several executors, merges their results, and remediates what a diagnosis finds.
package fleet
