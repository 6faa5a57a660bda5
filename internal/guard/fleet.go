package guard

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

const forget = "To hand it over to another owner, forget it: removed { lifecycle { destroy = false } }."

// membershipNeed names a membership in its fleet; one without a location is global.
func membershipNeed(fleet, location, id string) need {
	if location == "" {
		location = "global"
	}
	return need{membership, fleet, location + "/" + id}
}

// hubMembership judges google_gke_hub_membership.
func hubMembership(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	if j.foreign(v.get("project").text()) {
		return
	}
	id := v.get("membership_id")
	name := v.get("project").showOr("PROJECT") + "/" + v.get("location").showOr("global") + "/" + id.showOr("MEMBERSHIP")
	n := membershipNeed(j.canon(v.get("project").text()), v.get("location").text(), id.text())
	e := effect{need: n, subject: name, code: MembershipGone}
	issuer := c.before.at("authority", "issuer").text()
	now := c.after.at("authority", "issuer")
	dropped := issuer != "" && (s == updates || c.replaces()) && !now.isUnknown() && now.text() != issuer
	switch {
	case s == creates:
		e.act = gives
	case s == deletes && c.kept():
		return
	case s == deletes && dropped:
		e.act, e.code, e.reason = takes, identityCode(now), "It replaces the membership "+name+" because its authority is removed or changed: "+
			"the "+
			"membership is deleted with the mesh's spec, and comes back without the identity."
		e.instead = "Keep authority { issuer = … } as it is (the cluster's own issuer)."
	case s == deletes:
		e.act, e.reason = takes, "It deletes the membership "+name+", and with it what the fleet's features say of it."
		e.instead = "Keep the membership. " + forget
	case dropped:
		e.kind, e.act, e.code, e.reason = identity, takes, identityCode(now), "It changes or clears the identity provider of the membership "+
			""+name+"."
		e.instead = "Keep authority { issuer = … } as it is (the cluster's own issuer)."
	case now.isUnknown() && issuer != "":
		e.kind, e.act, e.code, e.reason = identity, unclear, catalogue.IdentityWrong, "The issuer of the membership "+name+" is known only "+
			"after apply."
	default:
		return
	}
	j.add(e)
}

func identityCode(issuer value) catalogue.Code {
	if issuer.text() == "" {
		return catalogue.IdentityMissing
	}
	return catalogue.IdentityWrong
}

// hubFeature judges google_gke_hub_feature.
func hubFeature(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	if lastPart(v.get("name").text()) != mesh.FeatureID || j.foreign(v.get("project").text()) {
		return
	}
	on := v.get("project").showOr("the fleet")
	e := effect{need: need{feature, j.canon(v.get("project").text()), ""}, subject: on}
	switch s {
	case creates:
		e.act, e.code = gives, catalogue.FeatureDisabled
	case deletes:
		if c.kept() {
			return
		}
		e.act, e.code, e.reason = takes, catalogue.FeatureDisabled, "It disables the mesh feature of the fleet of "+on+"."
		e.instead = "Keep the feature. " + forget
	default:
		was := c.before.at("fleet_default_member_config", "mesh", "management")
		now := c.after.at("fleet_default_member_config", "mesh", "management")
		if was.text() != mesh.ManagementAutomatic || now.text() == was.text() {
			return
		}
		e.kind, e.act, e.code = management, unclear, catalogue.ManagementDiffers
		e.reason = "It changes the fleet's default away from " + mesh.ManagementAutomatic + ": memberships that follow the default lose " +
			"Google's " +
			"management. Which do is not in the plan."
		e.instead = "Keep fleet_default_member_config { mesh { management = \"" + mesh.ManagementAutomatic + "\" } }, or set management for " +
			"each membership first " +
			"(asm_mesh_management)."
	}
	j.add(e)
}

// hubFeatureMembership judges google_gke_hub_feature_membership.
func hubFeatureMembership(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	if lastPart(v.get("feature").text()) != mesh.FeatureID || j.foreign(v.get("project").text()) {
		return
	}
	j.managed(c, s, v, managementNeed(v.get("membership").text(), v.get("membership_location").text()), membershipManagement)
}

// membershipManagement is how the mesh of a membership is managed. control_plane is the older field.
func membershipManagement(v value) value {
	m := v.at("mesh", "management")
	if m.text() != "" || m.isUnknown() {
		return m
	}
	old := v.at("mesh", "control_plane")
	switch old.text() {
	case "AUTOMATIC":
		old.raw = mesh.ManagementAutomatic
	case "MANUAL":
		old.raw = mesh.ManagementManual
	}
	return old
}

// managementNeed names a membership by its location and its id. A location that is not given may be any.
func managementNeed(membership, location string) need {
	if m, err := mesh.ParseMembership(membership); err == nil {
		location = m.Location
	}
	return need{management, location, lastPart(membership)}
}

// managed judges a membership's management, whichever resource has it. v is what names the membership.
func (j *judge) managed(c *change, s step, v value, n need, of func(value) value) {
	was, now := of(c.before), of(c.after)
	shown := v.get("membership").showOr("MEMBERSHIP")
	e := effect{
		need: n, subject: shown,
		instead: "Keep management = \"" + mesh.ManagementAutomatic + "\". " + forget,
	}
	automatic := func(v value) bool { return v.text() == mesh.ManagementAutomatic }
	switch s {
	case deletes:
		if c.kept() {
			return
		}
		e.act, e.code, e.reason = takes, catalogue.NotManaged, "It deletes the mesh's spec of the membership "+shown+"."
	case creates:
		e.code = catalogue.ManagementDiffers
		switch {
		case automatic(now):
			e.act = gives
		case now.isUnknown() || now.text() != "":
			e.act, e.reason = unclear, "It sets the management of the membership "+shown+" to "+now.showOr("what is known after apply")+"; what "+
				"it is now is "+
				"not in the plan."
		default:
			return
		}
	default:
		e.code = catalogue.ManagementDiffers
		switch {
		case automatic(now):
			e.act = gives
		case !automatic(was):
			return
		case now.isUnknown() || c.after.get("mesh").isUnknown():
			e.act, e.reason = unclear, "The management of the membership "+shown+" is known only after apply."
		default:
			e.act, e.reason = takes, "It changes the management of the membership "+shown+" from "+was.show()+" to "+
				strings.TrimSpace(now.showOr("none"))+"."
		}
	}
	j.add(e)
}
