// Package lang is the language of runbooks: HCL with blocks for what a run needs to know (input, locals, target) and
// for what it does (step). It reads files, checks them completely without touching a cloud, and evaluates their
// expressions. It runs nothing.
//
// Check reads and checks a file in one go. NewScope gives a runbook its inputs and target; a Step is then evaluated in
// that scope, before anything ran (what depends on a step that has not run is unknown) as well as while it runs.
//
// The language is this project's own. What Terraform has too (input is its
// variable, locals, for_each, depends_on, the functions) works as it does there.
package lang
