package membership

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/pagetoken"
	"magpie/internal/queue"
	"magpie/internal/session"
	"magpie/internal/store"
)

// Options are the parts and settings of a Service. DB, Queue, Directory, Sessions and Pages are
// required.
type Options struct {
	DB        *store.DB
	Queue     *queue.Queue
	Directory *identity.Directory // the accounts of this deployment and their organizations
	Sessions  *session.Service
	Pages     *pagetoken.Issuer
	Logger    *slog.Logger

	// Mailer delivers invitation mail. Without one, each invitation's mail outcome says that none
	// is configured.
	Mailer Mailer

	// MailRate is how many mails a second all nodes together hand over; 0 is without limit.
	MailRate int

	// MailBounds keep invitations from filling a mailbox; the zero value is without limit.
	MailBounds MailBounds

	// Now is the clock of the background work; operations carry their own time. nil means time.Now.
	Now func() time.Time
}

// Service is the membership operations. Its methods may be called at once from any number of
// goroutines and processes: it keeps no state but what is in the database.
type Service struct {
	*relations
	*Members
	*Invitations
	*Delegations
}

// relations is what all parts of a Service need: to read and change one relationship, and to record
// that.
type relations struct {
	db            *store.DB
	queue         *queue.Queue
	accounts      *identity.Accounts
	organizations *identity.Organizations
	sessions      *session.Service
	pages         *pagetoken.Issuer
	log           *slog.Logger
	now           func() time.Time
	ids           eventIDs

	onAssociation []func(*store.Tx, Association)
}

// Members is the administrator's inventory, and the tie of a member to its administrator.
type Members struct {
	*relations
	delegations *Delegations
}

// Invitations is members by invitation: inviting, verification, mail, and what the recipient does.
type Invitations struct {
	*relations
	mailer     Mailer
	mailBounds MailBounds
	gathering  gathering

	abandonBatch int // how many relationships end in one transaction; tests want fewer

	// beforeWrite, set by tests only, runs inside the transaction of CreateInvitations between its
	// reads and its writes.
	beforeWrite func(tx *store.Tx) error
}

// Delegations is members through an organization: its delegated administrators, and who comes to
// them and goes.
type Delegations struct {
	*relations
}

// New returns a Service and registers its background work with the queue.
func New(o Options) *Service {
	shared := &relations{
		db: o.DB, queue: o.Queue, accounts: o.Directory.Accounts, organizations: o.Directory.Organizations, sessions: o.Sessions,
		pages: o.Pages, log: o.Logger, now: o.Now,
	}
	if shared.now == nil {
		shared.now = time.Now
	}
	if shared.log == nil {
		shared.log = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		relations:   shared,
		Invitations: &Invitations{relations: shared, mailer: o.Mailer, mailBounds: o.MailBounds, abandonBatch: abandonBatch},
		Delegations: &Delegations{relations: shared},
	}
	s.Members = &Members{relations: shared, delegations: s.Delegations}
	s.Invitations.register(float64(o.MailRate))
	s.Delegations.register()
	return s
}

// Bind binds the operations of this package.
func (s *Service) Bind(r *macie2.Registry) {
	r.BindCreateMember(s.CreateMember)
	r.BindGetMember(s.GetMember)
	r.BindListMembers(s.ListMembers)
	r.BindDeleteMember(s.DeleteMember)
	r.BindDisassociateMember(s.DisassociateMember)
	r.BindUpdateMemberSession(s.UpdateMemberSession)

	r.BindCreateInvitations(s.CreateInvitations)
	r.BindListInvitations(s.ListInvitations)
	r.BindGetInvitationsCount(s.GetInvitationsCount)
	r.BindAcceptInvitation(s.AcceptInvitation)
	r.BindDeclineInvitations(s.DeclineInvitations)
	r.BindDeleteInvitations(s.DeleteInvitations)

	r.BindEnableOrganizationAdminAccount(s.EnableOrganizationAdminAccount)
	r.BindDisableOrganizationAdminAccount(s.DisableOrganizationAdminAccount)
	r.BindListOrganizationAdminAccounts(s.ListOrganizationAdminAccounts)
	r.BindDescribeOrganizationConfiguration(s.DescribeOrganizationConfiguration)
	r.BindUpdateOrganizationConfiguration(s.UpdateOrganizationConfiguration)

	r.BindGetAdministratorAccount(s.GetAdministratorAccount)
	r.BindGetMasterAccount(s.GetMasterAccount)
	r.BindDisassociateFromAdministratorAccount(s.DisassociateFromAdministratorAccount)
	r.BindDisassociateFromMasterAccount(s.DisassociateFromMasterAccount)
}

// standing is the side of the relationship that an account is on in a Region.
type standing string

const (
	standalone    standing = "Standalone"
	administrator standing = "Administrator"
	associated    standing = "Member"
)

// side is what this package keeps with an account's session: which side of the relationship it is
// on, and how much it has there.
type side struct {
	status              macie2.MacieStatus // package session's, read only
	standing            standing
	counted             int64 // records by invitation that count against the quota of those
	organizationCounted int64 // records through an organization, likewise
}

// sideOf reads the side that an account is on. store.ErrNotFound means that Macie is not enabled.
func sideOf(ctx context.Context, tx *store.Tx, region string, account macie2.AccountID) (side, error) {
	var x side
	err := tx.QueryRow(ctx, `select status, standing, counted, organization_counted
		from macie_session where region = $1 and account_id = $2`, region, account).
		Scan(&x.status, &x.standing, &x.counted, &x.organizationCounted)
	return x, err
}

// requireSession reads the side that the caller is on, or says that Macie is not enabled.
func requireSession(ctx context.Context, tx *store.Tx, call *macie2.Call) (side, error) {
	x, err := sideOf(ctx, tx, call.Region, call.Account)
	if errors.Is(err, store.ErrNotFound) {
		return x, session.ErrNotEnabled
	}
	return x, err
}

// tx runs fn for a call, in a read-write transaction with the lane of one account's relationships,
// and words the outcome of a lost race. The record of the call goes with it.
func (s *relations) tx(ctx context.Context, call *macie2.Call, account macie2.AccountID, fn func(*store.Tx) error) error {
	return s.inLane(ctx, call.Region, account, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		call.RecordChange(tx)
		return nil
	})
}

// inLane is tx for who writes the records of calls.
func (s *relations) inLane(ctx context.Context, region string, account macie2.AccountID, fn func(*store.Tx) error) error {
	err := s.db.Tx(ctx, region+"/"+string(account), fn)
	if errors.Is(err, store.ErrConflict) {
		return errLostRace
	}
	return err
}

// page reads which page of a list is asked for, or says that the token is not one of that list.
func (s *relations) page(list pagetoken.List, token *string, keys, size int) (pagetoken.Page, error) {
	p, err := s.pages.Page(list, token, keys, size)
	if err != nil {
		err = macie2.ErrValidation("%s", textInvalidPageToken)
	}
	return p, err
}

// newInvitationID returns 32 lower-case hexadecimal digits, as Macie's are.
func newInvitationID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func timestamp(ms int64) *macie2.Timestamp {
	return macie2.NewTimestamp(time.UnixMilli(ms))
}
