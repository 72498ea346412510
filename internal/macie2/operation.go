package macie2

import (
	"context"
	"fmt"
	"slices"
)

// Operation is one operation of the contract.
type Operation struct {
	Name   string
	Method string
	URI    string      // with {label}s, such as /members/{id}
	Status int         // of an answer without error
	Errors []Exception // those the contract declares for it

	// Action is the operation's name in permissions, such as
	// macie2:CreateInvitations.
	Action string

	newInput func() Input
	resource func(Input) (kind, id string)                          // nil: it is about none in particular
	tags     func(Input) (tags map[string]string, tagKeys []string) // nil: it names none
}

// Resource is the resource that a call is about: its type, as ARNs name it, and its id. Both are
// empty for operations that are about no resource in particular. A type that is empty beside an id
// means that the id is an ARN, as the caller spelt it.
func (op *Operation) Resource(in Input) (kind, id string) {
	if op.resource == nil || in == nil {
		return "", ""
	}
	if kind, id = op.resource(in); id == "" {
		return "", ""
	}
	return kind, id
}

// Tags are the tags that a call gives, and the keys of those that it takes away.
func (op *Operation) Tags(in Input) (tags map[string]string, keys []string) {
	if op.tags == nil || in == nil {
		return nil, nil
	}
	return op.tags(in)
}

// Operations returns the 81 operations, sorted by name.
func Operations() []*Operation { return slices.Clone(operations) }

// OperationNamed returns the operation of that name, or nil.
func OperationNamed(name string) *Operation {
	i, found := slices.BinarySearchFunc(operations, name, func(op *Operation, name string) int {
		switch {
		case op.Name < name:
			return -1
		case op.Name > name:
			return 1
		}
		return 0
	})
	if !found {
		return nil
	}
	return operations[i]
}

// Input is what an operation takes: one of the generated <Operation>Input.
type Input interface {
	decode(*Request) error
	check() error
}

// Output is what an operation answers: one of the generated <Operation>Output.
type Output interface {
	appendJSON([]byte) []byte
}

// Decode reads r as the operation's input. What does not fit is a
// ValidationException that names the member; constraints are left to Check.
func (op *Operation) Decode(r *Request) (Input, error) {
	in := op.newInput()
	if err := in.decode(r); err != nil {
		return nil, refusal(err)
	}
	return in, nil
}

// Check tells whether in keeps the contract's constraints: required members,
// enumerations, patterns, lengths and ranges. What does not is a
// ValidationException that names the member.
func (op *Operation) Check(in Input) error {
	if err := in.check(); err != nil {
		return refusal(err)
	}
	return nil
}

// Registry holds which operations are built, and by whom. Domains bind their
// operations while the server is put together; after that it is only read, from
// any goroutine.
type Registry struct {
	bound map[string]func(context.Context, *Call, Input) (Output, error)
}

// NewRegistry returns a Registry in which nothing is bound.
func NewRegistry() *Registry {
	return &Registry{bound: make(map[string]func(context.Context, *Call, Input) (Output, error))}
}

// Bound reports whether the operation of that name is built.
func (r *Registry) Bound(name string) bool { return r.bound[name] != nil }

// Invoke runs the implementation of op on an input that op.Decode returned. An
// operation that is not bound gives a NotImplementedException that names it.
func (r *Registry) Invoke(ctx context.Context, op *Operation, call *Call, in Input) (Output, error) {
	f := r.bound[op.Name]
	if f == nil {
		return nil, ErrNotImplemented(op.Name)
	}
	return f(ctx, call, in)
}

// bind makes f the implementation of op. In, Out are the generated structs.
func bind[In, Out any, PIn inputOf[In], POut outputOf[Out]](r *Registry, op *Operation, f func(context.Context, *Call, PIn) (POut, error)) {
	if f == nil {
		panic("macie2: nil bound to " + op.Name)
	}
	if r.Bound(op.Name) {
		panic("macie2: " + op.Name + " is bound twice")
	}
	r.bound[op.Name] = func(ctx context.Context, call *Call, in Input) (Output, error) {
		typed, ok := in.(PIn)
		if !ok {
			return nil, fmt.Errorf("invoke %s: the input is a %T", op.Name, in)
		}
		out, err := f(ctx, call, typed)
		if err != nil {
			return nil, err
		}
		if out == nil { // nothing to say is an empty answer
			out = new(Out)
		}
		return out, nil
	}
}

type inputOf[T any] interface {
	*T
	Input
}

type outputOf[T any] interface {
	*T
	Output
}
