// Package kinds defines everything that runbooks can ensure, assert and wait for: its
// arguments, its risk, the permissions it needs, and what it does. An ensure is a
// prerequisite of package prereq; an assert and a wait only read.
package kinds
