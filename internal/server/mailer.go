package server

import (
	"context"
	"errors"

	"magpie/internal/mail"
	"magpie/internal/membership"
)

// mailer composes invitations and hands them to the sender.
type mailer struct {
	composer *mail.Composer
	sender   mail.Sender
}

// Deliver implements membership.Mailer.
func (m *mailer) Deliver(ctx context.Context, invitation mail.Invitation) membership.Delivery {
	composed, err := m.composer.Compose(invitation)
	if err != nil {
		// Trying again does not help: the address or the name is wrong.
		return membership.Delivery{Outcome: membership.MailRefused, Detail: "the mail could not be written: " + err.Error()}
	}
	reply, err := m.sender.Send(ctx, composed)
	if err == nil {
		return membership.Delivery{Outcome: membership.MailAccepted, Detail: reply.String()}
	}
	var failure *mail.Failure
	if !errors.As(err, &failure) {
		return membership.Delivery{Outcome: membership.MailDeferred, Detail: "the mail could not be handed over"}
	}
	d := membership.Delivery{Outcome: membership.MailDeferred, Detail: failure.Detail()}
	if failure.Kind == mail.Permanent {
		d.Outcome = membership.MailRefused
	}
	return d
}

// newMailer returns the mailer that the configuration asks for, or nil when it asks for none. close
// ends its connections.
func newMailer(c Config, endpoint string) (m membership.Mailer, close func() error, err error) {
	close = func() error { return nil }
	if c.SMTPURL == "" && c.MailDir == "" {
		return nil, close, nil
	}
	address := c.PublicURL
	switch {
	case c.NoConsole:
		address = ""
	case address == "" && c.reachable():
		address = endpoint
	}
	composer, err := mail.NewComposer(mail.Options{From: c.MailFrom, PublicURL: address, EndpointURL: endpoint})
	if err != nil {
		return nil, close, err
	}
	if c.MailDir != "" {
		dir, err := mail.NewDir(c.MailDir)
		return &mailer{composer, dir}, close, err
	}
	relay, err := mail.ParseRelay(c.SMTPURL)
	if err != nil {
		return nil, close, err
	}
	smtp := mail.NewSMTP(relay, mail.SMTPOptions{})
	return &mailer{composer, smtp}, smtp.Close, nil
}
