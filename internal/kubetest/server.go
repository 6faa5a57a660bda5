package kubetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// A Server is a running control plane.
type Server struct {
	dir    string
	host   string
	keys   keys
	client *kubernetes.Clientset // as Admin

	processes []*process
	closers   []func() error // of what runs in this process
}

// poll is how the start waits: nothing of it is announced.
var poll = wait.Backoff{First: 10 * time.Millisecond, Max: 50 * time.Millisecond}

// New starts a control plane of its own, for a test that Start's does not do for. The caller stops it.
func New(ctx context.Context) (*Server, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	bin, err := binaries(dir)
	if err != nil {
		return nil, err
	}
	// A port is chosen here and bound by the API server a moment later.
	for try := 1; ; try++ {
		s, err := start(ctx, bin)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errPortTaken) || try == 3 {
			return nil, fmt.Errorf("cannot start a Kubernetes control plane: %w", err)
		}
	}
}

func start(ctx context.Context, bin string) (_ *Server, err error) {
	s := &Server{}
	if s.dir, err = newFolder(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if s.keys, err = newKeys(s.dir); err != nil {
		return nil, err
	}
	etcd, err := s.startEtcd(ctx, bin)
	if err != nil {
		return nil, err
	}
	if err := s.startAPIServer(ctx, bin, etcd); err != nil {
		return nil, err
	}
	if err := s.startControllers(bin); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.controllersReady(ctx) })
	group.Go(func() error { return s.installCRDs(ctx) })
	group.Go(func() error { return s.startKubelet(ctx) })
	return s, group.Wait()
}

// Stop ends the control plane and removes what it stored.
func (s *Server) Stop() error {
	var errs []error
	for _, end := range slices.Backward(s.closers) {
		errs = append(errs, end())
	}
	for _, p := range slices.Backward(s.processes) {
		errs = append(errs, p.stop())
	}
	errs = append(errs, os.RemoveAll(s.dir))
	return errors.Join(errs...)
}

// run starts one of the servers.
func (s *Server) run(bin, name string, args ...string) error {
	p, err := run(filepath.Join(bin, name), s.dir, args...)
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return err
}

// until waits for ready to return no error, and gives up when a server has ended.
func (s *Server) until(ctx context.Context, what string, ready func(context.Context) error) error {
	return wait.Until(ctx, poll, what, func(ctx context.Context) (bool, string, error) {
		if err := s.ended(); err != nil {
			return false, "", err
		}
		if err := ready(ctx); err != nil {
			return false, err.Error(), nil
		}
		return true, "", nil
	})
}

// ended returns an error when a server has ended.
func (s *Server) ended() error {
	for _, p := range s.processes {
		if err := p.ended(); err != nil {
			return err
		}
	}
	return nil
}

// freePort returns a port of loopback that is free at the moment.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binding to loopback does not wait
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
