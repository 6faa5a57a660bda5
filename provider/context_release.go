package provider

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// wholeServer is all that the framework's server can do.
type wholeServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// contextReleasingServer gives the framework's server a context that it releases after each call, since that
// server keeps every context until the plugin stops: 60 kB for each resource of a plan. Only
// calls that Terraform makes for each resource, data source or function are here. It also cleans their diagnostics.
type contextReleasingServer struct{ wholeServer }

func releaseContexts(server tfprotov6.ProviderServer) tfprotov6.ProviderServer {
	if whole, ok := server.(wholeServer); ok {
		return contextReleasingServer{whole}
	}
	return server
}

// ConfigureProvider is made once, so its context is not released.
func (s contextReleasingServer) ConfigureProvider(ctx context.Context,
	req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	response, err := s.wholeServer.ConfigureProvider(ctx, req)
	if err == nil {
		cleanDiagnostics(response)
	}
	return response, err
}

func (s contextReleasingServer) ValidateResourceConfig(ctx context.Context,
	req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return callReleasing(ctx, s.wholeServer.ValidateResourceConfig, req)
}

func (s contextReleasingServer) UpgradeResourceState(ctx context.Context,
	req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return callReleasing(ctx, s.wholeServer.UpgradeResourceState, req)
}

func (s contextReleasingServer) UpgradeResourceIdentity(ctx context.Context,
	req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return callReleasing(ctx, s.wholeServer.UpgradeResourceIdentity, req)
}

func (s contextReleasingServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse,
	error) {
	return callReleasing(ctx, s.wholeServer.ReadResource, req)
}

func (s contextReleasingServer) PlanResourceChange(ctx context.Context,
	req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return callReleasing(ctx, s.wholeServer.PlanResourceChange, req)
}

func (s contextReleasingServer) ApplyResourceChange(ctx context.Context,
	req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return callReleasing(ctx, s.wholeServer.ApplyResourceChange, req)
}

func (s contextReleasingServer) ImportResourceState(ctx context.Context,
	req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return callReleasing(ctx, s.wholeServer.ImportResourceState, req)
}

func (s contextReleasingServer) ValidateDataResourceConfig(ctx context.Context,
	req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return callReleasing(ctx, s.wholeServer.ValidateDataResourceConfig, req)
}

func (s contextReleasingServer) ReadDataSource(ctx context.Context,
	req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return callReleasing(ctx, s.wholeServer.ReadDataSource, req)
}

func (s contextReleasingServer) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse,
	error) {
	return callReleasing(ctx, s.wholeServer.CallFunction, req)
}

// callReleasing makes a call with a context that is released at its end.
func callReleasing[Request, Response any](ctx context.Context, call func(context.Context, Request) (Response, error),
	req Request) (Response, error) {
	l := newReleasableContext(ctx)
	defer l.release()
	response, err := call(l, req)
	if err == nil {
		cleanDiagnostics(response)
	}
	return response, err
}

// releasableContext forwards to another context until it is released. From then on it
// is cancelled and has no values, so a reference to it retains little memory.
type releasableContext struct {
	of atomic.Pointer[context.Context]
}

func newReleasableContext(ctx context.Context) *releasableContext {
	l := &releasableContext{}
	l.of.Store(&ctx)
	return l
}

func (l *releasableContext) release() { l.of.Store(&released) }

var released = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (l *releasableContext) Deadline() (time.Time, bool) { return (*l.of.Load()).Deadline() }
func (l *releasableContext) Done() <-chan struct{}       { return (*l.of.Load()).Done() }
func (l *releasableContext) Err() error                  { return (*l.of.Load()).Err() }
func (l *releasableContext) Value(key any) any           { return (*l.of.Load()).Value(key) }
