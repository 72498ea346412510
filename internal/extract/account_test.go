package extract

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestAccount(t *testing.T) {
	a := NewAccount(100)
	if !a.Hold(60) || a.Hold(41) || a.Hold(-1) || !a.Hold(40) {
		t.Error("holds not what it should")
	}
	a.Release(50)
	if a.Held() != 50 || a.Room() != 50 || a.Peak() != 100 {
		t.Errorf("held %d, room %d, peak %d", a.Held(), a.Room(), a.Peak())
	}
	if a.Hold(1<<63 - 1) {
		t.Error("held more than there is")
	}
}

func TestStepsEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		is   func(error) bool
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, time.Unix(1, 0))
		}, func(err error) bool {
			var s errStop
			return errors.As(err, &s) && s.Reason == TimeCutOffReached
		}},
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, func(err error) bool {
			var s *sourceError
			return errors.As(err, &s) && errors.Is(err, context.Canceled)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := c.ctx(t.Context())
			defer cancel()
			w := &walker{ctx: ctx, steps: stepsPerLook}
			for n := int64(0); ; n++ {
				if err := w.step(1); err != nil {
					if !c.is(err) || !c.is(w.step(1)) {
						t.Errorf("ended with %v", err)
					}
					break
				}
				if n > 2*stepsPerLook {
					t.Fatal("never looked")
				}
			}
			if !w.late(1) || !c.is(w.stopped) {
				t.Errorf("late left %v", w.stopped)
			}
		})
	}
}

// panicking is a decoder, or a source, that panics.
type panicking struct{ with any }

func (p panicking) Read([]byte) (int, error) { panic(p.with) }

func TestForeignPanics(t *testing.T) {
	var faults []*Fault
	w := &walker{ctx: t.Context(), opts: Options{Faulted: func(f *Fault) { faults = append(faults, f) }}}
	_, err := io.ReadAll(&foreignReader{w, "odd", panicking{"index out of range"}})
	var stopped errStop
	if !errors.As(err, &stopped) || stopped.Code != Partial || stopped.Reason != MalformedFile {
		t.Errorf("a decoder's panic is %v", err)
	}
	if len(faults) != 1 || faults[0].Decoder != "odd" || !strings.Contains(faults[0].Error(), "index out of range") || len(faults[0].Stack) == 0 {
		t.Errorf("told of %+v", faults)
	}
	cause := errors.New("no disk")
	_, err = io.ReadAll(&foreignReader{w, "odd", panicking{&sourceError{cause}}})
	if !errors.Is(err, cause) || len(faults) != 1 {
		t.Errorf("a decoder that panics with its reader's error: %v", err)
	}
}

// A panic of what a decoder draws from is not the decoder's, however many are in between.
func TestOwnPanicsPassDecoders(t *testing.T) {
	for _, name := range []string{"a.txt", "a.txt.gz", "a.txt.gz.gz", "a.tar", "a.txt.zst"} {
		data := []byte(strings.Repeat(secret, 40_000))
		switch name {
		case "a.txt.gz":
			data = gzipOf(random(len(data)))
		case "a.txt.gz.gz":
			data = gzipOf(gzipOf(random(len(data))))
		case "a.tar":
			data = tarOf(file{"a.txt", string(data)})
		case "a.txt.zst":
			data = zstdOf(random(len(data)))
		}
		func() {
			defer func() {
				if r := recover(); r != "the source's own" {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			src := io.MultiReader(strings.NewReader(string(data[:len(data)/2])), panicking{"the source's own"})
			status, err := Extract(t.Context(), Source{Name: name, Reader: src, Size: -1}, Options{}, &discard{})
			t.Errorf("%s: ended with %v, %v", name, status, err)
		}()
	}
}

type panickingSink struct{ discard }

func (*panickingSink) Segment(*Document, *Segment) error { panic("the sink's own") }

func TestSinkPanicsPass(t *testing.T) {
	for name, data := range map[string][]byte{
		"a.txt": []byte(secret), "a.gz": gzipOf([]byte(secret)), "a.zip": zipOf(file{"a.txt", secret}), "a.avro": avroOf(t, 3, "deflate"),
		"a.pdf": officeFile(t, "plain.pdf"), "a.docx": officeFile(t, "letter.docx"), "a.xlsx": officeFile(t, "people.xlsx"),
	} {
		func() {
			defer func() {
				if r := recover(); r != "the sink's own" {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			status, err := Extract(t.Context(), Source{Name: name, Reader: strings.NewReader(string(data)), Size: -1}, Options{}, &panickingSink{})
			t.Errorf("%s: ended with %v, %v", name, status, err)
		}()
	}
}

// random is bytes that do not compress, and none of them zero at the front.
func random(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x>>32)%95 + 32
	}
	return b
}
