package kubetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
)

// Compact makes the storage forget every state but the last, as the API server does itself every five
// minutes: a list that is continued from an earlier one is then answered with 410.
func (s *Server) Compact(ctx context.Context) error {
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", filepath.Join(s.dir, etcdSocket))
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}

	// A write makes the last state a newer one than any list was taken of.
	var written struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	key := base64.StdEncoding.EncodeToString([]byte("kubetest/compacted"))
	if err := askEtcd(ctx, client, "put", map[string]string{"key": key}, &written); err != nil {
		return err
	}
	return askEtcd(ctx, client, "compaction", map[string]string{"revision": written.Header.Revision}, &struct{}{})
}

// askEtcd makes one call by etcd's JSON gateway, which takes and gives bytes in base64.
func askEtcd(ctx context.Context, client *http.Client, method string, ask, answer any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://etcd/v3/kv/"+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("etcd %s: %w", method, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("etcd %s: %w", method, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd %s: %s: %s", method, response.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, answer)
}
