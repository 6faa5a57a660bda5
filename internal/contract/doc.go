// Package contract holds HTTP exchanges with Google APIs against Google's own description of them: the
// discovery documents that the module google.golang.org/api ships. It is used by tests only, of the
// simulator and of the clients that talk to it, so that one misunderstanding cannot sit on both sides.
//
// A [Checker] looks at a request and its response and returns what is wrong with either: a path, an HTTP
// method or a query parameter that the API does not have, a body with a field that its schema does not
// have, a value of another type or format, an enumeration value that is not listed, an error body that is
// not Google's. What a document does not say, it does not check: it has no required body fields and no
// ranges, and the meaning of a well-formed answer is for other tests.
//
// Messages in a google.protobuf.Any are checked by the type that their @type names, which is one of the
// document's API or one of Google's common types (google.rpc error details, audit log entries).
package contract
