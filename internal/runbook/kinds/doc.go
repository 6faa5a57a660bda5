// Package kinds is everything that runbooks can ensure, assert and wait for, by
// name: what each takes, what it risks, which permissions it needs, and what it
// does. An ensure is a prerequisite of package prereq; an assert and a wait look
// at something and change nothing.
package kinds
