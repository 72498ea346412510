package operation

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/macie2"
)

// Kind is the form of a parameter's value.
type Kind int

// The kinds of parameters that operations have.
const (
	String Kind = iota
	Bool
	Integer
	StringList
	Structure
	StructureList
	Map
)

// IsList reports whether a flag of the kind takes several values, separated by spaces.
func (k Kind) IsList() bool { return k == StringList || k == StructureList }

// Param is one member of an operation's input.
type Param struct {
	Member   string // the contract's name
	Flag     string // as the AWS CLI spells it, without "--"
	Kind     Kind
	Required bool
	Enum     []string // of the value, or of a list's elements
}

// Verb is one operation of the API as a command.
type Verb struct {
	Operation string // the contract's name
	Name      string // as the AWS CLI spells it
	Params    []Param
	Paged     bool // takes and gives nextToken

	input func() any
	call  func(context.Context, *macie2.Client, any) (any, error)
}

// Verbs returns all operations, sorted by name. The verbs are shared: do not change them.
func Verbs() []*Verb { return slices.Clone(verbs) }

// Named returns the verb of that name, or nil.
func Named(name string) *Verb {
	for _, v := range verbs {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// HasParam reports whether the operation's input has the member.
func (v *Verb) HasParam(member string) bool {
	return slices.ContainsFunc(v.Params, func(p Param) bool { return p.Member == member })
}

// Call makes one call. in and the answer are JSON values (maps, slices, strings, numbers, booleans) under the contract's names. An error of
// the service is a smithy.APIError; a value of the wrong form is a *FormError, and nothing was sent.
func (v *Verb) Call(ctx context.Context, client *macie2.Client, in map[string]any) (map[string]any, error) {
	target := v.input()
	if err := decode(in, target); err != nil {
		return nil, err
	}
	out, err := v.call(ctx, client, target)
	if err != nil {
		return nil, err
	}
	answer, ok := encode(out).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: the answer is no structure", v.Operation)
	}
	return answer, nil
}

// CallPages makes calls until there are no more pages, or maxItems elements were collected (0 is all), and joins the pages' lists. The
// answer has a nextToken only where maxItems cut it short and the rest begins on a page of its own.
func (v *Verb) CallPages(ctx context.Context, client *macie2.Client, in map[string]any, maxItems int) (map[string]any, error) {
	request := make(map[string]any, len(in)+1)
	for name, value := range in {
		request[name] = value
	}
	var all map[string]any
	var pages Pages
	for {
		page, err := v.Call(ctx, client, request)
		if err != nil {
			return nil, err
		}
		token, _ := page["nextToken"].(string)
		delete(page, "nextToken")
		came := 0
		for _, value := range page {
			if list, ok := value.([]any); ok {
				came += len(list)
			}
		}
		collected := join(&all, page)
		if maxItems > 0 && collected >= maxItems {
			if cut(all, maxItems); token != "" {
				all["nextToken"] = token
			}
			return all, nil
		}
		more, err := pages.Next(token, came)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Operation, err)
		}
		if !more {
			return all, nil
		}
		request["nextToken"] = token
	}
}

// join appends the lists of a page to those of the pages before, and returns how long the longest is.
func join(all *map[string]any, page map[string]any) int {
	if *all == nil {
		*all = page
	} else {
		for name, value := range page {
			if list, ok := value.([]any); ok {
				before, _ := (*all)[name].([]any)
				(*all)[name] = append(before, list...)
			}
		}
	}
	longest := 0
	for _, value := range *all {
		if list, ok := value.([]any); ok {
			longest = max(longest, len(list))
		}
	}
	return longest
}

func cut(all map[string]any, n int) {
	for name, value := range all {
		if list, ok := value.([]any); ok && len(list) > n {
			all[name] = list[:n]
		}
	}
}
