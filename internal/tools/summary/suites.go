package summary

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Suite is a set of tests that has to run. Without suites, a package that is no longer compiled, or
// that skips all its tests, would look like a success.
type Suite struct {
	Package string // its folder in the repository
	AtLeast int    // the number of tests that must run, skipped ones not counted
	Tests   *regexp.Regexp
}

// ParseSuites reads lines of "PACKAGE MINIMUM [REGULAR EXPRESSION OF TEST NAMES]". Empty lines and
// lines that start with # are ignored.
func ParseSuites(file, text string) ([]Suite, error) {
	var suites []Suite
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		suite, err := parseSuite(fields)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
		suites = append(suites, suite)
	}
	return suites, nil
}

func parseSuite(fields []string) (Suite, error) {
	if len(fields) < 2 || len(fields) > 3 {
		return Suite{}, fmt.Errorf("a suite is a package, the least number of tests and maybe a pattern, not %q", strings.Join(fields, " "))
	}
	suite := Suite{Package: fields[0]}
	var err error
	if suite.AtLeast, err = strconv.Atoi(fields[1]); err != nil || suite.AtLeast < 1 {
		return Suite{}, fmt.Errorf("the least number of tests is a number from 1, not %q", fields[1])
	}
	if len(fields) == 3 {
		if suite.Tests, err = regexp.Compile(fields[2]); err != nil {
			return Suite{}, err
		}
	}
	return suite, nil
}

// missing returns an error unless enough of the suite's tests ran.
func (suite Suite) missing(s *Summary) error {
	ran := 0
	for _, p := range s.packages {
		if p.name != suite.Package {
			continue
		}
		for _, name := range p.results() {
			if p.tests[name] != "skip" && (suite.Tests == nil || suite.Tests.MatchString(name)) {
				ran++
			}
		}
	}
	if ran >= suite.AtLeast {
		return nil
	}
	which := "tests"
	if suite.Tests != nil {
		which = fmt.Sprintf("tests like %s", suite.Tests)
	}
	return fmt.Errorf("%s: %d %s ran, at least %d were expected (skipped ones do not count)", suite.Package, ran, which, suite.AtLeast)
}
