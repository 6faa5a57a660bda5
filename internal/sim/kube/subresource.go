package kube

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// subresource answers what is below an object: its status, its scale, a pod's eviction and a service account's token.
func (k *call) subresource(verb string) (Response, *status) {
	o := k.c.get(k.r.id(), k.ns, k.name)
	switch {
	case k.sub == "status" && k.r.status && (verb == "get" || verb == "update" || verb == "patch"):
		if o == nil {
			return Response{}, errNotFound(k.r, k.name)
		}
		switch verb {
		case "get":
			return k.show(http.StatusOK, o), nil
		case "update":
			return k.update()
		}
		return k.patch()
	case k.sub == "scale" && k.r.scale && verb == "get":
		if o == nil {
			return Response{}, errNotFound(k.r, k.name)
		}
		return jsonAnswer(http.StatusOK, scaleOf(o)), nil
	case k.sub == "scale" && k.r.scale && (verb == "update" || verb == "patch"):
		return k.setScale(o)
	case k.sub == "eviction" && k.r.id() == resPods && verb == "create":
		return k.evict(o)
	case k.sub == "token" && k.r.id() == resAccounts && verb == "create":
		return k.token(o)
	case k.sub == "status" && k.r.status:
		return Response{}, errMethod()
	}
	return noSuchPath(), nil
}

func scaleOf(o Object) Object {
	return Object{
		"kind": "Scale", "apiVersion": "autoscaling/v1",
		"metadata": Object{
			"name":              name(o),
			"namespace":         namespace(o),
			"uid":               uid(o),
			"resourceVersion":   text(o, "metadata", "resourceVersion"),
			"creationTimestamp": text(o, "metadata", "creationTimestamp"),
		},
		"spec": Object{"replicas": numberOr(1, o, "spec", "replicas")}, "status": Object{"replicas": numberOr(0, o, "status", "replicas")},
	}
}

func (k *call) setScale(o Object) (Response, *status) {
	if o == nil {
		return Response{}, errNotFound(k.r, k.name)
	}
	var scale Object
	if err := decode(k.Body, &scale); err != nil {
		return Response{}, errBadRequest("error decoding patch: %v", err)
	}
	n, ok := number(scale, "spec", "replicas")
	if !ok || n < 0 {
		return Response{}, errBadRequest("spec.replicas must be a number that is not negative")
	}
	if rv := text(scale, "metadata", "resourceVersion"); rv != "" && rv != text(o, "metadata", "resourceVersion") {
		return Response{}, errConflict(k.r, k.name)
	}
	if numberOr(1, o, "spec", "replicas") != n && !k.dryRun {
		child(o, "spec")["replicas"] = n
		bumpGeneration(o)
		k.c.put(k.r.id(), o)
	}
	return jsonAnswer(http.StatusOK, scaleOf(o)), nil
}

// evict deletes a pod unless a PodDisruptionBudget forbids it.
func (k *call) evict(pod Object) (Response, *status) {
	if pod == nil {
		return Response{}, errNotFound(k.r, k.name)
	}
	var eviction Object
	if err := decode(k.Body, &eviction); err != nil {
		return Response{}, errBadRequest("couldn't get version/kind; json parse error: %v", err)
	}
	if n := name(eviction); n != "" && n != k.name {
		return Response{}, errBadRequest("name in URL does not match name in Eviction object")
	}
	if s := k.c.evictable(pod); s != nil {
		return Response{}, s
	}
	if !k.dryRun {
		k.c.remove(resPods, k.ns, k.name)
	}
	return jsonAnswer(http.StatusCreated,
		Object{"kind": "Status", "apiVersion": "v1", "metadata": Object{}, "status": "Success", "code": http.StatusCreated}), nil
}

// token answers a TokenRequest. The token has the form of a JWT and the claims of a real one; nothing takes it.
func (k *call) token(account Object) (Response, *status) {
	if account == nil {
		return Response{}, errNotFound(k.r, k.name)
	}
	request, s := k.body()
	if s != nil {
		return Response{}, s
	}
	const shortest, longest = 600, 1 << 32
	seconds := numberOr(3600, request, "spec", "expirationSeconds")
	review, expiration := &resource{group: groupAuth, kind: "TokenRequest"}, field.NewPath("spec", "expirationSeconds")
	switch {
	case seconds < shortest:
		return Response{}, errInvalid(review, k.name, field.Invalid(expiration, seconds, "may not specify a duration less than 10 minutes"))
	case seconds > longest:
		return Response{}, errInvalid(review, k.name, field.Invalid(expiration, seconds, "may not specify a duration larger than 2^32 seconds"))
	}
	audiences := items(request, "spec", "audiences")
	issuer := k.c.seed.url()
	if len(audiences) == 0 {
		audiences = []any{issuer}
	}
	const most = 48 * time.Hour // GKE's limit on what the server grants (inferred)
	expires := k.c.now.Add(min(time.Duration(seconds)*time.Second, most))
	subject := "system:serviceaccount:" + k.ns + ":" + k.name
	claims := Object{
		"aud": audiences, "exp": expires.Unix(), "iat": k.c.now.Unix(), "nbf": k.c.now.Unix(), "iss": issuer, "sub": subject,
		"kubernetes.io": Object{"namespace": k.ns, "serviceaccount": anyMap("name", k.name, "uid", uid(account))},
	}
	out := Object{
		"kind": "TokenRequest", "apiVersion": groupAuth + "/v1",
		"metadata": Object{"name": k.name, "namespace": k.ns, "creationTimestamp": stamp(k.c.now)},
		"spec":     Object{"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": nil},
		"status":   Object{"token": jwt(claims), "expirationTimestamp": stamp(expires)},
	}
	return jsonAnswer(http.StatusCreated, out), nil
}

func jwt(claims Object) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) // maps, lists, strings and numbers
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(anyMap("alg", "RS256", "kid", "simulated")) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(sum[:])
}

// review answers the kinds that are asked and not kept: what the caller may do, and who the caller is.
func (c *Cluster) review(k *call, group string, part []string) *Response {
	if k.Method != http.MethodPost || len(part) != 1 || k.version != "v1" {
		return nil
	}
	for _, r := range reviews[group] {
		if r.plural != part[0] {
			continue
		}
		k.r = r
		o, s := k.body()
		if s != nil {
			out := answer(s)
			return &out
		}
		o["apiVersion"], o["kind"] = group+"/v1", r.kind
		child(o, "metadata")["creationTimestamp"] = nil
		o["status"] = k.reviewed(o)
		out := jsonAnswer(http.StatusCreated, o)
		return &out
	}
	return nil
}

func (k *call) reviewed(o Object) Object {
	switch k.r.kind {
	case "SelfSubjectReview":
		return Object{"userInfo": Object{"username": k.User, "groups": []any{"system:authenticated"}}}
	case "SelfSubjectRulesReview":
		rule := Object{"verbs": []any{"*"}, "apiGroups": []any{"*"}, "resources": []any{"*"}}
		rules := []any{rule}
		switch {
		case !k.Allowed(false):
			rules = []any{}
		case !k.Allowed(true):
			rule["verbs"] = []any{"get", "list", "watch"}
		}
		return Object{"resourceRules": rules, "nonResourceRules": []any{}, "incomplete": false}
	}
	verb := text(o, "spec", "resourceAttributes", "verb")
	reads := verb == "get" || verb == "list" || verb == "watch"
	if text(o, "spec", "resourceAttributes", "resource") == resSecrets {
		reads = false
	}
	allowed := k.Allowed(!reads)
	if dig(o, "spec", "nonResourceAttributes") != nil {
		allowed = true // discovery and health are for all who have a token
	}
	if !allowed {
		return Object{"allowed": false, "reason": "the simulated project's IAM policy does not allow it"}
	}
	return Object{"allowed": true}
}
