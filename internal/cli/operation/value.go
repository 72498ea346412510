package operation

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go/middleware"
)

// FormError says that a value has not the form that the contract asks for.
type FormError struct {
	Path string // such as accountIds[3]
	Text string
}

func (e *FormError) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// under adds the place of a value to the path of what is wrong inside of it.
func under(place string, err error) error {
	e, ok := err.(*FormError)
	if !ok {
		return err
	}
	path := place
	switch {
	case e.Path == "":
	case strings.HasPrefix(e.Path, "["):
		path += e.Path
	default:
		path += "." + e.Path
	}
	return &FormError{Path: path, Text: e.Text}
}

// decode fills a struct of the AWS SDK from JSON values under the contract's names. The SDK's structs have no JSON form of their own.
func decode(from map[string]any, target any) error {
	return decodeStruct(from, reflect.ValueOf(target).Elem())
}

func decodeStruct(from map[string]any, target reflect.Value) error {
	for name, value := range from {
		field := target.FieldByName(exported(name))
		if !field.IsValid() || name == "resultMetadata" {
			return &FormError{Path: name, Text: "there is no such member"}
		}
		if err := decodeValue(value, field); err != nil {
			return under(name, err)
		}
	}
	return nil
}

var timeType = reflect.TypeFor[time.Time]()

func decodeValue(value any, target reflect.Value) error {
	if value == nil {
		return nil
	}
	kind := target.Kind()
	if word, ok := value.(bare); ok {
		value = word.as(kind)
	}
	if kind == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		return decodeValue(value, target.Elem())
	}
	if target.Type() == timeType {
		text, _ := value.(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return &FormError{Text: "must be a time such as 2026-01-02T15:04:05Z"}
		}
		target.Set(reflect.ValueOf(at))
		return nil
	}
	switch kind {
	case reflect.String:
		text, ok := value.(string)
		if !ok {
			return &FormError{Text: "must be a string"}
		}
		target.SetString(text)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return &FormError{Text: "must be true or false"}
		}
		target.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, ok := value.(float64)
		if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 || target.OverflowInt(int64(n)) {
			return &FormError{Text: "must be a whole number"}
		}
		target.SetInt(int64(n))
	case reflect.Float64:
		n, ok := value.(float64)
		if !ok {
			return &FormError{Text: "must be a number"}
		}
		target.SetFloat(n)
	case reflect.Struct:
		members, ok := value.(map[string]any)
		if !ok {
			return &FormError{Text: "must be a structure"}
		}
		return decodeStruct(members, target)
	case reflect.Slice:
		return decodeList(value, target)
	case reflect.Map:
		return decodeMap(value, target)
	default:
		return &FormError{Text: fmt.Sprintf("a value of type %s is not known", target.Type())}
	}
	return nil
}

// as is the word as a JSON value for a target of the kind; one that it does not fit stays a string, which is refused in the usual words.
func (w bare) as(kind reflect.Kind) any {
	switch kind {
	case reflect.Pointer:
		return w // what it points to decides
	case reflect.Bool:
		if b, err := strconv.ParseBool(string(w)); err == nil {
			return b
		}
	case reflect.Int32, reflect.Int64, reflect.Float64:
		if n, err := strconv.ParseFloat(string(w), 64); err == nil {
			return n
		}
	case reflect.Slice:
		return []any{w}
	}
	return string(w)
}

func decodeList(value any, target reflect.Value) error {
	list, ok := value.([]any)
	if !ok {
		return &FormError{Text: "must be a list"}
	}
	target.Set(reflect.MakeSlice(target.Type(), len(list), len(list)))
	for i, element := range list {
		if element == nil {
			return &FormError{Path: fmt.Sprintf("[%d]", i), Text: "must not be null"}
		}
		if err := decodeValue(element, target.Index(i)); err != nil {
			return under(fmt.Sprintf("[%d]", i), err)
		}
	}
	return nil
}

func decodeMap(value any, target reflect.Value) error {
	members, ok := value.(map[string]any)
	if !ok {
		return &FormError{Text: "must be a map"}
	}
	target.Set(reflect.MakeMap(target.Type()))
	for key, element := range members {
		item := reflect.New(target.Type().Elem()).Elem()
		if err := decodeValue(element, item); err != nil {
			return under(key, err)
		}
		target.SetMapIndex(reflect.ValueOf(key), item)
	}
	return nil
}

var metadataType = reflect.TypeFor[middleware.Metadata]()

// encode is an answer of the AWS SDK as JSON values under the contract's names. What is absent is left out; an empty list stays.
func encode(value any) any { return encodeValue(reflect.ValueOf(value)) }

// encodeValue returns nil for what is absent.
func encodeValue(v reflect.Value) any {
	if v.IsValid() && v.Type() == timeType {
		return v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return encodeValue(v.Elem())
	case reflect.String:
		if v.Len() == 0 && v.Type().PkgPath() != "" {
			return nil // an enumeration's value that was not given
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Float64:
		return v.Float()
	case reflect.Struct:
		members := map[string]any{}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() || field.Type == metadataType {
				continue
			}
			if value := encodeValue(v.Field(i)); value != nil {
				members[wireName(field.Name)] = value
			}
		}
		return members
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = encodeValue(v.Index(i))
		}
		return list
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		members := make(map[string]any, v.Len())
		for key, value := range v.Seq2() {
			members[key.String()] = encodeValue(value)
		}
		return members
	}
	return nil
}

// exported is the Go name of a member, and wireName the member's name of a Go name. Every member of the contract begins with a lower-case
// letter, which TestNamesSurvive holds.
func exported(name string) string { return changeFirst(name, unicode.ToUpper) }
func wireName(name string) string { return changeFirst(name, unicode.ToLower) }

func changeFirst(name string, change func(rune) rune) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(change(first)) + name[size:]
}
