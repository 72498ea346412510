package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"sync"
	"time"
)

// SMTP hands mails to a relay over a few connections that it keeps and reuses.
type SMTP struct {
	relay    *Relay
	timeouts Timeouts
	tls      *tls.Config
	dial     func(ctx context.Context, network, address string) (net.Conn, error)

	slots chan struct{} // one for each connection there may be

	sending sync.WaitGroup // counts calls of Send

	mu     sync.Mutex
	closed bool
	idle   []*relayConn // the last is the one used last
}

// Timeouts bound every wait on a relay. Zero means the default.
type Timeouts struct {
	Connect time.Duration // to connect, encrypt and log in; 30 s
	Command time.Duration // for each answer before the mail's end; 60 s
	// Accept is for the answer after the mail's last byte; 5 minutes. Relays
	// scan and store then, and giving up early sends the mail twice.
	Accept time.Duration
	Idle   time.Duration // to keep a connection that is not in use; 30 s
	Reuse  time.Duration // to use one connection altogether; 5 minutes
}

func (t Timeouts) withDefaults() Timeouts {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{
		{&t.Connect, 30 * time.Second},
		{&t.Command, time.Minute},
		{&t.Accept, 5 * time.Minute},
		{&t.Idle, 30 * time.Second},
		{&t.Reuse, 5 * time.Minute},
	} {
		if *d.value <= 0 {
			*d.value = d.or
		}
	}
	return t
}

// SMTPOptions are rarely needed.
type SMTPOptions struct {
	Timeouts Timeouts
	TLS      *tls.Config // roots and so on; the server's name is filled in
	// Dial makes connections; a net.Dialer if nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewSMTP makes a sender. It does not connect before the first mail, so that a
// server starts while its relay is away.
func NewSMTP(relay *Relay, o SMTPOptions) *SMTP {
	s := &SMTP{
		relay:    relay,
		timeouts: o.Timeouts.withDefaults(),
		tls:      o.TLS.Clone(),
		dial:     o.Dial,
		slots:    make(chan struct{}, max(relay.Connections, 1)),
	}
	if s.tls == nil {
		s.tls = &tls.Config{}
	}
	s.tls.ServerName = relay.Host
	s.tls.MinVersion = max(s.tls.MinVersion, tls.VersionTLS12)
	if s.dial == nil {
		s.dial = new(net.Dialer).DialContext
	}
	return s
}

var errClosed = errors.New("the sender is closed")

// Send hands one mail to the relay. It waits while all connections are in use.
// Cancelling ctx gives up at once, wherever the conversation stands.
func (s *SMTP) Send(ctx context.Context, m *Composed) (Reply, error) {
	if !s.begin() {
		return Reply{}, &Failure{Kind: Temporary, Step: "connect", Err: errClosed}
	}
	defer s.sending.Done()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Reply{}, &Failure{Kind: Temporary, Step: "wait for a connection", Err: ctx.Err()}
	}
	if c := s.takeIdle(); c != nil {
		reply, f := s.sendOver(ctx, c, m)
		// A relay may end a connection that has been idle or used for long.
		// That says nothing about this mail, which then gets a connection of
		// its own; the idle ones are likely to have ended as well.
		if f == nil || f.Kind != Temporary || f.Uncertain || ctx.Err() != nil ||
			f.Reply.Code != 0 && f.Reply.Code != 421 {
			return reply, f.orNil()
		}
		s.closeIdle()
	}
	c, err := s.connect(ctx)
	if err != nil {
		return Reply{}, failure(ctx, err)
	}
	reply, f := s.sendOver(ctx, c, m)
	return reply, f.orNil()
}

// begin counts a Send, unless the sender is closed.
func (s *SMTP) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sending.Add(1)
	}
	return !s.closed
}

func (s *SMTP) sendOver(ctx context.Context, c *relayConn, m *Composed) (Reply, *Failure) {
	reply, err := c.send(ctx, m)
	if err == nil {
		s.release(c)
		return reply, nil
	}
	f := failure(ctx, err)
	if f.Reply.Code == 421 { // "closing transmission channel"
		c.usable = false
	}
	s.release(c)
	return Reply{}, f
}

// orNil keeps a nil *Failure from becoming an error that is not nil.
func (f *Failure) orNil() error {
	if f == nil {
		return nil
	}
	return f
}

// failure makes any error of a conversation a *Failure.
func failure(ctx context.Context, err error) *Failure {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		f = refusalOr("connect", err)
	}
	// What a connection says that we cut ourselves is of no interest.
	if ctx.Err() != nil && f.Reply == (Reply{}) {
		f.Err = ctx.Err()
	}
	return f
}

// refusalOr is the relay's refusal if err holds one, and a failed connection
// otherwise. Both are temporary: send knows the steps where a refusal is about
// the mail itself.
func refusalOr(step string, err error) *Failure {
	if refusal, ok := errors.AsType[*textproto.Error](err); ok {
		return &Failure{Kind: Temporary, Step: step, Reply: newReply(refusal.Code, refusal.Msg)}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("the relay did not answer in time")
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the relay closed the connection")
	}
	return &Failure{Kind: Temporary, Step: step, Err: err}
}

// takeIdle returns a connection that is not in use, or nil.
func (s *SMTP) takeIdle() *relayConn {
	for {
		s.mu.Lock()
		n := len(s.idle)
		if n == 0 {
			s.mu.Unlock()
			return nil
		}
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		c.expiry.Stop()
		if time.Since(c.since) < s.timeouts.Reuse {
			return c
		}
		c.close()
	}
}

// release keeps the connection for the next mail, if it can carry one.
func (s *SMTP) release(c *relayConn) {
	if !c.usable {
		c.abort()
		return
	}
	s.mu.Lock()
	if !s.closed {
		s.idle = append(s.idle, c)
		c.expiry = time.AfterFunc(s.timeouts.Idle, func() { s.expire(c) })
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	c.close()
}

// expire closes a connection unless it was taken meanwhile.
func (s *SMTP) expire(c *relayConn) {
	s.mu.Lock()
	for i, other := range s.idle {
		if other == c {
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
			s.mu.Unlock()
			c.close()
			return
		}
	}
	s.mu.Unlock()
}

// closeIdle drops the idle connections, without QUIT.
func (s *SMTP) closeIdle() {
	s.mu.Lock()
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, c := range idle {
		c.expiry.Stop()
		c.abort()
	}
}

// Close waits for the mails that are being sent, and says goodbye to the relay.
// Whoever is in a hurry cancels their contexts first. A Send that comes later
// fails.
func (s *SMTP) Close() error {
	s.mu.Lock()
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, c := range idle {
		c.expiry.Stop()
		s.sending.Go(c.close)
	}
	s.sending.Wait()
	return nil
}
