// Package macie2 is the contract: everything that Amazon Macie's API
// (2020-01-01) says about what travels, as Go.
//
// It owns the wire types, enumerations and exceptions, the decoding of
// requests, the constraints that the model puts on them, the encoding of
// answers, the route table, and the Registry to which domains bind their
// implementation of an operation. It knows neither net/http nor any domain, and
// does no I/O.
//
// # What it promises
//
//   - All 81 operations are here, under the contract's own names. Structures are
//     called as in the model; what an operation takes and gives is
//     <Operation>Input and <Operation>Output.
//   - Scalars, enumerations and structures are pointers, lists and maps are
//     slices and maps: nil is "absent", an empty list is written as [], false
//     and 0 behind a pointer are written.
//   - A request is read strictly. Wrong types, duplicate names, invalid UTF-8,
//     U+0000, trailing data and nesting past 64 levels are refused; members that
//     the contract does not have are ignored, as AWS does; null is "absent" for
//     a member and refused inside a list or a map. What is wrong is always a
//     ValidationException that names the member by its path, such as
//     accountIds[3], and never repeats unbounded input.
//   - Decoding and checking are two steps, [Operation.Decode] and
//     [Operation.Check], since permission is decided between them.
//
// # Where to start
//
// The files named *_gen.go are written by internal/macie2/gen from
// api/macie2.json; `go generate ./...` writes them again and a test holds that
// this changes nothing. By hand are errors.go (Error and its constructors),
// call.go (who calls), operation.go (Operation and Registry), request.go and
// decode.go (from bytes to inputs), check.go, encode.go, coverage.go.
//
// A domain writes
//
//	func (s *Service) CreateInvitations(ctx context.Context, call *macie2.Call, in *macie2.CreateInvitationsInput) (*macie2.CreateInvitationsOutput, error)
//
// and binds it with [Registry.BindCreateInvitations].
package macie2

//go:generate go run ./gen -model ../../api/macie2.json -out .
