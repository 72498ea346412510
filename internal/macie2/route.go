package macie2

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Route finds the operation for a method and a path, which is taken as it came,
// still escaped: %2F inside an ARN is part of the label, and neither // nor a
// slash at the end is forgiven. Where the path is known but not with that
// method, op is nil and methods says which there are; where the path is
// unknown, both are.
func Route(method, escapedPath string) (op *Operation, labels []PathLabel, methods []string) {
	end, labels := routes().find(escapedPath, nil)
	if end == nil {
		return nil, nil, nil
	}
	if op = end.operations[method]; op == nil {
		return nil, nil, slices.Sorted(maps.Keys(end.operations))
	}
	return op, labels, nil
}

// routeNode is what there is after the path so far.
type routeNode struct {
	segments   map[string]*routeNode // by the next segment
	label      *routeNode            // whatever the next segment is
	labelName  string
	operations map[string]*Operation // by method, when nothing follows
}

var routes = sync.OnceValue(func() *routeNode {
	root := &routeNode{}
	for _, op := range operations {
		at := root
		for segment := range strings.SplitSeq(op.URI[1:], "/") {
			at = at.next(segment)
		}
		if at.operations == nil {
			at.operations = map[string]*Operation{}
		}
		at.operations[op.Method] = op
	}
	return root
})

// next returns the node after segment, which it makes if there is none.
func (n *routeNode) next(segment string) *routeNode {
	if name, isLabel := strings.CutPrefix(segment, "{"); isLabel {
		if n.label == nil {
			n.label, n.labelName = &routeNode{}, strings.TrimSuffix(name, "}")
		}
		return n.label
	}
	if n.segments == nil {
		n.segments = map[string]*routeNode{}
	}
	if n.segments[segment] == nil {
		n.segments[segment] = &routeNode{}
	}
	return n.segments[segment]
}

// find follows path. A word of the contract goes before a label, but not where
// it leads nowhere: /findings/describe/reveal is about a finding of that name.
func (n *routeNode) find(path string, labels []PathLabel) (*routeNode, []PathLabel) {
	if path == "" {
		if n.operations == nil {
			return nil, nil
		}
		return n, labels
	}
	if path[0] != '/' {
		return nil, nil
	}
	segment, rest := path[1:], ""
	if slash := strings.IndexByte(segment, '/'); slash >= 0 {
		segment, rest = segment[:slash], segment[slash:]
	}
	if next := n.segments[segment]; next != nil {
		if end, found := next.find(rest, labels); end != nil {
			return end, found
		}
	}
	if n.label == nil || segment == "" {
		return nil, nil
	}
	value, err := url.PathUnescape(segment)
	if err != nil {
		return nil, nil
	}
	return n.label.find(rest, append(labels, PathLabel{n.labelName, value}))
}
