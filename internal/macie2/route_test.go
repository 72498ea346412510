package macie2

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRoute(t *testing.T) {
	for _, c := range []struct {
		method, path, op, label string
		methods                 string
	}{
		{"POST", "/invitations", "CreateInvitations", "", ""},
		{"GET", "/invitations", "ListInvitations", "", ""},
		{"GET", "/invitations/count", "GetInvitationsCount", "", ""},
		{"GET", "/members/111122223333", "GetMember", "111122223333", ""},
		{"POST", "/members/disassociate/111122223333", "DisassociateMember", "111122223333", ""},
		{"GET", "/members/disassociate", "GetMember", "disassociate", ""},
		{"PATCH", "/macie/members/111122223333", "UpdateMemberSession", "111122223333", ""},
		{"GET", "/tags/arn%3Aaws%3Amacie2%3Aus-east-1%3A111122223333%3Amember%2F444455556666", "ListTagsForResource",
			"arn:aws:macie2:us-east-1:111122223333:member/444455556666", ""},
		{"GET", "/tags/arn:aws:macie2:us-east-1:111122223333:", "ListTagsForResource", "arn:aws:macie2:us-east-1:111122223333:", ""},
		{"GET", "/findings/describe/reveal", "GetSensitiveDataOccurrences", "describe", ""},
		{"GET", "/findings/a%20b+c/reveal/availability", "GetSensitiveDataOccurrencesAvailability", "a b+c", ""},
		{"GET", "/tags/arn:aws/member", "", "", ""}, // a bare slash parts segments
		{"PUT", "/invitations", "", "", "GET POST"},
		{"HEAD", "/macie", "", "", "DELETE GET PATCH POST"},
		{"get", "/macie", "", "", "DELETE GET PATCH POST"},
		{"GET", "/", "", "", ""},
		{"GET", "", "", "", ""},
		{"GET", "*", "", "", ""},
		{"GET", "/members/", "", "", ""},
		{"GET", "//members", "", "", ""},
		{"GET", "/members//111122223333", "", "", ""},
		{"GET", "/macie/", "", "", ""},
		{"GET", "/Macie", "", "", ""},
		{"GET", "/macie/members", "", "", ""},
		{"GET", "/members/%zz", "", "", ""},
		{"GET", "/members/..", "GetMember", "..", ""},
	} {
		op, labels, methods := Route(c.method, c.path)
		var name, label string
		if op != nil {
			name = op.Name
		}
		if len(labels) > 0 {
			label = labels[0].Value
		}
		if name != c.op || label != c.label || strings.Join(methods, " ") != c.methods {
			t.Errorf("%s %s: got %q, label %q, methods %v; want %q, %q, %s", c.method, c.path, name, label, methods, c.op, c.label, c.methods)
		}
	}
}

// TestEveryOperationIsRouted holds that no route hides another.
func TestEveryOperationIsRouted(t *testing.T) {
	if len(Operations()) != 81 {
		t.Fatalf("%d operations", len(Operations()))
	}
	if !slices.IsSortedFunc(Operations(), func(a, b *Operation) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("operations are not sorted")
	}
	for _, op := range Operations() {
		found, _, _ := Route(op.Method, op.URI)
		if found != op {
			t.Errorf("%s %s: got %v", op.Method, op.URI, found)
		}
		if OperationNamed(op.Name) != op {
			t.Errorf("OperationNamed(%q): got another", op.Name)
		}
	}
	if op := OperationNamed("GetNothing"); op != nil {
		t.Errorf("GetNothing: got %v", op)
	}
}

// TestBinders holds that there is a binder for each operation and that it binds
// that one, once.
func TestBinders(t *testing.T) {
	r := NewRegistry()
	v := reflect.ValueOf(r)
	binders := 0
	for i := range v.NumMethod() {
		name, ok := strings.CutPrefix(v.Type().Method(i).Name, "Bind")
		if !ok {
			continue
		}
		binders++
		bind := v.Method(i)
		f := reflect.MakeFunc(bind.Type().In(0), func([]reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.Zero(bind.Type().In(0).Out(0)), reflect.Zero(bind.Type().In(0).Out(1))}
		})
		if r.Bound(name) {
			t.Errorf("%s is bound by another's binder", name)
		}
		bind.Call([]reflect.Value{f})
		if !r.Bound(name) {
			t.Errorf("Bind%s did not bind it", name)
		}
		out, err := r.Invoke(t.Context(), OperationNamed(name), &Call{}, OperationNamed(name).newInput())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := string(AppendJSON(nil, out)); got != "{}" {
			t.Errorf("%s without an answer: got %s", name, got)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was bound twice", name)
				}
			}()
			bind.Call([]reflect.Value{f})
		}()
	}
	if binders != 81 {
		t.Errorf("%d binders", binders)
	}
	if got := Coverage(r); !strings.Contains(got, "81 of 81") || strings.Count(got, "\n| ") != 81+1 {
		t.Errorf("coverage:\n%s", got)
	}
}

func TestNotBound(t *testing.T) {
	_, err := NewRegistry().Invoke(t.Context(), OperationNamed("ListFindings"), &Call{}, &ListFindingsInput{})
	if want := ErrNotImplemented("ListFindings"); !reflect.DeepEqual(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if got := Coverage(NewRegistry()); !strings.Contains(got, "0 of 81") {
		t.Errorf("coverage:\n%s", got)
	}
}
