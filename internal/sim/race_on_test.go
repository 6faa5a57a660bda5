//go:build race

package sim_test

// raceDetector makes everything several times slower.
const raceDetector = true
