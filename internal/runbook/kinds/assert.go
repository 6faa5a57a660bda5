package kinds

import (
	"context"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// assertOf is the assert with the name, the arguments and the check of an ensure.
func assertOf(e ensure) Def {
	d := Def{Kind: e.Kind, Where: e.Where}
	d.Action, d.Risk, d.Doc, d.Permissions = lang.Assert, lang.NoRisk, e.check, nil
	for _, p := range e.Permissions {
		if reads(p) {
			d.Permissions = append(d.Permissions, p)
		}
	}
	d.Look = func(ctx context.Context, env *Env, args Args) (Seen, error) {
		thing, err := e.Thing(env, args)
		if err != nil {
			return Seen{}, err
		}
		state, err := thing.Check(ctx, true)
		if err != nil {
			return Seen{}, err
		}
		seen := Seen{State: Holds, Text: thing.Subject() + ": " + e.is}
		if !state.Met() {
			seen.State, seen.Text = Fails, unmet(thing, state)
		}
		if e.Value != nil {
			seen.Value = e.Value(state)
		}
		return seen, nil
	}
	return d
}

// look is an assert of its own.
func look(kind lang.Kind, where func(Args) Place, look func(context.Context, *Env, Args) (Seen, error)) Def {
	kind.Action, kind.Risk = lang.Assert, lang.NoRisk
	return Def{Kind: kind, Where: where, Look: look}
}

// holdsIf is what an assert saw.
func holdsIf(so bool, holds, fails string) Seen {
	if so {
		return Seen{State: Holds, Text: holds}
	}
	return Seen{State: Fails, Text: fails}
}
