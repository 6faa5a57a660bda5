package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// actionAwaitingServer answers StopProvider only after the actions that it stopped have sent how they ended. As soon as
// it is answered, terraform-plugin-go ends the streams of all actions, and Terraform takes a stream that ends without
// an error for success: "Apply complete!", exit code 0. A run ends soon after its context; resources keep Terraform
// waiting in the same way, and a second Ctrl-C ends Terraform.
type actionAwaitingServer struct {
	wholeServer
	running *invocations
}

// awaitActions wraps the framework's server.
func awaitActions(server tfprotov6.ProviderServer) tfprotov6.ProviderServer {
	if whole, ok := server.(wholeServer); ok {
		return actionAwaitingServer{whole, &invocations{cancels: map[int]context.CancelFunc{}}}
	}
	return server
}

// InvokeAction counts an invocation as running until its last event was sent.
func (s actionAwaitingServer) InvokeAction(ctx context.Context,
	req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	ctx, end := s.running.begin(ctx)
	stream, err := s.wholeServer.InvokeAction(ctx, req)
	if err != nil || stream == nil {
		end()
		return stream, err
	}
	events := stream.Events
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		defer end()
		events(push)
	}}, nil
}

// StopProvider cancels everything that runs and waits for the actions.
func (s actionAwaitingServer) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse,
	error) {
	resp, err := s.wholeServer.StopProvider(ctx, req)
	select {
	case <-s.running.stop():
	case <-ctx.Done():
	}
	return resp, err
}

// invocations are the actions that run.
type invocations struct {
	mu      sync.Mutex
	next    int
	cancels map[int]context.CancelFunc
	waiting []chan struct{} // each is closed when none runs
}

// begin adds one, until end is called. Its context ends with stop.
func (i *invocations) begin(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	id := i.next
	i.next++
	i.cancels[id] = cancel
	return ctx, func() {
		cancel()
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.cancels, id)
		i.release()
	}
}

// stop cancels all. What it returns is closed when none runs.
func (i *invocations) stop() <-chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, cancel := range i.cancels {
		cancel()
	}
	ended := make(chan struct{})
	i.waiting = append(i.waiting, ended)
	i.release()
	return ended
}

// release lets those go that wait, when none runs. The caller holds the mutex.
func (i *invocations) release() {
	if len(i.cancels) > 0 {
		return
	}
	for _, ended := range i.waiting {
		close(ended)
	}
	i.waiting = nil
}
