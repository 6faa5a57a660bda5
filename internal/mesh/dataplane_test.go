package mesh

import "testing"

func TestProxyManaged(t *testing.T) {
	for annotation, want := range map[string]struct{ managed, set, wrong bool }{
		``:                               {},
		`{}`:                             {},
		`{"other":1}`:                    {},
		`{"managed":"true"}`:             {managed: true, set: true},
		`{"managed":"false"}`:            {set: true},
		`{"managed":true}`:               {managed: true, set: true},
		`{"managed":"perhaps"}`:          {wrong: true},
		`{"managed":3}`:                  {wrong: true},
		`managed`:                        {wrong: true},
		`["managed"]`:                    {wrong: true},
		` { "managed" : "true" , "x":1}`: {managed: true, set: true},
	} {
		managed, set, err := ProxyManaged(annotation)
		if managed != want.managed || set != want.set || (err != nil) != want.wrong {
			t.Errorf("%q: %v %v %v, want %+v", annotation, managed, set, err, want)
		}
	}
}

func TestWithProxyManaged(t *testing.T) {
	for before, want := range map[string]string{
		``:                               `{"managed":"true"}`,
		`null`:                           `{"managed":"true"}`,
		`not JSON`:                       `{"managed":"true"}`,
		`{"managed":"false","theirs":1}`: `{"managed":"true","theirs":1}`,
	} {
		if got := WithProxyManaged(before, true); got != want {
			t.Errorf("%q: %s, want %s", before, got, want)
		}
	}
}
