package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"magpie/internal/mail"
)

// inbox is a relay that keeps what it is given.
type inbox struct {
	// What to answer, if not yes.
	onMail, onRcpt, onData error
	auth                   []string // mechanisms to offer

	mu       sync.Mutex
	mails    []received
	sessions int
	logins   []string
	left     chan struct{} // one for each session that ended
}

type received struct {
	from, to string
	utf8     bool
	data     []byte
}

// open starts the relay and returns its address.
func (b *inbox) open(t testing.TB, change func(*smtp.Server)) string {
	t.Helper()
	b.left = make(chan struct{}, 1000)
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.sessions++
		s := &inboxSession{inbox: b}
		if len(b.auth) > 0 {
			return &inboxAuthSession{s}, nil
		}
		return s, nil
	}))
	server.Domain = "relay.example"
	server.ErrorLog = log.New(io.Discard, "", 0)
	if change != nil {
		change(server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return l.Addr().String()
}

func (b *inbox) count() (mails, sessions int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.mails), b.sessions
}

type inboxSession struct {
	inbox   *inbox
	current received
}

func (s *inboxSession) Reset() { s.current = received{} }

func (s *inboxSession) Logout() error {
	s.inbox.left <- struct{}{}
	return nil
}

func (s *inboxSession) Mail(from string, o *smtp.MailOptions) error {
	s.current = received{from: from, utf8: o.UTF8}
	return s.inbox.onMail
}

func (s *inboxSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.current.to = to
	return s.inbox.onRcpt
}

func (s *inboxSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.inbox.onData != nil {
		return s.inbox.onData
	}
	s.current.data = data
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	s.inbox.mails = append(s.inbox.mails, s.current)
	return nil
}

type inboxAuthSession struct{ *inboxSession }

func (s *inboxAuthSession) AuthMechanisms() []string { return s.inbox.auth }

func (s *inboxAuthSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		s.inbox.mu.Lock()
		defer s.inbox.mu.Unlock()
		s.inbox.logins = append(s.inbox.logins, mechanism+" "+user)
		if user != "user" || password != "p@ss/word" {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// loginServer is the server's side of LOGIN, which go-sasl has no more.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (s *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	s.step++
	switch s.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		s.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, s.check(s.user, string(response))
}

func sender(t testing.TB, url string, o mail.SMTPOptions) *mail.SMTP {
	t.Helper()
	relay, err := mail.ParseRelay(url)
	if err != nil {
		t.Fatal(err)
	}
	s := mail.NewSMTP(relay, o)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// failed asserts that a mail was not delivered, and how.
func failed(t *testing.T, err error, kind mail.Kind) *mail.Failure {
	t.Helper()
	f, ok := errors.AsType[*mail.Failure](err)
	if !ok {
		t.Fatalf("error %v is no failure of kind %s", err, kind)
	}
	if f.Kind != kind {
		t.Fatalf("kind %s instead of %s: %v", f.Kind, kind, err)
	}
	text := err.Error()
	for _, secret := range []string{"p@ss", "cABzcw", "111122223333", "This is a message"} {
		if strings.Contains(text, secret) {
			t.Errorf("the error's text has %q in it: %s", secret, text)
		}
	}
	if len(text) > 500 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("the error's text is not one bounded printable line: %q", text)
	}
	return f
}

func TestSMTPDelivers(t *testing.T) {
	b := &inbox{}
	s := sender(t, "smtp://"+b.open(t, nil), mail.SMTPOptions{})
	m := compose(t, mail.Options{}, invitation())
	for range 3 {
		reply, err := s.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Code != 250 || reply.Enhanced != "2.0.0" || !strings.HasPrefix(reply.Text, "OK") {
			t.Errorf("reply %+v", reply)
		}
	}
	mails, sessions := b.count()
	if mails != 3 || sessions != 1 {
		t.Fatalf("%d mails over %d connections", mails, sessions)
	}
	for _, got := range b.mails {
		if got.from != "macie@example.org" || got.to != "owner@example.com" || got.utf8 {
			t.Errorf("envelope %s to %s, SMTPUTF8 %v", got.from, got.to, got.utf8)
		}
		if !bytes.Equal(got.data, m.Bytes()) {
			t.Error("the mail was changed on its way")
		}
	}
}

func TestSMTPRefusals(t *testing.T) {
	refuse := func(code int, text string, enhanced ...int) error {
		e := &smtp.SMTPError{Code: code, Message: text, EnhancedCode: smtp.NoEnhancedCode}
		if len(enhanced) == 3 {
			e.EnhancedCode = smtp.EnhancedCode(enhanced)
		}
		return e
	}
	for name, test := range map[string]struct {
		inbox *inbox
		kind  mail.Kind
		step  string
		reply mail.Reply
	}{
		"no such user":           {&inbox{onRcpt: refuse(550, "no such user", 5, 1, 1)}, mail.Permanent, "recipient", mail.Reply{Code: 550, Enhanced: "5.1.1", Text: "no such user"}},
		"no enhanced code":       {&inbox{onRcpt: refuse(550, "no such user")}, mail.Permanent, "recipient", mail.Reply{Code: 550, Text: "no such user"}},
		"greylisted":             {&inbox{onRcpt: refuse(451, "try again later", 4, 7, 1)}, mail.Temporary, "recipient", mail.Reply{Code: 451, Enhanced: "4.7.1", Text: "try again later"}},
		"relaying denied":        {&inbox{onRcpt: refuse(554, "relay access denied", 5, 7, 1)}, mail.Permanent, "recipient", mail.Reply{Code: 554, Enhanced: "5.7.1", Text: "relay access denied"}},
		"content refused":        {&inbox{onData: refuse(554, "looks like spam", 5, 7, 1)}, mail.Permanent, "content", mail.Reply{Code: 554, Enhanced: "5.7.1", Text: "looks like spam"}},
		"disk full":              {&inbox{onData: refuse(452, "no space", 4, 3, 1)}, mail.Temporary, "content", mail.Reply{Code: 452, Enhanced: "4.3.1", Text: "no space"}},
		"sender refused":         {&inbox{onMail: refuse(550, "go away", 5, 0, 0)}, mail.Permanent, "sender", mail.Reply{Code: 550, Enhanced: "5.0.0", Text: "go away"}},
		"sender's domain":        {&inbox{onMail: refuse(553, "unknown sender domain", 5, 1, 8)}, mail.Temporary, "sender", mail.Reply{Code: 553, Enhanced: "5.1.8", Text: "unknown sender domain"}},
		"sender not ours to use": {&inbox{onMail: refuse(550, "not yours", 5, 7, 60)}, mail.Temporary, "sender", mail.Reply{Code: 550, Enhanced: "5.7.60", Text: "not yours"}},
		"log-in required":        {&inbox{onMail: refuse(530, "authenticate first", 5, 7, 0)}, mail.Temporary, "sender", mail.Reply{Code: 530, Enhanced: "5.7.0", Text: "authenticate first"}},
		"several lines":          {&inbox{onRcpt: refuse(550, "one\ntwo\x1b[31m\tthree\u202e", 5, 1, 1)}, mail.Permanent, "recipient", mail.Reply{Code: 550, Enhanced: "5.1.1", Text: "one two [31m three"}},
		"long":                   {&inbox{onRcpt: refuse(550, strings.Repeat("x", 1500), 5, 1, 1)}, mail.Permanent, "recipient", mail.Reply{Code: 550, Enhanced: "5.1.1", Text: strings.Repeat("x", 249) + "…"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := test.inbox
			s := sender(t, "smtp://"+b.open(t, nil), mail.SMTPOptions{})
			m := compose(t, mail.Options{}, invitation())
			_, err := s.Send(t.Context(), m)
			f := failed(t, err, test.kind)
			if f.Step != test.step || f.Reply != test.reply || f.Uncertain {
				t.Errorf("failure %+v", f)
			}
			// The refusal of one mail does not cost the connection.
			b.mu.Lock()
			b.onMail, b.onRcpt, b.onData = nil, nil, nil
			b.mu.Unlock()
			if _, err := s.Send(t.Context(), m); err != nil {
				t.Fatalf("the mail after: %v", err)
			}
			if mails, sessions := b.count(); mails != 1 || sessions != 1 {
				t.Errorf("%d mails over %d connections", mails, sessions)
			}
		})
	}
}

func TestSMTPInternationalAddress(t *testing.T) {
	inv := invitation()
	inv.RecipientEmail = "öwner@bücher.example"
	m := compose(t, mail.Options{}, inv)

	able := &inbox{}
	s := sender(t, "smtp://"+able.open(t, func(s *smtp.Server) { s.EnableSMTPUTF8 = true }), mail.SMTPOptions{})
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := able.mails[0]; got.to != inv.RecipientEmail || !got.utf8 {
		t.Errorf("to %s, SMTPUTF8 %v", got.to, got.utf8)
	}

	unable := &inbox{}
	s = sender(t, "smtp://"+unable.open(t, nil), mail.SMTPOptions{})
	_, err := s.Send(t.Context(), m)
	failed(t, err, mail.Permanent)
}

// certificate makes a certificate for 127.0.0.1 that signs itself, and roots
// that trust it.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:     []string{"relay.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// remote makes connections that claim to lead to another machine.
func remote(target string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, target)
		return remoteConn{conn}, err
	}
}

type remoteConn struct{ net.Conn }

func (remoteConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25} }

func TestSMTPEncryption(t *testing.T) {
	const login = "user:p%40ss%2Fword@"
	serverTLS, roots := certificate(t)
	for name, test := range map[string]struct {
		url      string // without host
		options  string
		starttls bool // the relay offers it
		implicit bool // the relay wants TLS from the first byte
		trusted  bool // we know who signed its certificate
		local    bool // it is on this machine
		delivers bool
		says     string // in the error
	}{
		"plain":                                {url: "smtp://", delivers: true},
		"offered":                              {url: "smtp://", starttls: true, trusted: true, delivers: true},
		"offered, unknown certificate":         {url: "smtp://", starttls: true, delivers: true},
		"offered, off":                         {url: "smtp://", options: "?tls=off", starttls: true, delivers: true},
		"required":                             {url: "smtp://", options: "?tls=required", starttls: true, trusted: true, delivers: true},
		"required, unknown certificate":        {url: "smtp://", options: "?tls=required", starttls: true, local: true, says: "certificate"},
		"required, not offered":                {url: "smtp://", options: "?tls=required", local: true, says: "tls=required"},
		"smtps":                                {url: "smtps://", implicit: true, trusted: true, delivers: true},
		"smtps, unknown certificate":           {url: "smtps://", implicit: true, local: true, says: "certificate"},
		"smtps to a plain relay":               {url: "smtps://", says: "TLS"},
		"log-in":                               {url: "smtp://" + login, starttls: true, trusted: true, delivers: true},
		"log-in, unknown certificate":          {url: "smtp://" + login, starttls: true, says: "certificate"},
		"log-in, unknown certificate, local":   {url: "smtp://" + login, starttls: true, local: true, delivers: true},
		"log-in, not offered":                  {url: "smtp://" + login, says: "in the clear"},
		"log-in, not offered, local":           {url: "smtp://" + login, local: true, delivers: true},
		"log-in, not offered, but asked for":   {url: "smtp://" + login, options: "?tls=off", delivers: true},
		"log-in, smtps":                        {url: "smtps://" + login, implicit: true, trusted: true, delivers: true},
		"log-in, smtps, unknown certificate":   {url: "smtps://" + login, implicit: true, local: true, says: "certificate"},
		"log-in, wrong password, with smtps":   {url: "smtps://user:wrong@", implicit: true, trusted: true, says: "535 5.7.8 Authentication failed"},
		"log-in, not offered, tls is required": {url: "smtp://" + login, options: "?tls=required", local: true, says: "tls=required"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &inbox{}
			if strings.Contains(test.url, "@") {
				b.auth = []string{sasl.Plain, sasl.Login}
			}
			address := b.open(t, func(s *smtp.Server) {
				s.AllowInsecureAuth = true
				if test.starttls {
					s.TLSConfig = serverTLS
				}
			})
			if test.implicit {
				b = &inbox{auth: b.auth}
				address = openImplicit(t, b, serverTLS)
			}
			var o mail.SMTPOptions
			if test.trusted {
				o.TLS = &tls.Config{RootCAs: roots}
			}
			if !test.local {
				o.Dial = remote(address)
			}
			s := sender(t, test.url+address+test.options, o)
			_, err := s.Send(t.Context(), compose(t, mail.Options{}, invitation()))
			mails, _ := b.count()
			if test.delivers {
				if err != nil || mails != 1 {
					t.Fatalf("%d mails, %v", mails, err)
				}
				return
			}
			// A relay that is configured wrongly can be configured rightly.
			f := failed(t, err, mail.Temporary)
			if mails != 0 || !strings.Contains(f.Error(), test.says) {
				t.Errorf("%d mails, %v", mails, err)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if strings.Contains(test.says, "in the clear") && len(b.logins) > 0 {
				t.Errorf("the password was sent: %v", b.logins)
			}
		})
	}
}

// openImplicit starts a relay that is encrypted from the first byte.
func openImplicit(t *testing.T, b *inbox, config *tls.Config) string {
	t.Helper()
	plain := b.open(t, func(s *smtp.Server) { s.AllowInsecureAuth = true })
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			outer, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer outer.Close()
				inner, err := net.Dial("tcp", plain)
				if err != nil {
					return
				}
				defer inner.Close()
				go func() {
					_, _ = io.Copy(inner, outer)
					_ = inner.Close()
				}()
				_, _ = io.Copy(outer, inner)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

func TestSMTPLogInMechanisms(t *testing.T) {
	for _, test := range []struct {
		offered []string
		used    string
	}{
		{[]string{"LOGIN", "PLAIN"}, "PLAIN user"},
		{[]string{"LOGIN"}, "LOGIN user"},
		{[]string{"CRAM-MD5"}, ""},
	} {
		b := &inbox{auth: test.offered}
		s := sender(t, "smtp://user:p%40ss%2Fword@"+b.open(t, func(s *smtp.Server) { s.AllowInsecureAuth = true }), mail.SMTPOptions{})
		_, err := s.Send(t.Context(), compose(t, mail.Options{}, invitation()))
		if test.used == "" {
			if f := failed(t, err, mail.Temporary); !strings.Contains(f.Error(), "CRAM-MD5") {
				t.Errorf("%v: %v", test.offered, err)
			}
			continue
		}
		if err != nil || len(b.logins) != 1 || b.logins[0] != test.used {
			t.Errorf("%v: logins %v, %v", test.offered, b.logins, err)
		}
	}
}

func TestSMTPBoundsItsConnections(t *testing.T) {
	b := &inbox{}
	const limit, mails = 3, 200
	s := sender(t, fmt.Sprintf("smtp://%s?connections=%d", b.open(t, nil), limit), mail.SMTPOptions{})
	m := compose(t, mail.Options{}, invitation())
	var wg sync.WaitGroup
	for range mails {
		wg.Go(func() {
			if _, err := s.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, sessions := b.count(); got != mails || sessions > limit {
		t.Errorf("%d mails over %d connections", got, sessions)
	}
}

func TestSMTPLeavesAnIdleRelay(t *testing.T) {
	b := &inbox{}
	s := sender(t, "smtp://"+b.open(t, nil), mail.SMTPOptions{Timeouts: mail.Timeouts{Idle: time.Millisecond}})
	if _, err := s.Send(t.Context(), compose(t, mail.Options{}, invitation())); err != nil {
		t.Fatal(err)
	}
	<-b.left // hangs if the connection is kept
}

func TestSMTPReplacesAnOldConnection(t *testing.T) {
	b := &inbox{}
	s := sender(t, "smtp://"+b.open(t, nil), mail.SMTPOptions{Timeouts: mail.Timeouts{Reuse: time.Nanosecond}})
	m := compose(t, mail.Options{}, invitation())
	for range 2 {
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if mails, sessions := b.count(); mails != 2 || sessions != 2 {
		t.Errorf("%d mails over %d connections", mails, sessions)
	}
}

func TestSMTPClose(t *testing.T) {
	b := &inbox{}
	s := sender(t, "smtp://"+b.open(t, nil), mail.SMTPOptions{})
	m := compose(t, mail.Options{}, invitation())
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-b.left
	_, err := s.Send(t.Context(), m)
	failed(t, err, mail.Temporary)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSMTP(b *testing.B) {
	for _, connections := range []int{1, 16} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			relay := &inbox{}
			s := sender(b, fmt.Sprintf("smtp://%s?connections=%d", relay.open(b, nil), connections), mail.SMTPOptions{})
			m := compose(b, mail.Options{}, invitation())
			b.SetParallelism(connections)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Send(b.Context(), m); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
