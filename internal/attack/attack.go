// Package attack is what strangers, and callers who overdo it, do to a node: connections that send bodies and headers without end, and
// calls in a closed loop. Tests hold what a node bears of it; the benchmark measures what somebody honest notices.
package attack

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/sigv4"
)

// Target is what attacks are run against.
type Target struct {
	Address string
	Region  string
	Key     string      // that exists; what strangers know of it
	TLS     *tls.Config // nil without TLS
}

// An Attack opens what it opens against a target, and lets it stand until ctx ends. It returns once it has sent what it can.
type Attack struct {
	Name string
	TLS  bool // only over TLS: HTTP/2
	Run  func(ctx context.Context, a Target) error
}

// Unending are bodies and headers that do not end.
func Unending() []Attack {
	large := http.Header{"X-Filling": {strings.Repeat("x", 60<<10)}}
	return []Attack{
		{"500 connections with bodies", false, connections(500, func(a Target, i int) ([]byte, error) { return a.wire(i, nil) })},
		{"500 connections with headers", false, connections(500, func(Target, int) ([]byte, error) {
			return []byte("GET /macie HTTP/1.1\r\nHost: x\r\nX-Filling: " + strings.Repeat("x", 90<<10)), nil
		})},
		{"500 connections with headers and bodies", false, connections(500, func(a Target, i int) ([]byte, error) { return a.wire(i, large) })},
		{"12 connections with 32 bodies", true, streams(12, 32, nil)},
		{"12 connections with 32 headers and bodies", true, streams(12, 32, large)},
	}
}

// Idle is so many connections that say nothing, or not all of a request's head, or nothing after their handshake.
func Idle(n int) []Attack {
	return []Attack{
		{fmt.Sprintf("%d connections that say nothing", n), false, connections(n, func(Target, int) ([]byte, error) { return nil, nil })},
		{fmt.Sprintf("%d connections with half a head", n), false, connections(n, func(Target, int) ([]byte, error) {
			return []byte("GET /macie HTTP/1.1\r\nHost: x\r\nX-Filling: "), nil
		})},
		{fmt.Sprintf("%d connections after their handshake", n), true, handshakes(n)},
		{fmt.Sprintf("%d connections with one request of HTTP/2", n), true, streams(n, 1, nil)},
	}
}

// nearlyAll is how much of a body comes.
const nearlyAll = 1<<20 - 1

// head is the head of a call that some stranger sends: with no signature, one that names nobody, or one that names the key of somebody
// honest.
func (a Target) head(i int, more http.Header) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, "http://"+a.Address+"/invitations", nil)
	if err != nil {
		return nil, err
	}
	for name, values := range more {
		r.Header[name] = values
	}
	key := a.Key
	switch i % 3 {
	case 0:
		return r, nil
	case 1:
		key = fmt.Sprintf("AKIASTRANGER%08d", i)
	}
	return r, sigv4.Sign(r, sigv4.Credentials{AccessKeyID: key, SecretAccessKey: "wrong"}, a.Region, "macie2", nil, time.Now())
}

// wire is such a call, of whose body all but the last byte comes.
func (a Target) wire(i int, more http.Header) ([]byte, error) {
	r, err := a.head(i, more)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /invitations HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Host, nearlyAll+1)
	_ = r.Header.Write(&b)
	b.WriteString("\r\n")
	b.Write(make([]byte, nearlyAll))
	return b.Bytes(), nil
}

// connections sends something over so many connections each, as far as the node takes it.
func connections(n int, what func(a Target, i int) ([]byte, error)) func(context.Context, Target) error {
	return func(ctx context.Context, a Target) error {
		var group sync.WaitGroup
		defer group.Wait()
		for i := range n {
			text, err := what(a, i)
			if err != nil {
				return err
			}
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.Address)
			if err != nil {
				return err
			}
			context.AfterFunc(ctx, func() { conn.Close() })
			group.Go(func() {
				// What is not taken within this time is not going to be.
				_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
				_, _ = conn.Write(text)
			})
		}
		return nil
	}
}

// handshakes does no more than that.
func handshakes(n int) func(context.Context, Target) error {
	return func(ctx context.Context, a Target) error {
		var group sync.WaitGroup
		for range n {
			group.Go(func() {
				conn, err := (&tls.Dialer{Config: a.TLS}).DialContext(ctx, "tcp", a.Address)
				if err == nil { // else the node takes no more
					context.AfterFunc(ctx, func() { conn.Close() })
				}
			})
		}
		group.Wait()
		return nil
	}
}

// standing is a body of which all but the last byte comes, and no end.
type standing struct {
	ctx  context.Context
	left int
	sent *atomic.Int64
}

func (s *standing) Read(b []byte) (int, error) {
	if s.left == 0 {
		<-s.ctx.Done()
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(b), s.left)
	clear(b[:n])
	s.left -= n
	s.sent.Add(int64(n))
	return n, nil
}

// streams sends bodies that do not end over so many streams of HTTP/2 on so many connections.
func streams(connections, each int, more http.Header) func(context.Context, Target) error {
	return func(ctx context.Context, a Target) error {
		var sent atomic.Int64
		for c := range connections {
			transport := &http.Transport{TLSClientConfig: a.TLS, ForceAttemptHTTP2: true, MaxConnsPerHost: 1}
			for i := range each {
				r, err := a.head(c+i, more)
				if err != nil {
					return err
				}
				r.URL.Scheme = "https"
				r.ContentLength = nearlyAll + 1
				r.Body = io.NopCloser(&standing{ctx, nearlyAll, &sent})
				go func() {
					if resp, err := transport.RoundTrip(r.WithContext(ctx)); err == nil {
						resp.Body.Close()
					}
				}()
			}
			context.AfterFunc(ctx, transport.CloseIdleConnections)
		}
		for before := int64(-1); before != sent.Load(); { // until no more is taken
			before = sent.Load()
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		return nil
	}
}

// Heads are so many connections of HTTP/2 that each begin 32 requests, of which three in four have a body that does not come, and one an answer
// that finds no window to be sent in.
func Heads(n int) Attack {
	return Attack{fmt.Sprintf("%d connections with 32 heads", n), true, func(ctx context.Context, a Target) error {
		config := a.TLS.Clone()
		config.NextProtos = []string{"h2"}
		for c := range n {
			text := frame([]byte(preface), settings, 0, 0, []byte{0, 4, 0, 0, 0, 0}) // no window
			for i := range 32 {
				head, err := a.fields(3*(c+i)+2, http.Header{"X-Filling": {strings.Repeat("x", 7000)}, "Content-Length": {"1000"}})
				if err != nil {
					return err
				}
				flags := byte(endHeaders)
				if i%4 == 3 {
					flags |= endStream
				}
				text = frame(text, headers, flags, 2*i+1, head)
			}
			conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", a.Address)
			if err != nil {
				continue // the node takes no more
			}
			context.AfterFunc(ctx, func() { conn.Close() })
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
			_, _ = conn.Write(text)
		}
		return nil
	}}
}

// Floods are connections of HTTP/2 that send frames which cost the node more than the sender, as fast as it takes them, until it ends the
// connection or had so many: requests that are reset at once, a header that is continued without end, pings and settings whose answers
// nobody reads, and empty parts of a body.
func Floods(connections, frames int) []Attack {
	kinds := floodKinds()
	all := make([]Attack, len(kinds))
	for i, kind := range kinds {
		all[i] = Attack{fmt.Sprintf("%d connections that flood with %s", connections, kind.name), true, flood(connections, frames, kind)}
	}
	return all
}

// Flood is all of them at once, each over so many connections.
func Flood(connections, frames int) Attack {
	return Attack{fmt.Sprintf("%d connections of each flood of HTTP/2", connections), true, func(ctx context.Context, a Target) error {
		all := Floods(connections, frames)
		ended := make(chan error, len(all))
		for _, x := range all {
			go func() { ended <- x.Run(ctx, a) }()
		}
		var errs []error
		for range all {
			errs = append(errs, <-ended)
		}
		return errors.Join(errs...)
	}}
}

// Pipelines are connections of HTTP/1.1, without TLS and with it, that send requests one behind the other without waiting for answers,
// which they read: so many on each, or until the node ends it. They are calls that nobody has signed well, or ask for what everybody may see.
func Pipelines(connections, requests int) []Attack {
	var all []Attack
	for _, open := range []string{"", "/healthz", "/readyz", "/metrics", "/console/", "/console/api/session"} {
		for _, over := range []string{"", " over TLS"} {
			name := fmt.Sprintf("%d connections that pipeline %s%s", connections, cmp.Or(open, "calls"), over)
			all = append(all, Attack{name, over != "", pipeline(connections, requests, open)})
		}
	}
	return all
}

func pipeline(connections, requests int, open string) func(context.Context, Target) error {
	return func(ctx context.Context, a Target) error {
		var batch bytes.Buffer
		for i := range floodBatch {
			if open != "" {
				fmt.Fprintf(&batch, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Magpie-Console: 1\r\nCookie: magpie=%032d\r\n\r\n", open, a.Address, i)
				continue
			}
			r, err := a.head(i, nil)
			if err != nil {
				return err
			}
			fmt.Fprintf(&batch, "POST /invitations HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n", r.Host)
			_ = r.Header.Write(&batch)
			batch.WriteString("\r\n")
		}
		var group sync.WaitGroup
		defer group.Wait()
		for range connections {
			group.Go(func() {
				conn, err := a.dial(ctx)
				if err != nil {
					return // the node takes no more
				}
				context.AfterFunc(ctx, func() { conn.Close() })
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second)) // what is not taken within this time is not going to be
				for i := 0; i < requests && err == nil; i += floodBatch {
					_, err = conn.Write(batch.Bytes())
				}
			})
		}
		return nil
	}
}

// Churn is threads that open connections, without TLS and with it, ask for something on each, and close it when it is answered, so many times.
func Churn(threads, times int) []Attack {
	all := make([]Attack, 2)
	for i, name := range []string{"%d threads that open connections", "%d threads that open connections with TLS"} {
		all[i] = Attack{fmt.Sprintf(name, threads), i == 1, func(ctx context.Context, a Target) error {
			var group sync.WaitGroup
			for range threads {
				group.Go(func() {
					for range times {
						conn, err := a.dial(ctx)
						if err != nil {
							if ctx.Err() != nil {
								return
							}
							continue // the node takes no more just now
						}
						_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
						_, _ = io.WriteString(conn, "GET /macie HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
						_, _ = io.Copy(io.Discard, conn)
						conn.Close()
					}
				})
			}
			group.Wait()
			return nil
		}}
	}
	return all
}

// dial opens a connection of HTTP/1.1.
func (a Target) dial(ctx context.Context) (net.Conn, error) {
	if a.TLS == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", a.Address)
	}
	return (&tls.Dialer{Config: a.TLS}).DialContext(ctx, "tcp", a.Address)
}

// floodKind is a kind of flood: what comes first on a connection, and what comes again and again.
type floodKind struct {
	name  string
	first func(a Target) ([]byte, error)
	again func(a Target, i int) ([]byte, error)
}

func floodKinds() []floodKind {
	nothing := func(Target) ([]byte, error) { return nil, nil }
	same := func(text []byte) func(Target, int) ([]byte, error) {
		return func(Target, int) ([]byte, error) { return text, nil }
	}
	request := func(a Target, flags byte, stream int) ([]byte, error) {
		head, err := a.fields(stream, nil)
		return frame(nil, headers, flags, stream, head), err
	}
	open := func(flags byte) func(Target) ([]byte, error) {
		return func(a Target) ([]byte, error) { return request(a, flags, 1) }
	}
	return []floodKind{
		{"resets", nothing, func(a Target, i int) ([]byte, error) {
			text, err := request(a, endHeaders|endStream, 2*i+1)
			return frame(text, reset, 0, 2*i+1, []byte{0, 0, 0, 8}), err // CANCEL
		}},
		{"continuations", open(0), same(frame(nil, continuation, 0, 1, field(nil, "x-filling", strings.Repeat("x", 8000))))},
		{"pings", nothing, same(frame(nil, ping, 0, 0, make([]byte, 8)))},
		{"settings", nothing, same(frame(nil, settings, 0, 0, nil))},
		{"empty data", open(endHeaders), same(frame(nil, data, 0, 1, nil))},
	}
}

// floodBatch is how many frames are written at once.
const floodBatch = 100

func flood(connections, frames int, kind floodKind) func(context.Context, Target) error {
	return func(ctx context.Context, a Target) error {
		config := a.TLS.Clone()
		config.NextProtos = []string{"h2"}
		first, err := kind.first(a)
		if err != nil {
			return err
		}
		var batches [][]byte
		for i := 0; i < frames; {
			var b []byte
			for range floodBatch {
				text, err := kind.again(a, i)
				if err != nil {
					return err
				}
				b = append(b, text...)
				i++
			}
			batches = append(batches, b)
		}
		var group sync.WaitGroup
		defer group.Wait()
		for range connections {
			group.Go(func() {
				conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", a.Address)
				if err != nil {
					return // the node takes no more
				}
				context.AfterFunc(ctx, func() { conn.Close() })
				_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second)) // what is not taken within this time is not going to be
				_, err = conn.Write(append(frame([]byte(preface), settings, 0, 0, nil), first...))
				for _, b := range batches {
					if err != nil {
						return // the node has ended the connection
					}
					_, err = conn.Write(b)
				}
			})
		}
		return nil
	}
}

// fields are the headers of a call that some stranger sends, as the payload of a frame.
func (a Target) fields(i int, more http.Header) ([]byte, error) {
	r, err := a.head(i, more)
	if err != nil {
		return nil, err
	}
	var head []byte
	for _, f := range [][2]string{{":method", "POST"}, {":scheme", "https"}, {":path", "/invitations"}, {":authority", r.Host}} {
		head = field(head, f[0], f[1])
	}
	for name := range r.Header {
		head = field(head, strings.ToLower(name), r.Header.Get(name))
	}
	return head, nil
}

// preface begins a connection of HTTP/2.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Of the frames of HTTP/2.
const (
	data, headers, reset, settings, ping, continuation = 0, 1, 3, 4, 6, 9

	endStream, endHeaders = 1, 4
)

func frame(b []byte, kind, flags byte, stream int, payload []byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	b = binary.BigEndian.AppendUint32(b, uint32(stream))
	return append(b, payload...)
}

// field is a header of HTTP/2 that is in no table and not compressed.
func field(b []byte, name, value string) []byte {
	b = append(b, 0)
	for _, s := range []string{name, value} {
		n := len(s)
		if n < 127 {
			b = append(b, byte(n))
		} else {
			b = binary.AppendUvarint(append(b, 127), uint64(n-127))
		}
		b = append(b, s...)
	}
	return b
}

// Latencies are how long calls of somebody honest take.
type Latencies []time.Duration

// At is a quantile.
func (l Latencies) At(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[int(q*float64(len(l)-1))]
}

// Call makes calls by one honest client, one after the other with a pause between them, until it has made so many or ctx ends. body is
// sent to path, and status is the answer that says that the caller is known.
func (a Target) Call(ctx context.Context, client *http.Client, as sigv4.Credentials, o Calls) (l Latencies, err error) {
	scheme := "http://"
	if a.TLS != nil {
		scheme = "https://"
	}
	for range o.Count {
		if ctx.Err() != nil {
			return l, nil
		}
		r, err := http.NewRequest(cmp.Or(o.Method, http.MethodPost), scheme+a.Address+o.Path, strings.NewReader(o.Body))
		if err != nil {
			return l, err
		}
		if err := sigv4.Sign(r, as, a.Region, "macie2", []byte(o.Body), time.Now()); err != nil {
			return l, err
		}
		began := time.Now()
		resp, err := client.Do(r)
		if err != nil {
			return l, err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		l = append(l, time.Since(began))
		if !slices.Contains(o.Statuses, resp.StatusCode) {
			return l, fmt.Errorf("a call is answered %s", resp.Status)
		}
		if o.Pause > 0 {
			time.Sleep(o.Pause)
		}
	}
	return l, nil
}

// Calls are what a caller does.
type Calls struct {
	Method     string // "" is POST
	Path, Body string
	Count      int
	Pause      time.Duration // after each
	Statuses   []int         // that are answers to it
}

// trial is an expression that is dear to compile and to try, with a text to try it on.
var trial = `{"regex":"(.{0,20}.{0,20}.{0,5}){1,20}é","sampleText":"` + strings.Repeat("abcdefgh ijklmnop ", 55) + `"}`

// Trials is a caller who has a key, and tries expressions in 24 threads as fast as it can.
func Trials(as sigv4.Credentials) Attack {
	return Attack{"24 threads of TestCustomDataIdentifier", false, func(ctx context.Context, a Target) error {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 24}}
		var group sync.WaitGroup
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		errs := make(chan error, 24)
		for range 24 {
			group.Go(func() {
				_, err := a.Call(ctx, client, as, Calls{Path: "/custom-data-identifiers/test", Body: trial, Count: 1 << 20, Statuses: []int{200, 429}})
				errs <- err
			})
		}
		group.Wait()
		client.CloseIdleConnections()
		return <-errs
	}}
}
