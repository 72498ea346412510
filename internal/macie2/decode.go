package macie2

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds how deep a body nests. The contract's own requests nest 8 deep.
const maxDepth = 64

// jsonDecoder is a structure that can read itself.
type jsonDecoder interface {
	decodeJSON(*decoder) error
}

// decoder reads one JSON document. jsontext sees to the grammar, to UTF-8 and to
// duplicate names; the generated decodeJSON methods see to the rest.
type decoder struct {
	tokens  jsontext.Decoder
	input   bytes.Buffer
	scratch []byte // an object's name, where it had to be unescaped
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// reset makes d read body, or nothing, to keep no hold of it.
func (d *decoder) reset(body []byte) {
	d.input = *bytes.NewBuffer(body)
	d.tokens.Reset(&d.input)
}

// document reads v and wants nothing after it.
func (d *decoder) document(v jsonDecoder) error {
	if err := d.want('{', "a JSON object"); err != nil {
		return err
	}
	if err := v.decodeJSON(d); err != nil {
		return err
	}
	switch _, err := d.tokens.ReadToken(); {
	case err == io.EOF:
		return nil
	case err == nil:
		return &memberError{syntax: true, problem: "there is data after its end"}
	default:
		return d.failure(err)
	}
}

// want makes sure that the next value is of that kind, and describes what it is
// if it is another.
func (d *decoder) want(kind jsontext.Kind, what string) error {
	next := d.tokens.PeekKind()
	if next == kind {
		return nil
	}
	// PeekKind goes by the first byte alone. Reading on tells a value from what begins like one:
	// notjson is no null, truely no boolean.
	_, err := d.tokens.ReadToken()
	if err == nil && d.tokens.PeekKind() == 0 {
		if _, err = d.tokens.ReadToken(); err == io.EOF {
			err = nil // it was the whole body
		}
	}
	if err != nil {
		return d.failure(err)
	}
	return problem("must be " + what + ", not " + kindNames[next])
}

var kindNames = map[jsontext.Kind]string{
	'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '0': "a number",
	'{': "an object", '[': "an array", '}': "the end of an object", ']': "the end of an array",
}

func (d *decoder) beginObject() error {
	if err := d.want('{', "an object"); err != nil {
		return err
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return d.failure(err)
	}
	return nil
}

// nextName reads the next member's name, or the end of the object: then it
// returns nil. The name is good until the next call.
func (d *decoder) nextName() ([]byte, error) {
	if d.tokens.PeekKind() == '}' {
		if _, err := d.tokens.ReadToken(); err != nil {
			return nil, d.failure(err)
		}
		return nil, nil
	}
	raw, err := d.tokens.ReadValue()
	if err != nil {
		return nil, d.failure(err)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil
	}
	// An escape stands for at least one byte, so what comes out is not nil.
	if d.scratch, err = jsontext.AppendUnquote(d.scratch[:0], raw); err != nil {
		return nil, d.failure(err)
	}
	return d.scratch, nil
}

// emptyObject reads an object of which no member is known.
func (d *decoder) emptyObject() error {
	if err := d.beginObject(); err != nil {
		return err
	}
	for {
		name, err := d.nextName()
		if err != nil || name == nil {
			return err
		}
		if err := d.skip(name); err != nil {
			return err
		}
	}
}

// skip passes over the value of a member that the contract does not have. It
// goes by tokens so that the depth stays bounded.
func (d *decoder) skip(name []byte) error {
	depth := d.tokens.StackDepth()
	label := string(name) // name does not outlive the next read
	for {
		if _, err := d.tokens.ReadToken(); err != nil {
			return atKey(label, d.failure(err))
		}
		switch now := d.tokens.StackDepth(); {
		case now > maxDepth:
			return atKey(label, &memberError{syntax: true, problem: "it nests more than " + strconv.Itoa(maxDepth) + " levels deep"})
		case now == depth:
			return nil
		}
	}
}

// readNull reads the next value if it is null.
func (d *decoder) readNull() (bool, error) {
	if d.tokens.PeekKind() != 'n' {
		return false, nil
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return false, d.failure(err)
	}
	return true, nil
}

func (d *decoder) readString() (string, error) {
	if err := d.want('"', "a string"); err != nil {
		return "", err
	}
	raw, err := d.tokens.ReadValue()
	if err != nil {
		return "", d.failure(err)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	unquoted, err := jsontext.AppendUnquote(make([]byte, 0, len(raw)), raw)
	if err != nil {
		return "", d.failure(err)
	}
	// Only an escape can bring it in: JSON has no bare control characters.
	if bytes.IndexByte(unquoted, 0) >= 0 {
		return "", errNull
	}
	return string(unquoted), nil
}

func (d *decoder) readBool() (bool, error) {
	next := d.tokens.PeekKind()
	if next != 't' && next != 'f' {
		return false, d.want('t', "a boolean")
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return false, d.failure(err)
	}
	return next == 't', nil
}

func (d *decoder) readInt32() (int32, error) {
	n, err := d.readInteger(32)
	return int32(n), err
}

func (d *decoder) readInt64() (int64, error) { return d.readInteger(64) }

func (d *decoder) readInteger(bits int) (int64, error) {
	if err := d.want('0', "an integer"); err != nil {
		return 0, err
	}
	raw, err := d.tokens.ReadValue()
	if err != nil {
		return 0, d.failure(err)
	}
	return parseInteger(string(raw), bits)
}

func readEnum[T ~string](d *decoder) (T, error) {
	s, err := d.readString()
	return T(s), err
}

func readStruct[T any, P structOf[T]](d *decoder) (T, error) {
	var v T
	err := P(&v).decodeJSON(d)
	return v, err
}

type structOf[T any] interface {
	*T
	jsonDecoder
}

// readOptional reads a member: null is the same as absent.
func readOptional[T any](d *decoder, read func(*decoder) (T, error)) (*T, error) {
	if null, err := d.readNull(); null || err != nil {
		return nil, err
	}
	v, err := read(d)
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// readList reads a list, in which null has no meaning.
func readList[T any](d *decoder, read func(*decoder) (T, error)) ([]T, error) {
	if null, err := d.readNull(); null || err != nil {
		return nil, err
	}
	if err := d.want('[', "an array"); err != nil {
		return nil, err
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return nil, d.failure(err)
	}
	list := []T{}
	for d.tokens.PeekKind() != ']' {
		v, err := read(d)
		if err != nil {
			return nil, atIndex(len(list), err)
		}
		list = append(list, v)
	}
	if _, err := d.tokens.ReadToken(); err != nil {
		return nil, d.failure(err)
	}
	return list, nil
}

// readMap reads a map, in which null has no meaning.
func readMap[T any](d *decoder, read func(*decoder) (T, error)) (map[string]T, error) {
	if null, err := d.readNull(); null || err != nil {
		return nil, err
	}
	if err := d.beginObject(); err != nil {
		return nil, err
	}
	m := map[string]T{}
	for {
		name, err := d.nextName()
		if err != nil {
			return nil, err
		}
		if name == nil {
			return m, nil
		}
		key := string(name)
		if strings.IndexByte(key, 0) >= 0 {
			return nil, atKey(key, errNull)
		}
		v, err := read(d)
		if err != nil {
			return nil, atKey(key, err)
		}
		m[key] = v
	}
}

// failure turns an error of the tokenizer into one that names no input but, for
// a name that occurs twice, that name's beginning.
func (d *decoder) failure(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return &memberError{syntax: true, problem: "it ends too early"}
	}
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return &memberError{syntax: true, problem: "it cannot be read"}
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return &memberError{syntax: true, problem: "it names " + displayKey(syntactic.JSONPointer.LastToken()) + " twice"}
	}
	reason := syntactic.Err.Error()
	if len(reason) > 80 {
		reason = "invalid text"
	}
	return &memberError{syntax: true, problem: reason + " at byte " + strconv.FormatInt(syntactic.ByteOffset, 10)}
}

// memberError says what is wrong with a member; its path is put together while
// the error makes its way out.
type memberError struct {
	path    string // accountIds[3]
	problem string // "must be a string, not a number"
	syntax  bool   // the body is not JSON; the path says how far it was understood
}

func (e *memberError) Error() string { return e.path + " " + e.problem }

func problem(text string) error { return &memberError{problem: text} }

// inMember says that err is about what is in the member of that name.
func inMember(name string, err error) error {
	return prefix(name, err)
}

// atIndex says that err is about an element of a list.
func atIndex(i int, err error) error {
	return prefix("["+strconv.Itoa(i)+"]", err)
}

// atKey says that err is about what a map or an unknown member has under key.
func atKey(key string, err error) error {
	if name := displayKey(key); name == key {
		return prefix(key, err)
	} else {
		return prefix("["+name+"]", err)
	}
}

func prefix(step string, err error) error {
	e, ok := err.(*memberError)
	if !ok {
		return err
	}
	path := step
	if e.path != "" && e.path[0] != '[' && step != "" {
		path += "."
	}
	return &memberError{path: path + e.path, problem: e.problem, syntax: e.syntax}
}

// displayKey returns key if it is a plain word, else its quoted beginning.
func displayKey(key string) string {
	const most = 40
	plain := len(key) <= most
	for i := range len(key) {
		c := key[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			plain = false
			break
		}
	}
	if plain {
		return key
	}
	if len(key) > most {
		cut := most
		for !utf8.RuneStart(key[cut]) {
			cut--
		}
		key = key[:cut] + "…"
	}
	return strconv.Quote(key)
}

// refusal turns what decode or check found into the exception for the client.
func refusal(err error) error {
	e, ok := err.(*memberError)
	switch {
	case !ok:
		return err
	case e.syntax && e.path != "":
		return ErrValidation("The request is rejected because its body is not valid JSON: %s, in %s.", e.problem, e.path)
	case e.syntax:
		return ErrValidation("The request is rejected because its body is not valid JSON: %s.", e.problem)
	case e.path == "":
		return ErrValidation("The request is rejected because its body %s.", e.problem)
	}
	return ErrValidation("The request is rejected because the parameter %s %s.", e.path, e.problem)
}
