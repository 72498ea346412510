package mail

import (
	"context"
	"fmt"
	"strings"

	"magpie/internal/lazyregexp"
)

// A Sender delivers mails. Implementations are safe for concurrent use.
type Sender interface {
	// Send delivers one mail and returns once it is known what became of it.
	// An error is always a [*Failure].
	Send(context.Context, *Composed) (Reply, error)
}

// A Reply is what a relay answered, made safe to be stored and shown: one
// line, printable, at most maxReply characters.
type Reply struct {
	Code     int    // SMTP reply code; 0 where there was no SMTP
	Enhanced string // enhanced status code as in RFC 3463, if there was one
	Text     string
}

func (r Reply) String() string {
	var parts []string
	if r.Code != 0 {
		parts = append(parts, fmt.Sprint(r.Code))
	}
	if r.Enhanced != "" {
		parts = append(parts, r.Enhanced)
	}
	if r.Text != "" {
		parts = append(parts, r.Text)
	}
	return strings.Join(parts, " ")
}

const maxReply = 250

var enhancedPattern = lazyregexp.New(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}\b`)

// newReply takes the text of a reply apart. Of several lines, each or only the
// last begins with the enhanced code.
func newReply(code int, text string) Reply {
	var enhanced string
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if found := enhancedPattern.FindString(line); found != "" && (enhanced == "" || enhanced == found) {
			enhanced = found
			line = line[len(found):]
		}
		lines[i] = line
	}
	return Reply{Code: code, Enhanced: enhanced, Text: printable(strings.Join(lines, " "), maxReply)}
}

// A Kind says what to do about a failure.
type Kind int

const (
	// Temporary: the same mail may be taken later.
	Temporary Kind = iota + 1
	// Permanent: this mail will never be taken.
	Permanent
)

func (k Kind) String() string {
	switch k {
	case Temporary:
		return "temporary"
	case Permanent:
		return "permanent"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// A Failure says why a mail was not delivered. Its text names the step and what
// the relay said, never a secret and nothing of the mail.
type Failure struct {
	Kind Kind
	Step string // what was being done, such as "connect", "log in", "recipient"
	// Reply is the relay's refusal; zero when the relay said nothing.
	Reply Reply
	// Uncertain says that the relay may have taken the mail all the same: the
	// connection failed between the last byte and the answer.
	Uncertain bool
	// Err is the cause where it was not a refusal. It may be nil.
	Err error
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s failure", f.Kind)
	if f.Step != "" {
		fmt.Fprintf(&b, " (%s)", f.Step)
	}
	if text := f.Detail(); text != "" {
		b.WriteString(": " + text)
	}
	return b.String()
}

// Detail is the relay's refusal or the cause, on one line, for people.
func (f *Failure) Detail() string {
	var text string
	switch {
	case f.Reply != Reply{}:
		text = f.Reply.String()
	case f.Err != nil:
		text = printable(f.Err.Error(), maxReply)
	}
	if f.Uncertain {
		text += "; the relay may have taken the mail"
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }
