package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestUnreachableDatabase(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	t.Setenv("GOVULNDB", server.URL)
	if err := run(t.Context(), nil); err != nil {
		t.Errorf("a database that cannot be reached is a failure: %v", err)
	}
	t.Setenv("VULN_REQUIRED", "1")
	if err := run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "it answered 404 Not Found") {
		t.Errorf("where the database is required, the error is %v", err)
	}
}
