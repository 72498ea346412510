package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Options are what all mails of a server have in common.
type Options struct {
	// From is the sender: an address, or `Name <address>`. Refusals that come
	// later (bounces) go there too. The name stands for the service, never for
	// an administrator; "Magpie" if none is given.
	From string
	// PublicURL is the address below which the console is, at /console/: the
	// mail has one link, to the invitation there. It may be empty: then the
	// mail describes the AWS CLI alone.
	PublicURL string
	// EndpointURL is the address that the AWS CLI is told to use; PublicURL if
	// it is empty. One of both is required: without it, the commands would go
	// to Amazon's Macie and not to this service.
	EndpointURL string
}

// A Composer writes invitation mails. It is safe for concurrent use.
type Composer struct {
	from     *mail.Address
	domain   string // of the Message-ID
	endpoint string
	forms    [2][2]form // without or with a name; without or with a message
}

// NewComposer checks the options, so that a mistake shows when the server
// starts and not when the first invitation is sent.
func NewComposer(o Options) (*Composer, error) {
	from, err := parseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("mail sender: %w", err)
	}
	from.Name = printable(from.Name, MaxName)
	if from.Name == "" {
		from.Name = "Magpie"
	}
	if o.EndpointURL == "" {
		o.EndpointURL = o.PublicURL
	}
	if err := checkURL(o.EndpointURL); err != nil {
		return nil, fmt.Errorf("endpoint URL for invitations: %w", err)
	}
	if o.PublicURL != "" {
		if err := checkURL(o.PublicURL); err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	c := &Composer{from: from, domain: domain, endpoint: o.EndpointURL}
	for _, name := range []bool{false, true} {
		for _, message := range []bool{false, true} {
			if c.forms[index(name)][index(message)], err = newForm(o.PublicURL, o.EndpointURL, name, message); err != nil {
				return nil, fmt.Errorf("templates of the invitation mail: %w", err)
			}
		}
	}
	return c, nil
}

// checkURL holds an address to what may stand in a command line unquoted and in
// an HTML attribute: http or https, a host, perhaps a path, and nothing else.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("%.100q cannot be read as a URL", s)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("%.100q is not an http:// or https:// address", s)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "", strings.HasSuffix(s, "#"):
		return fmt.Errorf("%.100q has more than a host and a path", u.Redacted())
	case strings.Trim(s, urlCharacters) != "" || strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(urlCharacters, r) }):
		return fmt.Errorf("%.100q has characters that do not belong in a plain address", s)
	}
	return nil
}

const urlCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%:/[]"

// A Composed mail is ready to be delivered, any number of times.
type Composed struct {
	InvitationID string
	MessageID    string // without angle brackets
	From, To     string // of the envelope: bare addresses
	Subject      string
	Text, HTML   string // as they were written, before any transfer encoding
	data         []byte // the whole mail: header and body, lines ending in CRLF
}

// Bytes is the whole mail as RFC 5322 has it. The caller must not change it.
func (c *Composed) Bytes() []byte { return c.data }

// String names the mail and shows none of it, so that it can be logged.
func (c *Composed) String() string { return "mail of invitation " + c.InvitationID }

// Compose writes the mail of one invitation. An error means that the mail can
// never be written, however often it is tried.
func (c *Composer) Compose(inv Invitation) (*Composed, error) {
	to, err := inv.recipient()
	if err != nil {
		return nil, fmt.Errorf("compose the mail of invitation %.64q: %w", inv.InvitationID, err)
	}
	inv.AdministratorName = printable(inv.AdministratorName, MaxName)
	inv.Message = printable(inv.Message, MaxMessage)
	inv.SentAt = inv.SentAt.UTC()

	footer := "You get this because " + to.Address + " is the registered address of account " + inv.RecipientID +
		". It was sent automatically by Magpie, a service that speaks the Amazon Macie API, which answers at " +
		c.endpoint + ". It does not come from Amazon Web Services."
	text := [markCount]string{
		markAdministrator: inv.AdministratorID,
		markRecipient:     inv.RecipientID,
		markRegion:        inv.Region,
		markInvitation:    inv.InvitationID,
		markSent:          inv.SentAt.Format("Monday, 2 January 2006, 15:04:05 UTC"),
		markName:          strings.Join(wrap(inv.AdministratorName, 55), "\n                   "),
		markMessage:       strings.Join(wrap(inv.Message, 70), "\n  > "),
		markFooter:        strings.Join(wrap(footer, 74), "\n"),
	}
	html := text
	html[markName] = unlinked(inv.AdministratorName)
	html[markMessage] = unlinked(inv.Message)
	html[markFooter] = unlinked(footer)

	form := &c.forms[index(inv.AdministratorName != "")][index(inv.Message != "")]
	composed := &Composed{
		InvitationID: inv.InvitationID,
		MessageID:    inv.InvitationID + "@" + c.domain,
		From:         c.from.Address,
		To:           to.Address,
		Subject: "Macie invitation: account " + inv.AdministratorID + " asks to administer account " +
			inv.RecipientID + " in " + inv.Region,
		Text: form.text.fill(&text),
		HTML: form.html.fill(&html),
	}
	if composed.data, err = c.encode(inv, to, composed); err != nil {
		return nil, fmt.Errorf("compose the mail of invitation %s: %w", inv.InvitationID, err)
	}
	return composed, nil
}

func index(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// encode puts header and body together. Nothing in it depends on the clock or
// on chance, so that a repeated delivery is the same mail to the last byte.
func (c *Composer) encode(inv Invitation, to *mail.Address, composed *Composed) ([]byte, error) {
	// Derived from all of the content, the boundary cannot occur in it.
	sum := sha256.Sum256([]byte(composed.Text + composed.HTML))
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithBoundary("magpie"+hex.EncodeToString(sum[:16])))
	m.FromMailAddress(c.from)
	m.ToMailAddress(to)
	m.Subject(composed.Subject)
	m.SetDateWithValue(inv.SentAt)
	m.SetMessageIDWithValue(composed.MessageID)
	// RFC 3834: written by a program, so that programs do not answer. Exchange
	// looks at its own header instead. It is no mailing list and has nothing to
	// unsubscribe from, so there is no List-* and no Precedence.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader("Content-Language", "en")
	// For filters and ticket systems, which should not have to parse prose.
	m.SetGenHeader("Magpie-Administrator-Account-Id", inv.AdministratorID)
	m.SetGenHeader("Magpie-Account-Id", inv.RecipientID)
	m.SetGenHeader("Magpie-Invitation-Id", inv.InvitationID)
	m.SetGenHeader("Magpie-Region", inv.Region)
	m.SetBodyString(gomail.TypeTextPlain, composed.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, composed.HTML)

	var b bytes.Buffer
	b.Grow(2 * (len(composed.Text) + len(composed.HTML)))
	if _, err := m.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unlinked escapes s for HTML and splits it so that no mail reader's search for
// addresses finds one: what an administrator wrote must not become a link. It
// reads and copies as it was written.
func unlinked(s string) string { return unlinker.Replace(s) }

var unlinker = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;",
	".", "<span>.</span>", ":", "<span>:</span>", "/", "<span>/</span>", "@", "<span>@</span>",
)
