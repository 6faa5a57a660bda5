package cluster_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
)

// What others write between the read of an annotation and the write of it is not lost.
func TestAnAnnotationIsSetUnlessItWasChanged(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile string // the annotation, once it was read
		want      string
		conflict  bool
	}{
		"another mark of the namespace": {meanwhile: "a", want: "b"},
		"the annotation":                {meanwhile: "theirs", want: "theirs", conflict: true},
	} {
		t.Run(name, func(t *testing.T) {
			version, value, patches := 1, "a", 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPatch {
					if patches++; patches == 1 {
						version, value = version+1, c.meanwhile
					}
					var patch struct {
						Metadata struct {
							ResourceVersion string
							Annotations     map[string]string
						}
					}
					must(t, json.NewDecoder(r.Body).Decode(&patch))
					if patch.Metadata.ResourceVersion != fmt.Sprint(version) {
						says(409, `{"kind":"Status","apiVersion":"v1","reason":"Conflict","code":409,"message":"modified"}`)(w, r)
						return
					}
					value = patch.Metadata.Annotations["k"]
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"metadata":{"name":"shop","resourceVersion":"%d","annotations":{"k":%q}}}`, version, value)
			})
			err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").
				SetAnnotation(t.Context(), cluster.Annotated{Namespace: "shop"}, "k", "a", "b")
			if apierr.Conflict(err) != c.conflict || (err != nil) != c.conflict || value != c.want {
				t.Errorf("%v, the annotation is %q", err, value)
			}
		})
	}
}
