package kubetest

import (
	"context"
	"net"
	"path/filepath"
)

// etcdSocket is where it listens, in the server's folder.
const etcdSocket = "etcd.sock"

// startEtcd starts the storage and returns its address, a socket in the server's folder: etcd does not
// authenticate its clients, so others should not find it.
func (s *Server) startEtcd(ctx context.Context, bin string) (string, error) {
	socket := filepath.Join(s.dir, etcdSocket)
	address := "unix://" + socket
	err := s.run(bin, etcdBinary,
		"--data-dir="+filepath.Join(s.dir, "etcd"),
		"--listen-client-urls="+address,
		"--advertise-client-urls=http://127.0.0.1:0", // no client uses it, and it cannot be a socket
		"--listen-peer-urls=http://127.0.0.1:0",      // it has no peers, and refuses to do without
		"--unsafe-no-fsync",                          // nothing has to survive
		// A cluster of one elects itself after the timeout, which is a second by default.
		"--heartbeat-interval=10", "--election-timeout=100",
		"--log-level=warn",
	)
	if err != nil {
		return "", err
	}
	var dialer net.Dialer
	return address, s.until(ctx, "etcd to listen", func(ctx context.Context) error {
		conn, err := dialer.DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
