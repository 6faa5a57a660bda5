package provider

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Serve runs the provider as a plugin until Terraform has done with it, or with
// debug until the debugger has.
func Serve(version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		quieten()
	}
	p := New(version, Options{})
	return tf6server.Serve(Address, func() tfprotov6.ProviderServer {
		return frugal(providerserver.NewProtocol6(p())())
	}, options...)
}

// quieten turns off logs that nobody asked for. Left alone, the plugin libraries
// write dozens of trace lines for each resource, which Terraform parses to throw
// them away: a quarter of what a plan of many resources computes.
func quieten() {
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TF_LOG") && name != "TF_LOG_PATH" && value != "" {
			return
		}
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_ASM"} {
		_ = os.Setenv(name, "OFF") // fails on names that no system allows
	}
}

// wholeServer is all that the framework's server can do.
type wholeServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// frugalServer lends each call's context to the framework's server, which keeps
// what it gets until the plugin stops: 60 kB for each resource of a plan. Only
// calls that Terraform makes for each resource, data source or function are here.
type frugalServer struct{ wholeServer }

func frugal(server tfprotov6.ProviderServer) tfprotov6.ProviderServer {
	if whole, ok := server.(wholeServer); ok {
		return frugalServer{whole}
	}
	return server
}

func (s frugalServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return lent(ctx, s.wholeServer.ValidateResourceConfig, req)
}

func (s frugalServer) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return lent(ctx, s.wholeServer.UpgradeResourceState, req)
}

func (s frugalServer) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return lent(ctx, s.wholeServer.UpgradeResourceIdentity, req)
}

func (s frugalServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return lent(ctx, s.wholeServer.ReadResource, req)
}

func (s frugalServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return lent(ctx, s.wholeServer.PlanResourceChange, req)
}

func (s frugalServer) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return lent(ctx, s.wholeServer.ApplyResourceChange, req)
}

func (s frugalServer) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return lent(ctx, s.wholeServer.ImportResourceState, req)
}

func (s frugalServer) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return lent(ctx, s.wholeServer.ValidateDataResourceConfig, req)
}

func (s frugalServer) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return lent(ctx, s.wholeServer.ReadDataSource, req)
}

func (s frugalServer) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return lent(ctx, s.wholeServer.CallFunction, req)
}

// lent makes a call with a context that is taken back at its end.
func lent[Request, Response any](ctx context.Context, call func(context.Context, Request) (Response, error), req Request) (Response, error) {
	l := lend(ctx)
	defer l.takeBack()
	return call(l, req)
}

// loan is a context that stands for another until that is taken back. From then
// on it is a cancelled one without values, so whoever still has it has little.
type loan struct {
	of atomic.Pointer[context.Context]
}

func lend(ctx context.Context) *loan {
	l := &loan{}
	l.of.Store(&ctx)
	return l
}

func (l *loan) takeBack() { l.of.Store(&over) }

var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (l *loan) Deadline() (time.Time, bool) { return (*l.of.Load()).Deadline() }
func (l *loan) Done() <-chan struct{}       { return (*l.of.Load()).Done() }
func (l *loan) Err() error                  { return (*l.of.Load()).Err() }
func (l *loan) Value(key any) any           { return (*l.of.Load()).Value(key) }
