// Package health judges what was read of a mesh: the fleet's feature, memberships, revisions, webhooks, namespaces and proxies. Each
// judgement is a verdict with findings of the catalogue. It reads nothing itself.
package health
