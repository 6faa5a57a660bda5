package sim

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// The forward proxy: an unmodified client sends CONNECT host:443 and then speaks TLS. The tunnel ends here, with a
// certificate of the server's own authority; the requests in it are served by an ordinary http.Server that accepts
// tunnels instead of connections. Nothing is ever dialled.

// connect answers CONNECT.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		http.Error(w, "CONNECT wants host:port", http.StatusBadRequest)
		return
	}
	if s.findAPI(host) == nil || port != "443" {
		http.Error(w, unknownHostMessage(r.Host), http.StatusBadGateway)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	secure := tls.Server(&bufferedConn{Conn: conn, r: buffered.Reader}, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.ca.leaf(host) // of the tunnel's host, whatever the SNI says
		},
	})
	s.tunnel.push(secure)
}

// serveTunnel answers a request inside a tunnel.
func (s *Server) serveTunnel(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	s.serveAPI(w, r, "proxy", host, r.URL)
}

// A bufferedConn reads first what the HTTP server had already read.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) {
	if c.r.Buffered() > 0 {
		return c.r.Read(p)
	}
	return c.Conn.Read(p)
}

// NetConn gives access to the TCP connection.
func (c *bufferedConn) NetConn() net.Conn { return c.Conn }

// A tunnelListener hands tunnels to an http.Server.
type tunnelListener struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newTunnelListener(addr net.Addr) *tunnelListener {
	return &tunnelListener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *tunnelListener) push(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		_ = c.Close()
	}
}

// Accept implements net.Listener.
func (l *tunnelListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *tunnelListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *tunnelListener) Addr() net.Addr { return l.addr }
