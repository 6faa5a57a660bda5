package kinds

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// The arguments that several kinds have.
var (
	argProject      = needed("project", cty.String, "ID or number of the project.", each(mesh.CheckProject))
	argFleetProject = needed("fleet_project", cty.String, "ID or number of the fleet's host project.", each(mesh.CheckProject))
	argMembership   = needed("membership", cty.String, "Full resource name of the membership, `projects/P/locations/L/memberships/M`.",
		each(checkMembership))
	argCluster = needed("cluster", cty.String, "Full resource name of the GKE cluster, `projects/P/locations/L/clusters/C`.",
		each(checkCluster))
	argRevision = needed("revision", cty.String,
		"Name of the managed revision: `asm-managed`, `asm-managed-rapid` or `asm-managed-stable`.", each(mesh.CheckRevision))
	argNamespace  = needed("namespace", cty.String, "Name of the namespace.", each(cluster.CheckNamespace))
	argNamespaces = optional("namespaces", cty.Set(cty.String), cty.NilVal, "Namespaces to check. Default: all that have proxies.",
		each(cluster.CheckNamespace))
	argCodes = needed("codes", cty.Set(cty.String),
		"Codes of findings, such as `workload-pool-missing`; with a detail one of several: `revision-stalled:channel-missing`.",
		each(checkCode))
	argSince = optional("since", cty.String, cty.StringVal("24h"), "How far back logs are searched, as a duration.", each(checkSince))
)

// placed prepends the two arguments by which a cluster is reached.
func placed(others ...lang.Arg) []lang.Arg {
	return append([]lang.Arg{
		optional("membership", cty.String, cty.NilVal,
			"Full resource name of the cluster's membership: it is reached through Connect Gateway. Either this or `cluster`.",
			each(checkMembership)),
		optional("cluster", cty.String, cty.NilVal,
			"Full resource name of the GKE cluster: it is reached at its own endpoint. Either this or `membership`.", each(checkCluster)),
	}, others...)
}

func needed(name string, ty cty.Type, doc string, check func(cty.Value) error) lang.Arg {
	return lang.Arg{Name: name, Type: ty, Required: true, Doc: doc, Check: check}
}

func optional(name string, ty cty.Type, otherwise cty.Value, doc string, check func(cty.Value) error) lang.Arg {
	return lang.Arg{Name: name, Type: ty, Default: otherwise, Doc: doc, Check: check}
}

// each checks a text, or each of a set of texts.
func each(check func(string) error) func(cty.Value) error {
	return func(v cty.Value) error {
		if v.Type() == cty.String {
			return check(v.AsString())
		}
		for it := v.ElementIterator(); it.Next(); {
			_, item := it.Element()
			if item.IsNull() {
				return errors.New("an element is null")
			}
			if err := check(item.AsString()); err != nil {
				return err
			}
		}
		return nil
	}
}

// oneOf accepts only these texts.
func oneOf(known ...string) func(cty.Value) error {
	return each(func(text string) error {
		if slices.Contains(known, text) {
			return nil
		}
		return fmt.Errorf("%q is not one of %s", text, strings.Join(known, ", "))
	})
}

func checkMembership(name string) error { _, err := mesh.ParseMembership(name); return err }

func checkCluster(name string) error { _, err := mesh.ParseCluster(name); return err }

// maxSince is how long Cloud Logging keeps the searched logs by default.
const maxSince = 30 * 24 * time.Hour

func checkSince(text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a duration, such as 30m or 24h", text)
	case d <= 0 || d > maxSince:
		return fmt.Errorf("%q must be longer than zero and at most 30 days (720h), for which Cloud Logging keeps logs", text)
	}
	return nil
}
