// Package mesh holds what is known about managed Anthos Service Mesh (now
// Cloud Service Mesh): names, APIs, states, findings and verdicts. It is pure:
// nothing here reads a network, a file or a clock, and no other package
// matches the text of a message. Its floors, each on those before it: mesh itself (the vocabulary), text, catalogue, health, explain.
package mesh
