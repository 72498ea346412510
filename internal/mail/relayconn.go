package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// A relayConn is one connection to the relay that has been greeted, encrypted and
// logged in as configured. One goroutine uses it at a time.
type relayConn struct {
	client   *smtp.Client
	wire     *wire
	timeouts Timeouts
	since    time.Time
	expiry   *time.Timer // closes it when idle; set while it is

	pipelining bool // MAIL, RCPT and DATA in one go: one round trip for three
	utf8       bool // takes addresses beyond ASCII

	usable bool // whether another mail may follow
}

// connect makes a relayConn. Whatever goes wrong here is not the mail's fault and
// may be mended by the relay's operator or ours: it is temporary, even where the
// relay says 5xx, as it does to a wrong password.
func (s *SMTP) connect(ctx context.Context) (_ *relayConn, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts.Connect)
	defer cancel()
	raw, err := s.dial(ctx, "tcp", s.relay.Address())
	if err != nil {
		return nil, &Failure{Kind: Temporary, Step: "connect", Err: dialError(err)}
	}
	w := &wire{Conn: raw}
	defer func() {
		if err != nil {
			_ = raw.Close() // the first error is the one that explains
		}
	}()
	stop := w.watch(ctx)
	defer stop()
	w.extend(s.timeouts.Connect)

	conn := net.Conn(w)
	if s.relay.TLS == TLSImplicit {
		encrypted := tls.Client(w, s.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, refusalOr("TLS", err)
		}
		conn = encrypted
	}
	client, err := smtp.NewClient(conn, s.relay.Host)
	if err != nil {
		return nil, refusalOr("greeting", err)
	}
	if err := client.Hello(heloName(s.relay.Helo)); err != nil {
		return nil, refusalOr("EHLO", err)
	}
	encrypted, err := s.encrypt(client, raw)
	if err != nil {
		return nil, err
	}
	if err := s.logIn(client, encrypted); err != nil {
		return nil, err
	}
	c := &relayConn{client: client, wire: w, timeouts: s.timeouts, since: time.Now(), usable: true}
	c.pipelining, _ = client.Extension("PIPELINING")
	c.utf8, _ = client.Extension("SMTPUTF8")
	return c, nil
}

// dialError leaves out of the resolver's and the dialer's errors what the
// configured address says already.
func dialError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the relay did not answer in time")
	}
	return err
}

// encrypt does STARTTLS as the policy has it, and reports whether a password
// may be sent over what came of it.
func (s *SMTP) encrypt(client *smtp.Client, raw net.Conn) (trusted bool, err error) {
	offered, _ := client.Extension("STARTTLS")
	loopback := isLoopback(raw)
	switch {
	case s.relay.TLS == TLSImplicit:
		return true, nil
	case s.relay.TLS == TLSOff:
		return true, nil // asked for in so many words
	case s.relay.TLS == TLSRequired && !offered:
		return false, &Failure{Kind: Temporary, Step: "STARTTLS",
			Err: errors.New("the relay does not offer STARTTLS, which tls=required asks for")}
	case !offered:
		return loopback, nil
	}
	config := s.tls
	if s.relay.TLS == TLSOffered && (!s.relay.Login || loopback) {
		// As mail servers do among each other: a relay on the same machine
		// commonly has a certificate that nobody signed, and the alternative
		// would be no encryption at all.
		config = config.Clone()
		config.InsecureSkipVerify = true
	}
	if err := client.StartTLS(config); err != nil {
		return false, refusalOr("STARTTLS", err)
	}
	return true, nil
}

func isLoopback(conn net.Conn) bool {
	address, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

// logIn authenticates with the first of PLAIN and LOGIN that is offered.
func (s *SMTP) logIn(client *smtp.Client, trusted bool) error {
	if !s.relay.Login {
		return nil
	}
	const step = "log in"
	if !trusted {
		return &Failure{Kind: Temporary, Step: step, Err: errors.New(
			"the relay does not offer STARTTLS, and the password is not sent in the clear: use smtps://, or tls=off if the way to the relay is safe")}
	}
	_, offered := client.Extension("AUTH")
	var auth smtp.Auth
	// That the connection may carry a password has been decided above.
	switch mechanisms := strings.Fields(strings.ToUpper(offered)); {
	case slices.Contains(mechanisms, "PLAIN"):
		auth = smtp.PlainAuth("", s.relay.user, s.relay.password, s.relay.Host, true)
	case slices.Contains(mechanisms, "LOGIN"):
		auth = smtp.LoginAuth(s.relay.user, s.relay.password, s.relay.Host, true)
	default:
		return &Failure{Kind: Temporary, Step: step, Err: fmt.Errorf(
			"the relay offers neither PLAIN nor LOGIN, but %q", printable(offered, 100))}
	}
	if err := client.Auth(auth); err != nil {
		return refusalOr(step, err)
	}
	return nil
}

// heloName is the name to introduce oneself with: the configured one, else the
// machine's if it could be one, else the address literal which RFC 5321 asks
// for instead.
func heloName(configured string) string {
	if configured != "" {
		return configured
	}
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, notHost) {
		return "[127.0.0.1]"
	}
	return name
}

// send delivers one mail over the connection.
func (c *relayConn) send(ctx context.Context, m *Composed) (Reply, error) {
	stop := c.wire.watch(ctx)
	defer stop()

	mailFrom := "MAIL FROM:<" + m.From + ">"
	if !isASCII(m.From + m.To) {
		if !c.utf8 {
			return Reply{}, &Failure{Kind: Permanent, Step: "recipient",
				Err: errors.New("the relay does not take addresses beyond ASCII (it does not offer SMTPUTF8)")}
		}
		mailFrom += " SMTPUTF8"
	}
	if err := c.envelope(mailFrom, "RCPT TO:<"+m.To+">"); err != nil {
		return Reply{}, err
	}
	return c.content(m.data)
}

// The commands of an envelope, with the answer that each wants.
const (
	stepSender    = "sender"
	stepRecipient = "recipient"
	stepData      = "DATA"
	stepContent   = "content"
)

// envelope names sender and recipient and gets the go-ahead for the content.
func (c *relayConn) envelope(mailFrom, rcptTo string) error {
	steps := []struct{ name, command string }{
		{stepSender, mailFrom}, {stepRecipient, rcptTo}, {stepData, "DATA"},
	}
	var first *Failure // the refusal that caused the others
	for i, step := range steps {
		c.wire.extend(c.timeouts.Command)
		if !c.pipelining || i == 0 {
			commands := steps[i : i+1]
			if c.pipelining {
				commands = steps
			}
			for _, s := range commands {
				if _, err := c.client.Text.W.WriteString(s.command + "\r\n"); err != nil {
					return c.broken(s.name, err)
				}
			}
			if err := c.client.Text.W.Flush(); err != nil {
				return c.broken(step.name, err)
			}
		}
		code, text, err := c.client.Text.ReadResponse(0)
		if err != nil {
			if first != nil {
				c.usable = false
				return first
			}
			return c.broken(step.name, err)
		}
		accepted := code/100 == 2 && step.name != stepData || code == 354 && step.name == stepData
		if first == nil && !accepted {
			first = refusal(step.name, code, text)
		}
		if first != nil && code == 354 {
			// It waits for content although the envelope was refused. Without
			// the final dot it gets no mail.
			c.usable = false
			return first
		}
		if first != nil && !c.pipelining {
			break
		}
	}
	if first != nil {
		c.reset()
		return first
	}
	return nil
}

// content sends the mail and gets the answer that decides.
func (c *relayConn) content(data []byte) (Reply, error) {
	c.wire.extend(c.timeouts.Command)
	w := c.client.Text.DotWriter()
	if _, err := w.Write(data); err != nil {
		return Reply{}, c.broken(stepContent, err)
	}
	// Until the dot is written the relay cannot have taken the mail. From here
	// on it can, whatever we see of it.
	c.wire.extend(c.timeouts.Accept)
	if err := w.Close(); err != nil {
		return Reply{}, c.uncertain(err)
	}
	code, text, err := c.client.Text.ReadResponse(0)
	if err != nil {
		return Reply{}, c.uncertain(err)
	}
	if code/100 != 2 {
		return Reply{}, refusal(stepContent, code, text)
	}
	return newReply(code, text), nil
}

// broken is a connection that failed while the mail cannot have been taken.
func (c *relayConn) broken(step string, err error) *Failure {
	c.usable = false
	return refusalOr(step, err)
}

func (c *relayConn) uncertain(err error) *Failure {
	f := c.broken("answer to the mail", err)
	f.Uncertain = true
	return f
}

// refusal classifies what the relay answered to a step of the mail.
func refusal(step string, code int, text string) *Failure {
	f := &Failure{Kind: Temporary, Step: step, Reply: newReply(code, text)}
	if code/100 == 5 && !aboutUs(step, f.Reply) {
		f.Kind = Permanent
	}
	return f
}

// aboutUs reports refusals that concern our standing with the relay and not the
// mail: they end when somebody mends the configuration, and until then every
// mail meets them. Failing the invitations of that time for good would help
// nobody.
func aboutUs(step string, r Reply) bool {
	switch r.Code {
	case 530, 534, 535, 538: // log-in required, too weak, wrong, encryption required
		return true
	}
	if step != stepSender {
		return false
	}
	// Bad sender address, or a policy that is applied before the recipient is
	// known.
	return r.Enhanced == "5.1.7" || r.Enhanced == "5.1.8" || strings.HasPrefix(r.Enhanced, "5.7.")
}

// reset makes the relay forget a refused envelope.
func (c *relayConn) reset() {
	c.wire.extend(c.timeouts.Command)
	if err := c.client.Reset(); err != nil {
		c.usable = false
	}
}

// close says goodbye, without insisting on an answer.
func (c *relayConn) close() {
	c.wire.extend(2 * time.Second)
	_ = c.client.Quit() // the connection ends one way or the other
	c.abort()
}

func (c *relayConn) abort() { _ = c.wire.Close() }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// A wire is a connection that can be cut by a context and that reads no more
// than a relay has to say.
type wire struct {
	net.Conn
	mu   sync.Mutex
	cut  bool
	left int // bytes that may still be read before extend is called again
}

// An answer of an honest relay is a few hundred bytes, a TLS handshake a few
// thousand.
const maxAnswer = 128 << 10

var errTalkative = errors.New("the relay sends more than an answer")

// extend gives the next step its time and its bytes.
func (w *wire) extend(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = maxAnswer
	if !w.cut {
		// An error shows at the next read or write.
		_ = w.Conn.SetDeadline(time.Now().Add(d))
	}
}

// watch cuts the wire when ctx ends, until stop is called.
func (w *wire) watch(ctx context.Context) (stop func()) {
	ended := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cut = true
		_ = w.Conn.SetDeadline(time.Unix(1, 0))
	})
	return func() { ended() }
}

func (w *wire) Read(p []byte) (int, error) {
	w.mu.Lock()
	left := w.left
	w.mu.Unlock()
	if left <= 0 {
		return 0, errTalkative
	}
	n, err := w.Conn.Read(p[:min(len(p), left)])
	w.mu.Lock()
	w.left -= n
	w.mu.Unlock()
	return n, err
}
