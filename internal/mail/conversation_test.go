package mail_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/mail"
)

// A script is a relay that answers as its author likes. Each connection gets
// the next of its conversations.
type script struct {
	extensions []string // offered to EHLO
	// answer is called with each command, and with "." at the end of a mail. It
	// returns the answer, "" for the usual one, or hangUp or sayNothing: the
	// latter ends all answers on this connection.
	answer func(connection int, command string) string

	mu       sync.Mutex
	commands []string // of all connections
}

const (
	hangUp     = "hang up"
	sayNothing = "say nothing"
)

func (s *script) open(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				s.converse(conn, n)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

func (s *script) converse(conn net.Conn, n int) {
	r := bufio.NewReader(conn)
	silent := false
	// say answers a command and reports whether to go on.
	say := func(command string) (answer string, ok bool) {
		s.mu.Lock()
		s.commands = append(s.commands, command)
		s.mu.Unlock()
		if s.answer != nil {
			answer = s.answer(n, command)
		}
		switch {
		case answer == hangUp:
			return answer, false
		case silent || answer == sayNothing:
			silent = true
			return sayNothing, true
		case answer != "":
		case command == "connect":
			answer = "220 ready"
		case strings.HasPrefix(command, "EHLO"):
			answer = "250-relay.example\r\n"
			for _, e := range s.extensions {
				answer += "250-" + e + "\r\n"
			}
			answer += "250 HELP"
		case command == "DATA":
			answer = "354 go on"
		case command == "QUIT":
			answer = "221 bye"
		default:
			answer = "250 ok"
		}
		_, err := conn.Write([]byte(answer + "\r\n"))
		return answer, err == nil
	}
	if _, ok := say("connect"); !ok {
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		command := strings.TrimRight(line, "\r\n")
		answer, ok := say(command)
		if !ok {
			return
		}
		if strings.HasPrefix(answer, "354") {
			for line != ".\r\n" {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
			if _, ok := say("."); !ok {
				return
			}
		}
	}
}

func (s *script) said(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.commands {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// at answers one command in a special way.
func at(command, answer string) func(int, string) string {
	return func(_ int, c string) string {
		if strings.HasPrefix(c, command) {
			return answer
		}
		return ""
	}
}

func TestRelayThatBreaksOff(t *testing.T) {
	for _, pipelining := range []bool{false, true} {
		for name, test := range map[string]struct {
			answer    func(int, string) string
			uncertain bool
			says      string
		}{
			"at once":              {at("connect", hangUp), false, "greeting"},
			"after EHLO":           {at("", ""), false, ""},
			"after MAIL":           {at("MAIL", hangUp), false, "closed the connection"},
			"after RCPT":           {at("RCPT", hangUp), false, "closed the connection"},
			"after DATA":           {at("DATA", hangUp), false, "closed the connection"},
			"after the mail":       {at(".", hangUp), true, "may have taken"},
			"silent at once":       {at("connect", sayNothing), false, "in time"},
			"silent after MAIL":    {at("MAIL", sayNothing), false, "in time"},
			"silent after DATA":    {at("DATA", sayNothing), false, "in time"},
			"silent after mail":    {at(".", sayNothing), true, "may have taken"},
			"nonsense at once":     {at("connect", "hello there"), false, "greeting"},
			"nonsense after RCPT":  {at("RCPT", "what?"), false, ""},
			"nonsense after mail":  {at(".", "well"), true, "may have taken"},
			"no service":           {at("connect", "554 no SMTP service here"), false, "554 no SMTP service here"},
			"busy":                 {at("connect", "421 4.3.2 too many connections"), false, "421 4.3.2"},
			"shutting down":        {at("MAIL", "421 4.3.2 shutting down"), false, "421 4.3.2"},
			"without end":          {at("MAIL", strings.Repeat("250-x\r\n", 1<<16)), false, "more than an answer"},
			"one line without end": {at("connect", "220-"+strings.Repeat("x", 1<<20)), false, "more than an answer"},
		} {
			if name == "after EHLO" {
				test.answer, test.says = at("EHLO", hangUp), "EHLO"
			}
			mode := "one by one"
			if pipelining {
				mode = "pipelined"
			}
			t.Run(name+"/"+mode, func(t *testing.T) {
				relay := &script{answer: test.answer}
				if pipelining {
					relay.extensions = []string{"PIPELINING"}
				}
				// Only where the relay falls silent is a short wait the same
				// for a slow machine as for a fast one.
				var timeouts mail.Timeouts
				switch name {
				case "silent at once":
					timeouts.Connect = 100 * time.Millisecond
				case "silent after MAIL", "silent after DATA":
					timeouts.Command = 100 * time.Millisecond
				case "silent after mail":
					timeouts.Accept = 100 * time.Millisecond
				}
				s := sender(t, "smtp://"+relay.open(t), mail.SMTPOptions{Timeouts: timeouts})
				_, err := s.Send(t.Context(), compose(t, mail.Options{}, invitation()))
				f := failed(t, err, mail.Temporary)
				if f.Uncertain != test.uncertain || !strings.Contains(f.Error(), test.says) {
					t.Errorf("uncertain %v: %v", f.Uncertain, f)
				}
				if n := relay.said("MAIL"); n > 1 {
					t.Errorf("MAIL was said %d times", n)
				}
			})
		}
	}
}

// A relay ends connections that were idle or used for long. The mail that meets
// such an end is not lost and not reported as refused.
func TestReusedConnectionThatEnded(t *testing.T) {
	for name, answer := range map[string]string{
		"closed":         hangUp,
		"says 421":       "421 4.4.2 idle for too long",
		"stops speaking": sayNothing,
	} {
		t.Run(name, func(t *testing.T) {
			relay := &script{}
			seen := map[int]int{}
			relay.answer = func(connection int, command string) string {
				relay.mu.Lock()
				defer relay.mu.Unlock()
				if strings.HasPrefix(command, "MAIL") {
					if seen[connection]++; connection == 0 && seen[connection] == 2 {
						return answer
					}
				}
				return ""
			}
			s := sender(t, "smtp://"+relay.open(t), mail.SMTPOptions{Timeouts: mail.Timeouts{Command: time.Second}})
			m := compose(t, mail.Options{}, invitation())
			for range 3 {
				if _, err := s.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if n := relay.said("EHLO"); n != 2 {
				t.Errorf("%d connections", n)
			}
			if n := relay.said("."); n != 3 {
				t.Errorf("%d mails", n)
			}
		})
	}
}

// When it is not known whether the relay has the mail, trying again is not for
// us to decide.
func TestUncertainMailIsNotRepeated(t *testing.T) {
	relay := &script{extensions: []string{"PIPELINING"}}
	mails := 0
	relay.answer = func(_ int, command string) string {
		if command == "." {
			if mails++; mails == 2 {
				return hangUp
			}
		}
		return ""
	}
	s := sender(t, "smtp://"+relay.open(t), mail.SMTPOptions{})
	m := compose(t, mail.Options{}, invitation())
	if _, err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	_, err := s.Send(t.Context(), m)
	if f := failed(t, err, mail.Temporary); !f.Uncertain {
		t.Errorf("not uncertain: %v", f)
	}
	if n := relay.said("."); n != 2 {
		t.Errorf("the mail was sent %d times", n-1)
	}
}

// A relay that asks for the content although it refused the envelope must not
// be sent one, nor an empty one.
func TestGoAheadAfterRefusal(t *testing.T) {
	relay := &script{extensions: []string{"PIPELINING"}, answer: at("RCPT", "550 5.1.1 no such user")}
	s := sender(t, "smtp://"+relay.open(t), mail.SMTPOptions{})
	_, err := s.Send(t.Context(), compose(t, mail.Options{}, invitation()))
	if f := failed(t, err, mail.Permanent); f.Reply.Code != 550 {
		t.Errorf("%v", f)
	}
	if n := relay.said("."); n != 0 {
		t.Error("a mail was sent to nobody")
	}
}

// Without STARTTLS in the answer to EHLO, an attacker between us and the relay
// may have taken it out: the password stays here. So it does when the relay
// that was asked to encrypt refuses.
func TestStartTLSRefused(t *testing.T) {
	relay := &script{extensions: []string{"STARTTLS", "AUTH PLAIN"}, answer: at("STARTTLS", "454 4.7.0 not now")}
	s := sender(t, "smtp://user:p%40ss@"+relay.open(t), mail.SMTPOptions{})
	_, err := s.Send(t.Context(), compose(t, mail.Options{}, invitation()))
	if f := failed(t, err, mail.Temporary); f.Reply.Code != 454 {
		t.Errorf("%v", f)
	}
	if relay.said("AUTH") != 0 || relay.said("MAIL") != 0 {
		t.Errorf("said %v", relay.commands)
	}
}

func TestSendIsCancelled(t *testing.T) {
	for _, command := range []string{"connect", "EHLO", "MAIL", "DATA", "."} {
		t.Run(command, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			relay := &script{answer: func(_ int, c string) string {
				if strings.HasPrefix(c, command) {
					cancel()
					return sayNothing
				}
				return ""
			}}
			s := sender(t, "smtp://"+relay.open(t), mail.SMTPOptions{})
			_, err := s.Send(ctx, compose(t, mail.Options{}, invitation()))
			f := failed(t, err, mail.Temporary)
			if !errors.Is(err, context.Canceled) || f.Uncertain != (command == ".") {
				t.Errorf("uncertain %v: %v", f.Uncertain, err)
			}
		})
	}
}

func TestSendIsCancelledWhileItWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reached := make(chan struct{})
	relay := &script{answer: func(_ int, c string) string {
		if strings.HasPrefix(c, "MAIL") {
			close(reached)
			return sayNothing
		}
		return ""
	}}
	s := sender(t, "smtp://"+relay.open(t)+"?connections=1", mail.SMTPOptions{})
	m := compose(t, mail.Options{}, invitation())
	first := make(chan error)
	go func() {
		_, err := s.Send(ctx, m)
		first <- err
	}()
	<-reached
	expired, done := context.WithDeadline(ctx, time.Unix(1, 0))
	defer done()
	_, err := s.Send(expired, m)
	if failed(t, err, mail.Temporary); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	cancel()
	failed(t, <-first, mail.Temporary)
}

func TestNoRelayThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s := sender(t, "smtp://user:p%40ss@"+address, mail.SMTPOptions{})
	_, err = s.Send(t.Context(), compose(t, mail.Options{}, invitation()))
	if f := failed(t, err, mail.Temporary); f.Step != "connect" || !strings.Contains(f.Error(), "refused") {
		t.Errorf("%v", f)
	}
}
