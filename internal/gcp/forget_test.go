package gcp

import (
	"context"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestClearedMemoReadsAnewAndKeepsNoReadThatBeganBefore(t *testing.T) {
	var m memo[string, int]
	m.setClock(wait.Real)
	reads := 0
	read := func(context.Context) (int, error) { reads++; return reads, nil }
	for range 2 {
		if v, err := m.get(t.Context(), "a", read); err != nil || v != 1 {
			t.Fatalf("%d, %v", v, err)
		}
	}
	m.clear()
	if v, _ := m.get(t.Context(), "a", read); v != 2 {
		t.Errorf("after clear: read %d, want 2", v)
	}
	slow := func(context.Context) (int, error) { m.clear(); return 7, nil }
	if v, _ := m.get(t.Context(), "b", slow); v != 7 {
		t.Errorf("the reader itself got %d", v)
	}
	if v, _ := m.get(t.Context(), "b", read); v == 7 {
		t.Error("a read that began before clear was kept")
	}
}
