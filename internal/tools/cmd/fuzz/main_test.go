package main

import (
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	got := parse([]byte(`{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Output":"FuzzOne\n"}
{"Action":"output","Package":"m/a","Output":"FuzzTwo\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.1s\n"}
{"Action":"output","Package":"m/b","Output":"?   \tm/b\t[no test files]\n"}
{"Action":"pass","Package":"m/a"}
`))
	if want := []target{{"m/a", "FuzzOne"}, {"m/a", "FuzzTwo"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
