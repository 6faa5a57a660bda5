package provider_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/provider"
)

// The resources are those of mesh's rows, no more and no fewer: findings name them.
func TestEveryRowHasItsResource(t *testing.T) {
	var rows, have []string
	for _, row := range mesh.Prerequisites() {
		if row.Resource != "" {
			rows = append(rows, row.Resource)
		}
	}
	p := provider.New("test", provider.Options{})()
	for _, newResource := range p.Resources(t.Context()) {
		var resp resource.MetadataResponse
		newResource().Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "asm"}, &resp)
		have = append(have, resp.TypeName)
	}
	slices.Sort(rows)
	slices.Sort(have)
	if !slices.Equal(rows, have) {
		t.Errorf("rows name %v, the provider has %v", rows, have)
	}
}
