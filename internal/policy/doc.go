// Package policy decides what IAM policy documents allow. It is pure: documents and a request in, a
// decision out.
//
// [Parse] reads a document and refuses whatever it could not evaluate, with the place and the
// reason, so that nothing is granted or withheld by a condition that nobody looked at. [Accept],
// for documents that are to be attached, also refuses what could never match where that would let
// somebody in. [Evaluate] decides over all documents that are attached to a principal:
//
//	a statement matches with Effect Deny    explicit deny, whatever else matches
//	a statement matches with Effect Allow   allowed
//	none matches                            implicit deny
//
// A statement matches when its Action, its Resource, its Principal (in trust policies) and every
// entry of its Condition do.
//
// document.go reads documents, accept.go says which may be attached, evaluate.go decides,
// condition.go has the operators, match.go wildcards, ARNs and policy variables, managed.go the
// documents that are built in under the names that people know.
//
// Where it is open what a condition means, less is allowed: of several values that a key has, all
// must do in an Allow and one in a Deny, and a variable without a value makes no exception from
// what an Allow leaves out. A decision takes a bounded number of steps.
//
// The rules are those of the IAM User Guide: "Policy evaluation logic", "IAM JSON policy elements
// reference", "Condition operators", "Single-valued vs. multivalued context keys".
package policy
