package mail

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"

	gomail "github.com/wneessen/go-mail"
)

// Options are what all mails of a server have in common.
type Options struct {
	// From is the sender: an address, or `Name <address>`. Refusals that come
	// later (bounces) go there too. The name stands for the service, never for
	// an administrator; "Magpie" if none is given.
	From string
	// PublicURL is the console's address. It may be empty: then the mail
	// describes the AWS CLI alone.
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
	console  string
	endpoint string
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
	return &Composer{from: from, domain: domain, console: o.PublicURL, endpoint: o.EndpointURL}, nil
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

//go:embed invitation.txt.tmpl
var textSource string

//go:embed invitation.html.tmpl
var htmlSource string

var (
	textTemplate = texttemplate.Must(texttemplate.New("text").Funcs(texttemplate.FuncMap{
		"wrap":    wrap,
		"command": command,
	}).Parse(textSource))
	htmlTemplate = htmltemplate.Must(htmltemplate.New("html").Funcs(htmltemplate.FuncMap{
		"command":  command,
		"unlinked": unlinked,
	}).Parse(htmlSource))
)

// facts is what the templates see: everything checked or made printable.
type facts struct {
	Invitation
	Subject, Sent, ConsoleURL     string
	Enable, List, Accept, Decline []string
	Footer                        string
}

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

	f := c.facts(inv, to.Address)
	var text, html bytes.Buffer
	if err := textTemplate.Execute(&text, f); err != nil {
		return nil, fmt.Errorf("compose the text of invitation %s: %w", inv.InvitationID, err)
	}
	if err := htmlTemplate.Execute(&html, f); err != nil {
		return nil, fmt.Errorf("compose the HTML of invitation %s: %w", inv.InvitationID, err)
	}
	composed := &Composed{
		InvitationID: inv.InvitationID,
		MessageID:    inv.InvitationID + "@" + c.domain,
		From:         c.from.Address,
		To:           to.Address,
		Subject:      f.Subject,
		Text:         text.String(),
		HTML:         html.String(),
	}
	if composed.data, err = c.encode(inv, to, composed); err != nil {
		return nil, fmt.Errorf("compose the mail of invitation %s: %w", inv.InvitationID, err)
	}
	return composed, nil
}

func (c *Composer) facts(inv Invitation, to string) *facts {
	// The commands name Region and endpoint each time: a reader may run only
	// one of them, and without the endpoint it would reach another service.
	where := []string{"--region " + inv.Region, "--endpoint-url " + c.endpoint}
	cli := func(operation string, arguments ...string) []string {
		return append(append([]string{"aws macie2 " + operation}, arguments...), where...)
	}
	return &facts{
		Invitation: inv,
		Subject: "Macie invitation: account " + inv.AdministratorID + " asks to administer account " +
			inv.RecipientID + " in " + inv.Region,
		Sent:       inv.SentAt.Format("Monday, 2 January 2006, 15:04:05 UTC"),
		ConsoleURL: c.console,
		Enable:     cli("enable-macie"),
		List:       cli("list-invitations"),
		Accept: cli("accept-invitation", "--administrator-account-id "+inv.AdministratorID,
			"--invitation-id "+inv.InvitationID),
		Decline: cli("decline-invitations", "--account-ids "+inv.AdministratorID),
		Footer: "You get this because " + to + " is the registered address of account " + inv.RecipientID +
			". It was sent automatically by Magpie, a service that speaks the Amazon Macie API, which answers at " +
			c.endpoint + ". It does not come from Amazon Web Services.",
	}
}

// command writes a command as it is typed in a shell, one option a line.
func command(parts []string) string { return strings.Join(parts, " \\\n        ") }

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
	m.SetBodyString(gomail.TypeTextPlain, crlf(composed.Text))
	m.AddAlternativeString(gomail.TypeTextHTML, crlf(composed.HTML))

	var b bytes.Buffer
	b.Grow(2 * (len(composed.Text) + len(composed.HTML)))
	if _, err := m.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// unlinked escapes s for HTML and splits it so that no mail reader's search for
// addresses finds one: what an administrator wrote must not become a link. It
// reads and copies as it was written.
func unlinked(s string) htmltemplate.HTML {
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '.', ':', '/', '@':
			b.WriteString("<span>")
			b.WriteRune(r)
			b.WriteString("</span>")
		default:
			b.WriteString(htmltemplate.HTMLEscapeString(string(r)))
		}
	}
	return htmltemplate.HTML(b.String())
}
