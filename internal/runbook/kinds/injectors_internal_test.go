package kinds

import "testing"

func TestInjectorsOf(t *testing.T) {
	const regular, rapid = "asm-managed", "asm-managed-rapid"
	both := map[string]string{regular: "istiod-asm-managed", rapid: "istiod-asm-managed-rapid"}
	first := map[string]string{regular: "istiod-asm-managed"}
	for name, test := range map[string]struct {
		asked []string
		have  map[string]string
		want  string
	}{
		"nothing is asked for":            {nil, first, Holds},
		"nothing is there":                {nil, nil, Fails},
		"the other one is there":          {[]string{rapid}, first, Fails},
		"one of two":                      {[]string{regular, rapid, ""}, first, Fails},
		"both":                            {[]string{rapid, regular}, both, Holds},
		"a namespace is meant for no one": {[]string{""}, first, Holds},
	} {
		if got := injectorsOf("cluster-1", test.asked, test.have); got.State != test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
