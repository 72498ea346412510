package apitest

import (
	"errors"
	"io"
	"log"
	"net"
	"net/mail"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// A relay takes mail, and remembers of which invitation. What it has said yes to has arrived, whoever heard the yes.
type relay struct {
	url string

	answer *smtp.SMTPError // to every recipient, if not nil

	mu      sync.Mutex
	taken   map[string]int // how often, by invitation id
	holding int            // mails that have come in and wait behind the gate
	gate    chan struct{}  // closed: open to all
}

var invitationID = regexp.MustCompile(`[0-9a-f]{32}`)

// startRelay starts a relay, which ends with the test. Its gate is open.
func startRelay(t *testing.T) *relay {
	t.Helper()
	r := &relay{taken: map[string]int{}, gate: make(chan struct{})}
	close(r.gate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return relaySession{r}, nil }))
	s.Domain = "localhost"
	s.ErrorLog = log.New(io.Discard, "", 0) // that clients die is what the tests are about
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		r.open()
		if err := errors.Join(s.Close(), <-served); err != nil {
			t.Errorf("the relay: %v", err)
		}
	})
	r.url = "smtp://" + listener.Addr().String() + "?tls=off"
	return r
}

// answering makes the relay say something to every recipient. It is called before the first mail.
func (r *relay) answering(code, text string) *relay {
	if n, _ := strconv.Atoi(code); n >= 400 {
		r.answer = &smtp.SMTPError{Code: n, EnhancedCode: smtp.NoEnhancedCode, Message: text}
	}
	return r
}

// shut lets mails come in and wait, unanswered, until open.
func (r *relay) shut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gate = make(chan struct{})
}

func (r *relay) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.gate:
	default:
		close(r.gate)
	}
}

// come counts a mail in, or out, and returns the gate.
func (r *relay) come(n int) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holding += n
	return r.gate
}

// waiting is how many mails wait behind the gate.
func (r *relay) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holding
}

// mails is how often each invitation's mail was taken; twice is how many were taken more often than once, all in all.
func (r *relay) mails() (taken map[string]int, twice int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken = make(map[string]int, len(r.taken))
	for id, n := range r.taken {
		taken[id] = n
		twice += n - 1
	}
	return taken, twice
}

type relaySession struct{ *relay }

func (s relaySession) Rcpt(string, *smtp.RcptOptions) error {
	if s.answer != nil {
		return s.answer
	}
	return nil
}

func (relaySession) Mail(string, *smtp.MailOptions) error { return nil }
func (relaySession) Reset()                               {}
func (relaySession) Logout() error                        { return nil }

func (s relaySession) Data(from io.Reader) error {
	m, err := mail.ReadMessage(from)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return err // cut off: it has not arrived
	}
	r := s.relay
	<-r.come(1)
	r.come(-1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken[invitationID.FindString(m.Header.Get("Message-ID"))]++
	return nil
}
