package mail

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	"magpie/internal/lazyregexp"
)

// Limits of what a mail carries of texts that people typed. Longer ones are cut
// with an ellipsis rather than refused: by the time a mail is written the
// invitation stands, and it must be told.
const (
	MaxName    = 64 // characters of an account's name
	MaxMessage = 80 // characters of the administrator's message, as Macie documents
)

// An Invitation holds the facts which a mail tells. All but AdministratorName
// and Message are required.
type Invitation struct {
	InvitationID      string // also names the Message-ID and the .eml file
	AdministratorID   string // account that invites, 12 digits
	AdministratorName string // its registered name, if it has one
	RecipientID       string // account that is invited, 12 digits
	RecipientEmail    string // its registered address
	Region            string
	Message           string // what the administrator wrote, if anything
	SentAt            time.Time
}

var (
	accountPattern    = lazyregexp.New(`^[0-9]{12}$`)
	regionPattern     = lazyregexp.New(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	invitationPattern = lazyregexp.New(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)
)

// recipient checks everything that is used as an address, in a header, in a
// file name or in a command which the reader is asked to run, and returns the
// parsed address. The patterns are what makes quoting unnecessary below.
func (inv Invitation) recipient() (*mail.Address, error) {
	switch {
	case !invitationPattern.MatchString(inv.InvitationID) || len(inv.InvitationID) > 64:
		return nil, fmt.Errorf("invitation id %.80q is not made of letters, digits and single hyphens", inv.InvitationID)
	case !accountPattern.MatchString(inv.AdministratorID):
		return nil, fmt.Errorf("administrator %.40q is not an account id", inv.AdministratorID)
	case !accountPattern.MatchString(inv.RecipientID):
		return nil, fmt.Errorf("recipient %.40q is not an account id", inv.RecipientID)
	case !regionPattern.MatchString(inv.Region) || len(inv.Region) > 40:
		return nil, fmt.Errorf("region %.80q is not a Region's name", inv.Region)
	case inv.SentAt.IsZero():
		return nil, fmt.Errorf("the time of sending is missing")
	}
	address, err := parseAddress(inv.RecipientEmail)
	if err != nil {
		return nil, fmt.Errorf("recipient's address: %w", err)
	}
	address.Name = "" // a registered address has none; what looks like one is not ours to repeat
	return address, nil
}

// parseAddress accepts what RFC 5322 calls a mailbox, less its folklore: no
// control characters, no quoted local parts, no address literals. Relays
// disagree about those, and no account's address needs them.
func parseAddress(s string) (*mail.Address, error) {
	if len(s) > 320 {
		return nil, fmt.Errorf("longer than 320 bytes")
	}
	address, err := mail.ParseAddress(s)
	if err != nil {
		// The parser's own text may repeat what was typed: bound it.
		return nil, fmt.Errorf("not an e-mail address: %.100s", printable(err.Error(), 100))
	}
	local, domain, _ := strings.Cut(address.Address, "@")
	if local == "" || domain == "" || address.Address != printable(address.Address, 320) ||
		strings.ContainsAny(address.Address, " \"\\<>[](),:;\t") || strings.Contains(domain, "@") {
		return nil, fmt.Errorf("not an e-mail address that can be delivered to")
	}
	return address, nil
}
