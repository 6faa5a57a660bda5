// Package explain finds the problems of a managed mesh in text that a person pastes, and names the next command for each.
package explain
