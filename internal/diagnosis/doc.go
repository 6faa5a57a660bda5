// Package diagnosis reads a fleet, its projects and its clusters, and answers
// with findings: root causes first, and under them what they bring about.
package diagnosis
