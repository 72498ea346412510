package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/sigv4"
)

// call is one request of a load.
type call struct {
	method, path string // path with its query
	body         string
	as           sigv4.Credentials
}

// result is what a load came to.
type result struct {
	clients, calls, refused int
	took                    time.Duration
	latencies               []time.Duration // sorted
	program, database       time.Duration   // processor time used meanwhile
	firstRefusal            string
}

func (r result) rate() float64 { return float64(r.calls) / r.took.Seconds() }

func (r result) percentile(p float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, int(p*float64(len(r.latencies))))]
}

// load sends calls from a number of clients, each over a connection of its own that it keeps, and waits for every answer. accept says
// whether an answer is the one hoped for.
func load(address, region string, clients int, calls []call, accept func(status int, body []byte) bool) (result, error) {
	r := result{clients: clients, calls: len(calls), latencies: make([]time.Duration, len(calls))}
	var next atomic.Int64
	var group sync.WaitGroup
	var mu sync.Mutex
	var failure error
	runtime.GC()
	start := time.Now()
	for range clients {
		group.Go(func() {
			c, err := dial(address)
			if err != nil {
				mu.Lock()
				failure = err
				mu.Unlock()
				return
			}
			defer c.conn.Close()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(calls) {
					return
				}
				began := time.Now()
				status, body, err := c.do(calls[i], region)
				r.latencies[i] = time.Since(began)
				if err != nil {
					mu.Lock()
					failure = fmt.Errorf("call %d: %w", i, err)
					mu.Unlock()
					return
				}
				if !accept(status, body) {
					mu.Lock()
					if r.refused++; r.firstRefusal == "" {
						r.firstRefusal = fmt.Sprintf("%d %.300s", status, body)
					}
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	r.took = time.Since(start)
	slices.Sort(r.latencies)
	return r, failure
}

// client is one connection. It is as thin as it can be, since it shares the machine with what it measures.
type client struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
	out     bytes.Buffer
	body    []byte
	closing bool // the server has said that it ends the connection with its last answer
}

// patience is how long a call may take before the whole run is given up.
const patience = time.Minute

func dial(address string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{address: address, conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// renew replaces a connection that the server has ended.
func (c *client) renew() error {
	c.conn.Close()
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	c.conn, c.closing = conn, false
	c.in.Reset(conn)
	return nil
}

func (c *client) do(x call, region string) (status int, body []byte, err error) {
	u, err := url.ParseRequestURI(x.path)
	if err != nil {
		return 0, nil, err
	}
	r := &http.Request{Method: x.method, URL: u, Host: c.address, Header: http.Header{}}
	if x.body != "" {
		r.Header["Content-Type"] = []string{"application/json"}
	}
	if err := sigv4.Sign(r, x.as, region, "macie2", []byte(x.body), time.Now()); err != nil {
		return 0, nil, err
	}
	c.out.Reset()
	fmt.Fprintf(&c.out, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", x.method, x.path, c.address, len(x.body))
	for name, values := range r.Header {
		c.out.WriteString(name + ": " + values[0] + "\r\n")
	}
	c.out.WriteString("\r\n" + x.body)
	if c.closing {
		if err := c.renew(); err != nil {
			return 0, nil, err
		}
	}
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return 0, nil, err
	}
	return c.read()
}

// read reads one answer; every server measured here sends a Content-Length.
func (c *client) read() (status int, body []byte, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first {
			if len(line) < 12 {
				return 0, nil, fmt.Errorf("status line %q", line)
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("connection")) && bytes.EqualFold(bytes.TrimSpace(value), []byte("close")) {
			c.closing = true
		}
		if bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 {
		return 0, nil, fmt.Errorf("status %d without a length", status)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.in, c.body)
	return status, c.body, err
}
