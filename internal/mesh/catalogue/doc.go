// Package catalogue holds what is known about a managed mesh's problems: the codes of findings, conditions, states and stop messages,
// what each means, where the knowledge comes from, what corrects it, and which finding can follow from which.
package catalogue
