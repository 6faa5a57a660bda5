package kube

import (
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A status is the metav1.Status of a refused request. Its texts are those of
// apimachinery, from which the real API server takes them, too.
type status = apierrors.StatusError

// body is the status as a document.
func body(s *status) metav1.Status {
	out := s.ErrStatus
	out.Kind, out.APIVersion = "Status", "v1"
	return out
}

func (r *resource) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.group, Resource: r.plural}
}

func (r *resource) groupKind() schema.GroupKind {
	return schema.GroupKind{Group: r.group, Kind: r.kind}
}

func errNotFound(r *resource, name string) *status {
	return apierrors.NewNotFound(r.groupResource(), name)
}

func errConflict(r *resource, name string) *status {
	return apierrors.NewConflict(r.groupResource(), name,
		errors.New("the object has been modified; please apply your changes to the latest version and try again"))
}

func errPrecondition(r *resource, name, want, have string) *status {
	//nolint:staticcheck // the API server's words
	cause := fmt.Errorf("Precondition failed: UID in precondition: %s, UID in object meta: %s", want, have)
	return apierrors.NewConflict(r.groupResource(), name, cause)
}

func errBadRequest(format string, args ...any) *status {
	return apierrors.NewBadRequest(fmt.Sprintf(format, args...))
}

func errInvalid(r *resource, name string, problems ...*field.Error) *status {
	return apierrors.NewInvalid(r.groupKind(), name, problems)
}

// errPlain is how the API server answers an error that has no status.
func errPlain(err error) *status {
	return &status{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}}
}

// errGeneric has only the words that the API server has for a status code.
func errGeneric(code int) *status {
	return apierrors.NewGenericServerResponse(code, "", schema.GroupResource{}, "", "", 0, false)
}

func errMethod() *status { return errGeneric(http.StatusMethodNotAllowed) }

func errMediaType(accepted string) *status {
	return &status{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: "the body of the request was in an unknown format - accepted media types include: " + accepted,
	}}
}

func errGone(from, have uint64) *status {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", from, have))
}

// errExpired refuses a continue token. Its own token continues the list, which is then inconsistent.
func errExpired(next string) *status {
	s := apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, " +
		"or use the continue token in this response to retrieve the remainder of the results. " +
		"Continuing with the provided token results in an inconsistent list - objects that were created, " +
		"modified, or deleted between the time the first chunk was returned and now may show up in the list.")
	s.ErrStatus.Continue = next
	return s
}

// errForbidden has the words of RBAC.
func errForbidden(user, verb string, r *resource, sub, ns, name string) *status {
	full := r.plural
	if sub != "" {
		full += "/" + sub
	}
	scope := "at the cluster scope"
	if ns != "" {
		scope = fmt.Sprintf("in the namespace %q", ns)
	}
	//nolint:staticcheck // the API server's words
	cause := fmt.Errorf("User %q cannot %s resource %q in API group %q %s", user, verb, full, r.group, scope)
	return apierrors.NewForbidden(r.groupResource(), name, cause)
}

// Unauthorized is the answer to a token that the cluster does not know.
func Unauthorized() Response { return answer(apierrors.NewUnauthorized("Unauthorized")) }
