package mail

import (
	"bytes"
	_ "embed"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
)

//go:embed invitation.txt.tmpl
var textSource string

//go:embed invitation.html.tmpl
var htmlSource string

// A preparedTemplate is a template that was executed once for all the mails of a server,
// with marks in the places of what differs between them. Filling it in costs a
// tenth of executing the template, and mails are written while a thousand
// invitations wait.
//
// This is safe as far as the values are: a mark consists of letters, so it
// comes through the template's escaping as it is, and stands where plain text
// stands. What takes its place is either made of letters, digits and hyphens
// (the patterns of invitation.go), or was escaped for that place.
type preparedTemplate struct {
	parts []string // fixed text
	marks []mark   // what comes after each part but the last
}

// A mark names a fact that differs between mails.
type mark int

const (
	markAdministrator mark = iota
	markRecipient
	markRegion
	markInvitation
	markSent
	markName
	markMessage
	markFooter
	markCount
)

// placeholder is a mark as it stands in an executed template. The letters do
// not occur in what people read.
func (m mark) placeholder() string { return "qzxjv" + string(rune('a'+int(m))) + "vjxzq" }

// facts is what the templates see.
type facts struct {
	Administrator, Recipient, Region, Invitation, Sent, Name, Message, Footer string
	ConsoleURL                                                                string
	Enable, List, Accept, Decline                                             string
}

var (
	textTemplate = texttemplate.Must(texttemplate.New("text").Parse(textSource))
	htmlTemplate = htmltemplate.Must(htmltemplate.New("html").Parse(htmlSource))
)

// A form is the pair of prepared templates for mails with, or without, a name and a message.
type form struct{ text, html preparedTemplate }

// newForm executes the templates.
func newForm(console, endpoint string, name, message bool) (form, error) {
	f := facts{
		Administrator: markAdministrator.placeholder(),
		Recipient:     markRecipient.placeholder(),
		Region:        markRegion.placeholder(),
		Invitation:    markInvitation.placeholder(),
		Sent:          markSent.placeholder(),
		Footer:        markFooter.placeholder(),
	}
	if console != "" {
		f.ConsoleURL = strings.TrimSuffix(console, "/") + "/console/" + f.Recipient + "/" + f.Region + "/invitations/" + f.Invitation
	}
	if name {
		f.Name = markName.placeholder()
	}
	if message {
		f.Message = markMessage.placeholder()
	}
	// The commands name Region and endpoint each time: a reader may run only
	// one of them, and without the endpoint it would reach another service.
	cli := func(words ...string) string {
		words[0] = "aws macie2 " + words[0]
		return strings.Join(append(words, "--region "+f.Region, "--endpoint-url "+endpoint), " \\\n        ")
	}
	f.Enable = cli("enable-macie")
	f.List = cli("list-invitations")
	f.Accept = cli("accept-invitation", "--administrator-account-id "+f.Administrator, "--invitation-id "+f.Invitation)
	f.Decline = cli("decline-invitations", "--account-ids "+f.Administrator)

	var text, html bytes.Buffer
	if err := textTemplate.Execute(&text, f); err != nil {
		return form{}, err
	}
	if err := htmlTemplate.Execute(&html, f); err != nil {
		return form{}, err
	}
	return form{text: prepare(text.String()), html: prepare(html.String())}, nil
}

// prepare cuts an executed template at its marks.
func prepare(s string) preparedTemplate {
	var m preparedTemplate
	for {
		at, next := len(s), markCount
		for k := range markCount {
			if i := strings.Index(s, k.placeholder()); i >= 0 && i < at {
				at, next = i, k
			}
		}
		m.parts = append(m.parts, s[:at])
		if next == markCount {
			return m
		}
		m.marks = append(m.marks, next)
		s = s[at+len(next.placeholder()):]
	}
}

// fill puts values in the places of the marks.
func (m *preparedTemplate) fill(values *[markCount]string) string {
	n := 0
	for _, part := range m.parts {
		n += len(part)
	}
	for _, k := range m.marks {
		n += len(values[k])
	}
	var b strings.Builder
	b.Grow(n)
	for i, k := range m.marks {
		b.WriteString(m.parts[i])
		b.WriteString(values[k])
	}
	b.WriteString(m.parts[len(m.marks)])
	return b.String()
}
