package extract

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// Fault is the panic of a decoder that others wrote. Such a decoder may leave behind what it was working on, in pools that the
// process shares: whoever learns of a Fault logs it and does not use the caches of that worker again.
type Fault struct {
	Decoder string // "gzip", "Parquet", …
	Panic   string // what it said; for the log and not for results, since it may speak of the object's bytes
	Stack   []byte
}

func (f *Fault) Error() string { return "the " + f.Decoder + " decoder panicked: " + f.Panic }

// foreign calls into a decoder that others wrote. Its panic is the document's malformation: the error is then a status, and the
// caller is told of the Fault. A panic of our own code beneath it, such as the reader it draws from, is not taken for its
// panic: see ours. Nothing of ours may run inside call but what ours marks.
func (w *walker) foreign(decoder string, call func() error) (err error) {
	outer := w.decoder
	w.decoder = decoder
	defer func() {
		here := w.decoder == decoder
		if r := recover(); r != nil {
			if !here {
				panic(r)
			}
			err = w.fault(decoder, r)
		}
		w.decoder = outer
	}()
	return call()
}

// fault turns a panic into the error of the document.
func (w *walker) fault(decoder string, r any) error {
	if e, ok := r.(error); ok { // some decoders panic with the error of the reader they draw from
		var se *sourceError
		var stopped errStop
		if errors.As(e, &se) || errors.As(e, &stopped) {
			return e
		}
	}
	if w.opts.Faulted != nil {
		w.opts.Faulted(&Fault{Decoder: decoder, Panic: fmt.Sprint(r), Stack: debug.Stack()})
	}
	return stop(Partial, MalformedFile, "the "+decoder+" decoder gave up on it")
}

// foreignReader is a decoder that others wrote, as the reader of what it decodes.
type foreignReader struct {
	w       *walker
	decoder string
	r       io.Reader
}

func (f *foreignReader) Read(p []byte) (n int, err error) {
	var faulted bool
	return f.decode(p, &faulted)
}

// decode is Read for whoever uses the decoder again: it clears faulted unless the decoder panicked.
func (f *foreignReader) decode(p []byte, faulted *bool) (n int, err error) {
	err = f.w.foreign(f.decoder, func() (err error) {
		n, err = f.r.Read(p)
		*faulted = false
		return err
	})
	return n, err
}

// ours marks code of our own that a foreign decoder calls: what it panics with is not the decoder's.
func (w *walker) ours() (back func()) {
	outer := w.decoder
	w.decoder = ""
	return func() { w.decoder = outer }
}
