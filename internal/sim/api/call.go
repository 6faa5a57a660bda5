package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// A Reply is an answer before it is written.
type Reply struct {
	Status      int
	ContentType string
	Body        []byte
	// watch is a stream that follows instead of a body.
	Watch *kube.Watch
}

// JSON is an answer with a JSON document, indented as the APIs do by default.
func JSON(status int, v any) Reply {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return Reply{Status: http.StatusInternalServerError, ContentType: "text/plain; charset=UTF-8", Body: []byte(err.Error())}
	}
	return Reply{Status: status, ContentType: jsonType, Body: append(body, '\n')}
}

// CompactJSON is for answers that may be large.
func CompactJSON(status int, v any) Reply {
	body, err := json.Marshal(v)
	if err != nil {
		return Reply{Status: http.StatusInternalServerError, ContentType: "text/plain; charset=UTF-8", Body: []byte(err.Error())}
	}
	return Reply{Status: status, ContentType: jsonType, Body: append(body, '\n')}
}

const jsonType = "application/json; charset=UTF-8"

// A call is one request to one method. The world is locked while it is answered.
type call struct {
	w     *world.World
	quota *quotas
	ca    []byte // the PEM that signs for every cluster's endpoint
	now   time.Time
	api   *API
	host  string // that was called; an API may have several
	route *route

	r      *http.Request
	params map[string]string
	query  url.Values
	body   []byte
	who    world.Actor

	// record is the audit entry of a write. A handler creates it before it checks anything, so that a failed attempt is
	// logged too.
	record *world.AuditRecord
	// skipServiceCheck lets a call pass although the API is disabled.
	skipServiceCheck bool
}

// begin starts an operation whose audit entries are those of the call.
func (c *call) begin(op *world.Operation, takes wire.Duration) *world.Operation {
	c.record, op.Audit = c.record.AsOperation(op.Name)
	return c.w.Begin(op, c.now, takes)
}

// decode reads the body as a message; an unknown field is refused.
func (c *call) decode(v any) *wire.Error {
	if len(strings.TrimSpace(string(c.body))) == 0 {
		return nil
	}
	err := wire.DecodeStrict(c.body, v)
	var fe *wire.FieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fe) && fe.Name != "":
		where := ""
		if fe.Path != "" {
			where = " at '" + fe.Path + "'"
		}
		return wire.UnknownField(fe.Name, where+": Cannot find field.")
	default:
		return wire.Invalid("Invalid JSON payload received. %s", err)
	}
}

// refuseBody refuses a body where the method has no message for one. The words
// for a field are those of any unknown field, the others inferred.
func (c *call) refuseBody() *wire.Error {
	if !c.route.noBody && c.route.method != http.MethodGet && c.route.method != http.MethodDelete {
		return nil
	}
	if len(strings.TrimSpace(string(c.body))) == 0 {
		return nil
	}
	if err := c.decode(&struct{}{}); err != nil {
		return err
	}
	return wire.Invalid("Invalid JSON payload received. The method takes no request body.")
}

// boolean reads a query parameter that was checked already; gcloud writes "True".
func (c *call) boolean(name string) bool {
	b, err := strconv.ParseBool(strings.ToLower(c.param(name)))
	return err == nil && b
}

// param reads a query parameter by either spelling of its name.
func (c *call) param(name string) string {
	if c.query.Has(name) {
		return c.query.Get(name)
	}
	for k, v := range c.query {
		if wire.LowerCamel(k) == name && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// page reads pageSize and pageToken, which is an offset.
func (c *call) page(def, most int) (offset, size int, err *wire.Error) {
	size = def
	if v := c.param("pageSize"); v != "" {
		n, e := strconv.Atoi(v) // an int32: the query was checked
		if e != nil || n < 0 {
			return 0, 0, wire.Invalid("page_size must not be negative: %s", v)
		}
		if n > 0 {
			size = n
		}
	}
	if most > 0 && size > most {
		size = most
	}
	if v := c.param("pageToken"); v != "" {
		n, e := strconv.Atoi(strings.TrimPrefix(v, "page-"))
		if e != nil || n < 0 {
			return 0, 0, wire.Invalid("The page token is invalid.")
		}
		offset = n
	}
	return offset, size, nil
}

// onePage cuts the page of a call out of a list.
func onePage[T any](c *call, list []T, def, most int) ([]T, string, *wire.Error) {
	offset, size, err := c.page(def, most)
	if err != nil {
		return nil, "", err
	}
	list, next := pageOf(list, offset, size)
	return list, next, nil
}

// pageOf cuts one page out of a list; size 0 means everything.
func pageOf[T any](list []T, offset, size int) ([]T, string) {
	if offset > len(list) {
		offset = len(list)
	}
	list = list[offset:]
	if size > 0 && len(list) > size {
		return list[:size], "page-" + strconv.Itoa(offset+size)
	}
	return list, ""
}

// parseForm reads a form from a body that was already read.
func parseForm(r *http.Request, body []byte) (url.Values, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var m map[string]string
		if err := json.Unmarshal(body, &m); err != nil {
			return nil, err
		}
		form := url.Values{}
		for k, v := range m {
			form.Set(k, v)
		}
		return form, nil
	}
	return url.ParseQuery(string(body))
}

// answer runs the method and logs a write, a failed one too.
func (c *call) answer(authErr *wire.Error) Reply {
	err := authErr
	if err == nil {
		err = c.route.checkQuery(c.r.URL.RawQuery)
	}
	var mask fieldMask
	if err == nil {
		mask, err = c.fields()
	}
	if err == nil {
		err = c.refuseBody()
	}
	var out any
	if err == nil {
		out, err = c.route.handle(c)
	}
	if c.record != nil {
		if err != nil {
			c.record.Code, c.record.Message = err.RPCCode(), err.Status
			c.record.ServiceData, c.record.Response = nil, nil
		}
		c.w.AppendAudit(c.record, c.now)
	}
	if err != nil {
		return JSON(err.HTTPStatus(), err.Envelope(c.api.legacy))
	}
	if mask != nil {
		raw, failed := json.Marshal(out)
		if failed != nil {
			return JSON(http.StatusInternalServerError, wire.NewError(wire.StatusInternal, "%v", failed).Envelope(c.api.legacy))
		}
		out = json.RawMessage(mask.prune(raw))
	}
	if pretty := c.query.Get("prettyPrint"); pretty == "false" || c.query.Get("$prettyPrint") == "false" {
		return CompactJSON(http.StatusOK, out)
	}
	return JSON(http.StatusOK, out)
}
