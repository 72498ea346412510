package store

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"
)

// argument reduces a Go value to nil, string, int64, bool, float64 or List, so that both engines
// are given the same.
func argument(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return v, checkText(v)
	case int64:
		return v, nil
	case bool:
		return v, nil
	case int:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case float64:
		return v, nil
	case List:
		for _, s := range v {
			if err := checkText(s); err != nil {
				return nil, err
			}
		}
		return v, nil
	case driver.Valuer:
		if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.IsNil() {
			return nil, nil
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		if _, again := value.(driver.Valuer); again {
			return nil, fmt.Errorf("store: %T returns another driver.Valuer", v)
		}
		return argument(value)
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, nil
		}
		return argument(rv.Elem().Interface())
	case reflect.String:
		return rv.String(), checkText(rv.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if rv.Uint() > math.MaxInt64 {
			return nil, fmt.Errorf("store: %d does not fit a bigint", rv.Uint())
		}
		return int64(rv.Uint()), nil
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.Float32, reflect.Float64:
		return rv.Float(), nil
	}
	return nil, fmt.Errorf("store: a %T cannot be an argument: text, integers, booleans and List can", v)
}

// arguments reduces all of them in a new slice.
func arguments(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		out[i] = v
	}
	return out, nil
}

// checkText refuses what PostgreSQL cannot store. The text itself stays out of the error: it may be
// sensitive.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return ErrInvalidText
	}
	return nil
}

// scanValues copies a row's columns to their destinations.
func scanValues(values []any, dest []any) error {
	if len(values) != len(dest) {
		return fmt.Errorf("store: scan: %d columns into %d destinations", len(values), len(dest))
	}
	for i, v := range values {
		if err := assign(dest[i], v); err != nil {
			return fmt.Errorf("store: scan column %d: %w", i+1, err)
		}
	}
	return nil
}

// assign copies a driver's value (nil, string, []byte, bool or a number) to a destination.
func assign(dest, src any) error {
	switch n := src.(type) {
	case int32:
		src = int64(n)
	case int16:
		src = int64(n)
	case []byte:
		src = string(n)
	}
	switch d := dest.(type) {
	case *string:
		if s, ok := src.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := src.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := src.(int64); ok {
			*d = int(n)
			return nil
		}
	case *bool:
		switch b := src.(type) {
		case bool:
			*d = b
			return nil
		case int64:
			if b == 0 || b == 1 {
				*d = b == 1
				return nil
			}
		}
	case *any:
		*d = src
		return nil
	case sql.Scanner:
		return d.Scan(src)
	default:
		return assignKind(dest, src)
	}
	return mismatch(dest, src)
}

// assignKind serves pointers to pointers and types that are named by others.
func assignKind(dest, src any) error {
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("destination %T is not a pointer to something", dest)
	}
	d := p.Elem()
	if d.Kind() == reflect.Pointer {
		if src == nil {
			d.SetZero()
			return nil
		}
		value := reflect.New(d.Type().Elem())
		if err := assign(value.Interface(), src); err != nil {
			return err
		}
		d.Set(value)
		return nil
	}
	switch src := src.(type) {
	case string:
		if d.Kind() == reflect.String {
			d.SetString(src)
			return nil
		}
	case int64:
		switch d.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			if d.OverflowInt(src) {
				return fmt.Errorf("%d does not fit a %s", src, d.Type())
			}
			d.SetInt(src)
			return nil
		case reflect.Bool:
			if src == 0 || src == 1 {
				d.SetBool(src == 1)
				return nil
			}
		}
	case bool:
		if d.Kind() == reflect.Bool {
			d.SetBool(src)
			return nil
		}
	case float64:
		if d.Kind() == reflect.Float64 {
			d.SetFloat(src)
			return nil
		}
	}
	return mismatch(dest, src)
}

// mismatch names the types, never the value.
func mismatch(dest, src any) error {
	if src == nil {
		return fmt.Errorf("null cannot be put into a %T", dest)
	}
	return fmt.Errorf("a %T cannot be put into a %T", src, dest)
}
