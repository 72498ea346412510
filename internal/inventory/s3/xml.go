package s3

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Answers are read by a scanner of our own. Stores put bytes into keys that XML does not allow, which a strict parser refuses together
// with the whole page; here every byte of a text is what it is. Structure is held to strictly: an element that is not closed by its own
// name is an error, and so is what follows the root. There are no document types, so entities are the five that XML has and numbers.

var errXML = errors.New("it is not well-formed XML")

// Bounds of what is read of an answer.
const (
	maxDepth   = 16
	treeLimit  = 40_000 // elements and pieces of text
	maxEntity  = 12     // bytes between & and ;
	maxXMLName = 200
)

type tokenKind int

const (
	endOfText tokenKind = iota
	startElement
	endElement
	text
)

// scanner cuts XML into elements and texts.
type scanner struct {
	data  []byte
	at    int
	open  [maxDepth][]byte // names of the elements that are open
	depth int
	done  bool // the root is closed
	// pending is the end of an empty element.
	pending bool
}

// next returns the next token. name is the element's, without its namespace; raw is a text as it is written.
func (s *scanner) next() (kind tokenKind, name, raw []byte, err error) {
	if s.pending {
		s.pending = false
		return s.close()
	}
	for s.at < len(s.data) {
		if s.data[s.at] != '<' {
			end := bytes.IndexByte(s.data[s.at:], '<')
			if end < 0 {
				end = len(s.data) - s.at
			}
			raw = s.data[s.at : s.at+end]
			s.at += end
			if s.depth == 0 {
				if len(bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\uFEFF")))) > 0 {
					return 0, nil, nil, errXML
				}
				continue
			}
			return text, nil, raw, nil
		}
		rest := s.data[s.at:]
		switch {
		case bytes.HasPrefix(rest, []byte("<?")):
			if err := s.skip("?>"); err != nil {
				return 0, nil, nil, err
			}
		case bytes.HasPrefix(rest, []byte("<!--")):
			if err := s.skip("-->"); err != nil {
				return 0, nil, nil, err
			}
		case bytes.HasPrefix(rest, []byte("<!")):
			return 0, nil, nil, errXML // a document type, or CDATA, which no store writes
		case bytes.HasPrefix(rest, []byte("</")):
			end := bytes.IndexByte(rest, '>')
			if end < 0 {
				return 0, nil, nil, errXML
			}
			name := rest[2:end]
			for len(name) > 0 && isXMLSpace(name[len(name)-1]) {
				name = name[:len(name)-1]
			}
			name = local(name)
			s.at += end + 1
			if s.depth == 0 || !bytes.Equal(name, s.open[s.depth-1]) {
				return 0, nil, nil, errXML
			}
			return s.close()
		default:
			return s.start()
		}
	}
	if s.depth > 0 || !s.done {
		return 0, nil, nil, fmt.Errorf("%w: it ends too early", errXML)
	}
	return endOfText, nil, nil, nil
}

func (s *scanner) skip(to string) error {
	end := bytes.Index(s.data[s.at:], []byte(to))
	if end < 0 {
		return errXML
	}
	s.at += end + len(to)
	return nil
}

func (s *scanner) close() (tokenKind, []byte, []byte, error) {
	s.depth--
	s.done = s.depth == 0
	return endElement, s.open[s.depth], nil, nil
}

// start reads the start of an element, with its attributes, of which only xsi:type is ever of interest, and not to us.
func (s *scanner) start() (tokenKind, []byte, []byte, error) {
	if s.done || s.depth == maxDepth {
		return 0, nil, nil, errXML
	}
	i := s.at + 1
	begin := i
	for i < len(s.data) && !isXMLSpace(s.data[i]) && s.data[i] != '>' && s.data[i] != '/' {
		if s.data[i] == '<' || s.data[i] == '&' || s.data[i] == '"' || s.data[i] == '\'' || i-begin > maxXMLName {
			return 0, nil, nil, errXML
		}
		i++
	}
	name := local(s.data[begin:i])
	if len(name) == 0 {
		return 0, nil, nil, errXML
	}
	for i < len(s.data) {
		switch c := s.data[i]; c {
		case '>':
			s.at = i + 1
			s.pending = s.data[i-1] == '/'
			s.open[s.depth] = name
			s.depth++
			return startElement, name, nil, nil
		case '"', '\'':
			end := bytes.IndexByte(s.data[i+1:], c)
			if end < 0 {
				return 0, nil, nil, errXML
			}
			i += end + 2
		case '<':
			return 0, nil, nil, errXML
		default:
			i++
		}
	}
	return 0, nil, nil, errXML
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// local cuts the prefix of a namespace off a name.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// unescape replaces entities. It returns raw itself where there are none.
func unescape(raw []byte) ([]byte, error) {
	i := bytes.IndexByte(raw, '&')
	if i < 0 {
		return raw, nil
	}
	out := append(make([]byte, 0, len(raw)), raw[:i]...)
	for i < len(raw) {
		if raw[i] != '&' {
			out = append(out, raw[i])
			i++
			continue
		}
		end := bytes.IndexByte(raw[i:min(len(raw), i+maxEntity)], ';')
		if end < 0 {
			return nil, errXML
		}
		var err error
		if out, err = appendEntity(out, string(raw[i+1:i+end])); err != nil {
			return nil, err
		}
		i += end + 1
	}
	return out, nil
}

func appendEntity(out []byte, name string) ([]byte, error) {
	switch name {
	case "amp":
		return append(out, '&'), nil
	case "lt":
		return append(out, '<'), nil
	case "gt":
		return append(out, '>'), nil
	case "quot":
		return append(out, '"'), nil
	case "apos":
		return append(out, '\''), nil
	}
	if len(name) < 2 || name[0] != '#' {
		return nil, errXML
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || n >= 0xD800 && n < 0xE000 {
		return nil, errXML
	}
	return utf8.AppendRune(out, rune(n)), nil // characters that XML does not allow, too: keys have them
}

// node is an element of a small answer.
type node struct {
	name     string
	text     string
	children []*node
}

var noNode = &node{}

// child is the first child of that name, an empty one if there is none.
func (n *node) child(name string) *node {
	if n != nil {
		for _, c := range n.children {
			if c.name == name {
				return c
			}
		}
	}
	return noNode
}

// has reports whether there is a child of that name.
func (n *node) has(name string) bool { return n.child(name) != noNode }

// all are the children of that name.
func (n *node) all(name string) (list []*node) {
	for _, c := range n.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

// find is the first child of that name, or nil.
func (n *node) find(name string) *node {
	if c := n.child(name); c != noNode {
		return c
	}
	return nil
}

// parseTree reads a whole answer with at most so many elements and pieces of text.
func parseTree(data []byte, most int) (*node, error) {
	s := scanner{data: data}
	var stack []*node
	var root *node
	var value []byte // the text of the element on top of the stack
	for {
		kind, name, raw, err := s.next()
		if err != nil {
			return nil, err
		}
		if kind == startElement || kind == text {
			// Comments cut a text in as many pieces as whoever writes it likes.
			if most--; most < 0 {
				return nil, fmt.Errorf("%w: it has too many elements", errXML)
			}
		}
		switch kind {
		case endOfText:
			return root, nil
		case startElement:
			value = value[:0]
			n := &node{name: string(name)}
			if len(stack) == 0 {
				root = n
			} else {
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			}
			stack = append(stack, n)
		case endElement:
			if top := stack[len(stack)-1]; len(top.children) == 0 {
				top.text = string(value)
			}
			stack = stack[:len(stack)-1]
		case text:
			top := stack[len(stack)-1]
			if len(top.children) > 0 {
				continue // blanks between elements
			}
			part, err := unescape(raw)
			if err != nil {
				return nil, err
			}
			value = append(value, part...)
		}
	}
}
