package gcp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/api/serviceusage/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

const (
	maxBatchGet    = 30 // names that services.batchGet takes
	maxBatchEnable = 20 // names that services.batchEnable takes
	enabled        = "ENABLED"
)

// Services returns the state of APIs on a project, ENABLED or DISABLED by name (serviceusage v1, services.batchGet).
// All names asked for about one project at about the same time, and the default set, share one request.
func (c *Client) Services(ctx context.Context, project string, names []string) (map[string]string, error) {
	states, err := c.states.get(ctx, project, names)
	return states, failed(err, "read which APIs are enabled on project "+project, "serviceusage.services.get")
}

// FreshServices is Services with a new request.
func (c *Client) FreshServices(ctx context.Context, project string, names []string) (map[string]string, error) {
	c.states.forget(project)
	return c.Services(ctx, project, names)
}

// EnableServices enables APIs on a project and waits until the operation is done. Enabling is idempotent; it takes
// minutes more until every caller can use the API.
func (c *Client) EnableServices(ctx context.Context, project string, names []string) error {
	unlock, err := c.writers.Lock(ctx, "services/"+project)
	if err != nil {
		return err
	}
	defer unlock()
	defer c.states.forget(project)
	for batch := range slices.Chunk(slices.Sorted(slices.Values(names)), maxBatchEnable) {
		doing := "enable " + strings.Join(batch, ", ") + " on project " + project
		if err := c.serviceChange(ctx, doing, "serviceusage.services.enable", func() (*serviceusage.Operation, error) {
			ctx := chargedTo(ctx, project)
			if len(batch) == 1 { // a batch counts as five writes against the quota
				return c.services.Services.Enable("projects/"+project+"/services/"+batch[0], &serviceusage.EnableServiceRequest{}).Context(ctx).Do()
			}
			return c.services.Services.BatchEnable("projects/"+project, &serviceusage.BatchEnableServicesRequest{ServiceIds: batch}).
				Context(ctx).Do()
		}); err != nil {
			return err
		}
	}
	return nil
}

// DisableService disables an API on a project. It fails rather than disable what depends on it.
func (c *Client) DisableService(ctx context.Context, project, name string) error {
	unlock, err := c.writers.Lock(ctx, "services/"+project)
	if err != nil {
		return err
	}
	defer unlock()
	defer c.states.forget(project)
	doing := "disable " + name + " on project " + project
	return c.serviceChange(ctx, doing, "serviceusage.services.disable", func() (*serviceusage.Operation, error) {
		return c.services.Services.Disable("projects/"+project+"/services/"+name, &serviceusage.DisableServiceRequest{}).
			Context(chargedTo(ctx, project)).Do()
	})
}

// serviceChange starts an operation, again while Service Usage changes the same project, and waits for its end.
func (c *Client) serviceChange(ctx context.Context, doing, permission string, start func() (*serviceusage.Operation, error)) error {
	var op *serviceusage.Operation
	err := wait.Until(ctx, wait.Backoff{First: time.Second, Max: 15 * time.Second, Clock: c.clock}, "Service Usage to "+doing,
		func(context.Context) (_ bool, _ string, err error) {
			op, err = start()
			err = failed(err, doing, permission)
			var e *apierr.Error
			if errors.As(err, &e) && e.Code == http.StatusBadRequest && text.IsActivationBusy(e.Message) {
				return false, e.Message, nil
			}
			return err == nil, "", err
		})
	if err != nil {
		return err
	}
	// An operation that had nothing to do answers with this name, at times without saying done, and cannot be polled.
	if strings.HasSuffix(op.Name, "DONE_OPERATION") {
		return nil
	}
	return c.follow(ctx, doing, "serviceusage.operations.get", serviceOperation(op), func(ctx context.Context) (operation, error) {
		next, err := c.services.Operations.Get(op.Name).Context(ctx).Do()
		return serviceOperation(next), err
	})
}

func serviceOperation(op *serviceusage.Operation) operation {
	switch {
	case op == nil:
		return operation{}
	case op.Error != nil:
		return operation{name: op.Name, done: op.Done, code: errorCode(op.Error.Code), message: op.Error.Message}
	}
	return operation{name: op.Name, done: op.Done}
}

// serviceStates keeps the states of each project's APIs.
type serviceStates struct {
	client *Client
	mu     sync.Mutex
	known  map[string]*projectServices
}

type projectServices struct {
	ask    coalescer[string, string]
	mu     sync.Mutex
	states map[string]string
	at     time.Time
	alone  bool // an API of the default set is not visible: names are asked for without it
}

func (s *serviceStates) project(project string) *projectServices {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]*projectServices{}
	}
	p, found := s.known[project]
	if !found {
		p = &projectServices{}
		p.ask = coalescer[string, string]{max: maxBatchGet, fetch: func(ctx context.Context, names []string) (map[string]string, error) {
			return s.client.batchGet(ctx, project, p, names)
		}}
		s.known[project] = p
	}
	return p
}

// forget drops all that is known. Reads in flight finish for the callers that wait for them, and serve no others.
func (s *serviceStates) forget(project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, project)
}

func (s *serviceStates) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.known)
}

func (s *serviceStates) get(ctx context.Context, project string, names []string) (map[string]string, error) {
	p, clock := s.project(project), s.client.clock
	states := map[string]string{}
	for chunk := range slices.Chunk(slices.Sorted(slices.Values(names)), maxBatchGet) {
		if have := p.have(clock, chunk); have != nil {
			for name, state := range have {
				states[name] = state
			}
			continue
		}
		got, err := p.ask.ask(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, name := range chunk {
			states[name] = got[name]
		}
	}
	return states, nil
}

// have returns the states of names if all are known and fresh.
func (p *projectServices) have(clock wait.Clock, names []string) map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if clock.Now().Sub(p.at) >= freshFor {
		return nil
	}
	have := map[string]string{}
	for _, name := range names {
		state, found := p.states[name]
		if !found {
			return nil
		}
		have[name] = state
	}
	return have
}

// batchGet reads the states of names, and of the default set on the way: others
// are about to ask for it, and it costs nothing more.
func (c *Client) batchGet(ctx context.Context, project string, p *projectServices, names []string) (map[string]string, error) {
	if have := p.have(c.clock, names); have != nil {
		return have, nil // answered while these questions waited
	}
	answer, err := c.askServices(ctx, project, p.padded(names))
	if invisible(err) {
		p.mu.Lock()
		p.alone = true
		p.mu.Unlock()
		answer, err = c.askServices(ctx, project, p.padded(names))
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := c.clock.Now(); now.Sub(p.at) >= freshFor || p.states == nil {
		p.states, p.at = map[string]string{}, now
	}
	states := map[string]string{}
	for _, s := range answer {
		_, name, _ := strings.Cut(s.Name, "/services/")
		p.states[name], states[name] = s.State, s.State
	}
	return states, nil
}

// padded returns names, and of the default set as many as fit one request, sorted.
func (p *projectServices) padded(names []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ask := slices.Clone(names)
	for _, name := range mesh.DefaultServices() {
		if !p.alone && len(ask) < maxBatchGet && !slices.Contains(ask, name) {
			ask = append(ask, name)
		}
	}
	slices.Sort(ask)
	return ask
}

// invisible reports whether a question names an API that does not exist, or that the caller may not see.
func invisible(err error) bool {
	var e *apierr.Error
	return errors.As(failed(err, "", ""), &e) && e.Reason == "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED"
}

// askServices reads the states of APIs together, and one by one where services.batchGet is not served.
func (c *Client) askServices(ctx context.Context, project string, ask []string) ([]*serviceusage.GoogleApiServiceusageV1Service, error) {
	ctx = chargedTo(ctx, project)
	full := make([]string, len(ask))
	for i, name := range ask {
		full[i] = "projects/" + project + "/services/" + name
	}
	answer, err := c.services.Services.BatchGet("projects/" + project).Names(full...).Fields("services(name,state)").Context(ctx).Do()
	if err == nil {
		return answer.Services, nil
	}
	if !apierr.NotFound(failed(err, "", "")) {
		return nil, err
	}
	var states []*serviceusage.GoogleApiServiceusageV1Service
	for _, name := range full {
		state, err := c.services.Services.Get(name).Fields("name,state").Context(ctx).Do()
		if err != nil {
			return nil, err
		}
		states = append(states, state)
	}
	return states, nil
}
