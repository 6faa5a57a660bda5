package provider

import (
	"context"
	"errors"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Without the wrapping a large plan takes several times the memory, and nothing else would tell.
func TestServerIsFrugal(t *testing.T) {
	server := releaseContexts(providerserver.NewProtocol6(New("test", Options{})())())
	if _, ok := server.(contextReleasingServer); !ok {
		t.Fatalf("the framework's server can no longer do all that wholeServer asks for: %T is served as it is", server)
	}
	if _, ok := server.(tfprotov6.ActionServer); !ok {
		t.Errorf("%T hides the framework's actions", server)
	}
}

type contextKey struct{}

func TestLoan(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "value"), time.Hour)
	defer cancel()
	l := newReleasableContext(ctx)
	child, cancelChild := context.WithCancel(l)
	defer cancelChild()
	if got := child.Value(contextKey{}); got != "value" {
		t.Errorf("the value is %v while the call runs", got)
	}
	if _, set := child.Deadline(); !set || child.Err() != nil {
		t.Errorf("while the call runs, a deadline is set: %t, error: %v", set, child.Err())
	}
	cancel()
	select {
	case <-child.Done():
	case <-time.After(10 * time.Second):
		t.Error("a cancelled context does not cancel what was derived from it")
	}
	l.release()
	if got := l.Value(contextKey{}); got != nil || !errors.Is(l.Err(), context.Canceled) {
		t.Errorf("after the call: value %v, error %v", got, l.Err())
	}
}

// What a call came with is let go of, although the framework keeps the means to cancel the call.
func TestCallLetsGo(t *testing.T) {
	var kept []context.CancelFunc
	whole := &[1 << 20]byte{}
	pointer := weak.Make(whole)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, whole))
	_, err := callReleasing(ctx, func(ctx context.Context, in *[1 << 20]byte) (int, error) {
		_, cancel := context.WithCancel(ctx) // as the framework does it
		kept = append(kept, cancel)
		return len(in), nil
	}, whole)
	if err != nil {
		t.Fatal(err)
	}
	cancel()     // as the plugin's transport does after each call
	runtime.GC() // ctx and whole are not used from here on
	if pointer.Value() != nil {
		t.Error("what a call came with is still in memory")
	}
	for _, cancel := range kept {
		cancel()
	}
}

// The text of an API or a cluster does not steer the terminal.
func TestDiagnosticsAreClean(t *testing.T) {
	const hostile, clean = "refused\x1b[2J\u202e by a webhook\n\nof\r\nshop", "refused\ufffd[2J\ufffd by a webhook\n\nof\nshop"
	for _, response := range []any{
		&tfprotov6.ConfigureProviderResponse{}, &tfprotov6.ValidateResourceConfigResponse{}, &tfprotov6.UpgradeResourceStateResponse{},
		&tfprotov6.UpgradeResourceIdentityResponse{}, &tfprotov6.ReadResourceResponse{}, &tfprotov6.PlanResourceChangeResponse{},
		&tfprotov6.ApplyResourceChangeResponse{}, &tfprotov6.ImportResourceStateResponse{}, &tfprotov6.ValidateDataResourceConfigResponse{},
		&tfprotov6.ReadDataSourceResponse{},
	} {
		d := &tfprotov6.Diagnostic{Summary: "Drift\x1b]0;x\a", Detail: hostile}
		reflect.ValueOf(response).Elem().FieldByName("Diagnostics").Set(reflect.ValueOf([]*tfprotov6.Diagnostic{d}))
		_, err := callReleasing(t.Context(), func(context.Context, int) (any, error) { return response, nil }, 0)
		if err != nil || d.Detail != clean || d.Summary != "Drift\ufffd]0;x\ufffd" {
			t.Errorf("%T: %q, %q, %v", response, d.Summary, d.Detail, err)
		}
	}
	failed := &tfprotov6.CallFunctionResponse{Error: &tfprotov6.FunctionError{Text: hostile}}
	_, err := callReleasing(t.Context(), func(context.Context, int) (*tfprotov6.CallFunctionResponse, error) { return failed, nil }, 0)
	if err != nil || failed.Error.Text != clean {
		t.Errorf("%q, %v", failed.Error.Text, err)
	}
}

func TestQuieten(t *testing.T) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TF_LOG") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("TF_LOG_SDK", "")
	t.Setenv("TF_LOG_PROVIDER_ASM", "")
	t.Setenv("TF_LOG_PROVIDER", "DEBUG")
	disableUnrequestedLogs()
	if got := os.Getenv("TF_LOG_SDK"); got != "" {
		t.Errorf("logs were asked for, and TF_LOG_SDK=%s", got)
	}
	t.Setenv("TF_LOG_PROVIDER", "")
	t.Setenv("TF_LOG_PATH", "/somewhere") // says where to and not what
	disableUnrequestedLogs()
	if sdk, own := os.Getenv("TF_LOG_SDK"), os.Getenv("TF_LOG_PROVIDER_ASM"); sdk != "OFF" || own != "OFF" {
		t.Errorf("nobody asked for logs, and TF_LOG_SDK=%q, TF_LOG_PROVIDER_ASM=%q", sdk, own)
	}
}

// slowAction is a server with one action, which takes a while to end once it is cancelled.
type slowAction struct {
	wholeServer
	begun, proceed chan struct{}
}

func (s slowAction) InvokeAction(ctx context.Context, _ *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		close(s.begun)
		<-ctx.Done()
		<-s.proceed
		push(tfprotov6.InvokeActionEvent{Type: tfprotov6.CompletedInvokeActionEventType{
			Diagnostics: []*tfprotov6.Diagnostic{{Summary: "Interrupted"}}}})
	}}, nil
}

func (s slowAction) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

// What ends a stream in terraform-plugin-go is the answer to StopProvider: it must not come before the action's last event.
func TestStopIsAnsweredAfterTheActionsEnd(t *testing.T) {
	below := slowAction{begun: make(chan struct{}), proceed: make(chan struct{})}
	server := awaitActions(below).(actionAwaitingServer)
	if _, err := server.StopProvider(t.Context(), nil); err != nil { // nothing runs: it must not wait
		t.Fatal(err)
	}
	stream, err := server.InvokeAction(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan string, 10)
	go func() {
		for e := range stream.Events {
			events <- e.Type.(tfprotov6.CompletedInvokeActionEventType).Diagnostics[0].Summary
		}
	}()
	<-below.begun
	go func() {
		if _, err := server.StopProvider(t.Context(), nil); err != nil {
			t.Error(err)
		}
		events <- "answered"
	}()
	time.AfterFunc(50*time.Millisecond, func() { close(below.proceed) })
	if first, second := <-events, <-events; first != "Interrupted" || second != "answered" {
		t.Errorf("first %q, then %q", first, second)
	}
}
