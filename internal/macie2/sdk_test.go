package macie2

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/macie2"
)

// httpFunc is an HTTP client that never leaves the process.
type httpFunc func(*http.Request) (*http.Response, error)

func (f httpFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// sdkCall calls an operation through the AWS SDK, whose wire is handle.
func sdkCall(operation string, input any, handle httpFunc) (any, error) {
	client := sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://localhost"), HTTPClient: handle, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
	results := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(input)})
	err, _ := results[1].Interface().(error)
	return results[0].Interface(), err
}

// sdkInput returns an empty input of the SDK's for the operation of that name.
func sdkInput(t *testing.T, operation string) reflect.Value {
	t.Helper()
	method, ok := reflect.TypeFor[*sdk.Client]().MethodByName(operation)
	if !ok {
		t.Fatalf("the SDK has no %s", operation)
	}
	return reflect.New(method.Type.In(2).Elem())
}

// TestSDKRequests holds that what the AWS SDK sends, for every operation with
// every member set, is routed, decoded and found to keep the constraints; and
// that awkward text arrives as it was sent, wherever it travels.
func TestSDKRequests(t *testing.T) {
	for _, op := range Operations() {
		// The first fits every pattern of the contract.
		for _, text := range []string{"abcdefghij0123456789ab", "a/b c+%2F?&=;#\"\\<é漢😀\u2028"} {
			input := sdkInput(t, op.Name)
			fillInput(input.Elem(), text)
			_, err := sdkCall(op.Name, input.Interface(), func(r *http.Request) (*http.Response, error) {
				found, labels, _ := Route(r.Method, r.URL.EscapedPath())
				if found != op {
					return nil, fmt.Errorf("%s %s was routed to %v", r.Method, r.URL.EscapedPath(), found)
				}
				request := &Request{Path: labels, Query: r.URL.Query()}
				if r.Body != nil {
					var err error
					if request.Body, err = io.ReadAll(r.Body); err != nil {
						return nil, err
					}
				}
				in, err := op.Decode(request)
				if err != nil {
					return nil, err
				}
				if err := same(reflect.ValueOf(in).Elem(), input.Elem()); err != nil {
					return nil, err
				}
				if err := op.Check(in); err != nil && text[0:2] == "ab" {
					return nil, err
				}
				return answer(op.Status, []byte("{}")), nil
			})
			if err != nil {
				t.Errorf("%s: %v", op.Name, err)
			}
		}
	}
}

// TestSDKAnswers holds that what we answer, filled at random, the AWS SDK reads
// as it was meant.
func TestSDKAnswers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	bindAll(t, func(op string, output reflect.Type) {
		for range 5 {
			out := reflect.New(output)
			fillAtRandom(random, out.Elem(), 0)
			wire := AppendJSON(nil, out.Interface().(Output))
			input := sdkInput(t, op)
			fillInput(input.Elem(), "x")
			got, err := sdkCall(op, input.Interface(), func(*http.Request) (*http.Response, error) {
				return answer(OperationNamed(op).Status, wire), nil
			})
			if err != nil {
				t.Fatalf("%s: %v\n%s", op, err, wire)
			}
			if err := same(out.Elem(), reflect.ValueOf(got).Elem()); err != nil {
				t.Fatalf("%s: %v\n%s", op, err, wire)
			}
		}
	})
}

func answer(status int, body []byte) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body))}
}

// fillInput sets every member of one of the SDK's inputs.
func fillInput(v reflect.Value, text string) {
	if values := v.MethodByName("Values"); values.IsValid() {
		v.Set(values.Call(nil)[0].Index(0))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillInput(v.Elem(), text)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillInput(v.Field(i), text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillInput(v.Index(0), text)
		fillInput(v.Index(1), text)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillInput(key, text)
		fillInput(value, text)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(7)
	default:
		panic("no way to fill a " + v.Type().String())
	}
}

// same compares one of our structures with the SDK's of the same name.
func same(ours, theirs reflect.Value) error {
	for ours.Kind() == reflect.Pointer && !ours.IsNil() {
		ours = ours.Elem()
	}
	for theirs.Kind() == reflect.Pointer && !theirs.IsNil() {
		theirs = theirs.Elem()
	}
	if ours.Kind() == reflect.Pointer || theirs.Kind() == reflect.Pointer {
		// The SDK's enumerations are not pointers: absent is empty.
		if ours.IsZero() && theirs.IsZero() {
			return nil
		}
		return fmt.Errorf("ours is %v, theirs %v", ours, theirs)
	}
	switch ours.Kind() {
	case reflect.Struct:
		if at, ok := ours.Interface().(Timestamp); ok {
			if !at.Truncate(time.Millisecond).Equal(theirs.Interface().(time.Time)) {
				return fmt.Errorf("ours is %v, theirs %v", at, theirs)
			}
			return nil
		}
		known := 0
		for i := range theirs.NumField() {
			field := theirs.Type().Field(i)
			if !field.IsExported() || field.Name == "ResultMetadata" {
				continue
			}
			known++
			mine := ours.FieldByName(field.Name)
			if !mine.IsValid() {
				return fmt.Errorf("%s has no %s", ours.Type(), field.Name)
			}
			if err := same(mine, theirs.Field(i)); err != nil {
				return fmt.Errorf("%s: %w", field.Name, err)
			}
		}
		if known != ours.NumField() {
			return fmt.Errorf("%s has %d members, theirs %d", ours.Type(), ours.NumField(), known)
		}
	case reflect.Slice:
		if ours.IsNil() != theirs.IsNil() || ours.Len() != theirs.Len() {
			return fmt.Errorf("ours is %v, theirs %v", ours, theirs)
		}
		for i := range ours.Len() {
			if err := same(ours.Index(i), theirs.Index(i)); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	case reflect.Map:
		if ours.IsNil() != theirs.IsNil() || ours.Len() != theirs.Len() {
			return fmt.Errorf("ours is %v, theirs %v", ours, theirs)
		}
		for _, key := range ours.MapKeys() {
			if err := same(ours.MapIndex(key), theirs.MapIndex(key)); err != nil {
				return fmt.Errorf("[%v]: %w", key, err)
			}
		}
	default:
		if !ours.Equal(theirs.Convert(ours.Type())) {
			return fmt.Errorf("ours is %v, theirs %v", ours, theirs)
		}
	}
	return nil
}
