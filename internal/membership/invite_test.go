package membership

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/mail"
	"magpie/internal/store"
)

func TestCreateInvitations(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice), d.add(alice, bob, carol), d.addAs(alice, dave, "  ROOT@"+string(dave)+".Example.com "))
		call := d.call(alice)
		in := &macie2.CreateInvitationsInput{AccountIds: []string{string(bob), string(carol), string(dave)}, Message: macie2.Ptr("Welcome, 你好 — join us!")}
		out, err := d.CreateInvitations(t.Context(), call, in)
		if err != nil || out.UnprocessedAccounts == nil || len(out.UnprocessedAccounts) != 0 {
			t.Fatalf("got %#v, %v; want an empty list that is not nil", out, err)
		}
		for _, id := range []macie2.AccountID{bob, carol, dave} {
			answers(t, "at once", d.status(alice, id), stVerifying)
		}
		d.must(d.enable(bob, carol))
		if seen := d.received(bob); len(seen) != 0 {
			t.Errorf("before its address is verified, the recipient sees %v", seen)
		}
		d.work()
		d.sees(alice, bob, stInvited, stInvited)
		answers(t, "an address in other letters", d.status(alice, dave), stInvited)
		list, err := d.ListInvitations(t.Context(), d.call(bob), &macie2.ListInvitationsInput{})
		if err != nil || len(list.Invitations) != 1 {
			t.Fatalf("got %+v, %v", list, err)
		}
		i := list.Invitations[0]
		if *i.AccountId != string(alice) || *i.RelationshipStatus != macie2.RelationshipStatusInvited || !i.InvitedAt.Equal(call.Now) ||
			len(*i.InvitationId) != 32 || strings.Trim(*i.InvitationId, "0123456789abcdef") != "" {
			t.Errorf("the invitation is %+v", i)
		}
		mails := d.relay.delivered()
		if len(mails) != 3 {
			t.Fatalf("%d mails were sent, want 3", len(mails))
		}
		at := slices.IndexFunc(mails, func(m mail.Invitation) bool { return m.RecipientID == string(bob) })
		m := mails[at]
		if m.InvitationID != *i.InvitationId || m.AdministratorID != string(alice) || m.RecipientEmail != addressOf(bob) ||
			m.Region != virginia || m.Message != *in.Message || !m.SentAt.Equal(call.Now) {
			t.Errorf("the mail is %+v", m)
		}
	})
}

// TestMalformedInvitations: a request that is wrong in itself names what is wrong and where, and
// nothing is done for any account.
func TestMalformedInvitations(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice), d.add(alice, bob))
		thousand := make([]string, 1001)
		for i := range thousand {
			thousand[i] = string(bob)
		}
		for _, c := range []struct {
			name, want string
			ids        []string
			message    *string
		}{
			{"no list", "accountIds: must name 1 to 1000 accounts, not 0", nil, nil},
			{"an empty list", "accountIds: must name 1 to 1000 accounts, not 0", []string{}, nil},
			{"a thousand and one", "accountIds: must name 1 to 1000 accounts, not 1001", thousand, nil},
			{"an id with eleven digits", "accountIds[1]: must be 12 digits", []string{string(bob), "12345678901"}, nil},
			{"an id with a letter", "accountIds[2]: must be 12 digits", []string{string(bob), string(bob), "12345678901x"}, nil},
			{"an id with other digits", "accountIds[0]: must be 12 digits", []string{"１２３４５６７８９０１２"}, nil},
			{"an empty id", "accountIds[1]: must be 12 digits", []string{string(bob), ""}, nil},
			{"an id with spaces", "accountIds[0]: must be 12 digits", []string{" " + string(bob)}, nil},
			{"an empty message", "message: must have 1 to 80 characters, not 0", []string{string(bob)}, macie2.Ptr("")},
			{"a long message", "message: must have 1 to 80 characters, not 81", []string{string(bob)}, macie2.Ptr(strings.Repeat("é", 81))},
			{"spaces", "message: must not be blank", []string{string(bob)}, macie2.Ptr("   ")},
			{"a line break", "message: character 3 (U+000A) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("hi\nthere")},
			{"a carriage return", "message: character 1 (U+000D) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\r")},
			{"a tab", "message: character 2 (U+0009) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("a\tb")},
			{"a NUL", "message: character 1 (U+0000) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\x00")},
			{"an escape", "message: character 2 (U+001B) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("a\x1b[31m")},
			{"a C1 control", "message: character 1 (U+0085) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\u0085")},
			{"a line separator", "message: character 1 (U+2028) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\u2028")},
			{"a right-to-left override", "message: character 4 (U+202E) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("你好 \u202egnp.exe")},
			{"an isolate", "message: character 1 (U+2066) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\u2066x")},
			{"a zero-width space", "message: character 2 (U+200B) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("a\u200bb")},
			{"a byte order mark", "message: character 1 (U+FEFF) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\ufeffa")},
			{"a private character", "message: character 1 (U+E000) is not allowed: letters, digits, spaces and punctuation only", []string{string(bob)},
				macie2.Ptr("\ue000")},
		} {
			answers(t, c.name, d.inviteWith(alice, &macie2.CreateInvitationsInput{AccountIds: c.ids, Message: c.message}), invalid(c.want))
		}
		answers(t, "afterwards", d.status(alice, bob), stCreated)
		// It is refused before anything is looked up, so also without a session.
		answers(t, "without a session", d.invite(carol, "x"), invalid("accountIds[0]: must be 12 digits"))
		for _, message := range []string{"x", strings.Repeat("é", 80), strings.Repeat("👋", 80), "Grüße aus Köln: 50% – «oui»? (a/b) & \"c\" <d>",
			"مرحبا", "\u00a0a\u3000", "e\u0301"} {
			answers(t, fmt.Sprintf("the message %q", message), d.inviteWith(alice, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)},
				Message: &message}), "ok")
			d.must(d.disassociate(alice, bob))
		}
	})
}

// TestInviteSeveral: each account is decided on its own, once, and those that cannot be invited say
// why.
func TestInviteSeveral(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, carol)
		d.must(d.add(alice, bob, dave), d.addAs(alice, erin, "somebody@example.org"), d.invite(alice, erin))
		d.work()
		d.suspend(dave)
		before := len(d.relay.delivered())
		out, err := d.CreateInvitations(t.Context(), d.call(alice), &macie2.CreateInvitationsInput{AccountIds: store.ListOf(
			[]macie2.AccountID{stranger, bob, alice, carol, bob, erin, dave, stranger, bob})})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range out.UnprocessedAccounts {
			got = append(got, *u.AccountId+": "+string(*u.ErrorCode)+": "+*u.ErrorMessage)
		}
		want := []string{ // in the order of the request, each once
			string(stranger) + ": ClientError: " + specNotAMember + " Add the account by CreateMember first.",
			string(alice) + ": ClientError: " + specInviteSelf,
			string(carol) + ": ClientError: " + specAlreadyInvited,
			string(erin) + ": ClientError: " + oursVerificationFailed,
			string(dave) + ": ClientError: " + oursAccountSuspended,
		}
		if !slices.Equal(got, want) {
			t.Errorf("unprocessed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		answers(t, "the account that can be invited", d.status(alice, bob), stVerifying)
		answers(t, "the account that is suspended", d.status(alice, dave), stSuspended)
		d.work()
		if mails := d.relay.delivered()[before:]; len(mails) != 1 || mails[0].RecipientID != string(bob) {
			t.Errorf("mails to %+v, want one to the account that was named three times", mails)
		}
		for _, must := range []string{"email address", "not the address registered", "Delete the member", "add it again"} {
			if !strings.Contains(oursVerificationFailed, must) {
				t.Errorf("the text about a failed verification does not say %q", must)
			}
		}
		answers(t, "by a member, of anybody", d.invite(carol, bob, stranger, carol), strings.Join([]string{"ok",
			string(bob) + ": ClientError: " + specInviteWhileMember, string(carol) + ": ClientError: " + specInviteWhileMember,
			string(stranger) + ": ClientError: " + specInviteWhileMember}, "\n\t\t"))
	})
}

// TestFailedVerification: the record has to be deleted and added again, with the right address.
func TestFailedVerification(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob), d.addAs(alice, bob, "somebody@example.org"), d.addAs(alice, stranger, "somebody@example.org"),
			d.invite(alice, bob, stranger))
		d.work()
		d.sees(alice, bob, stFailed, "")
		answers(t, "an account that the directory does not know", d.status(alice, stranger), stFailed)
		answers(t, "again", d.invite(alice, bob), refused(bob, oursVerificationFailed))
		d.must(d.delete(alice, bob), d.add(alice, bob), d.invite(alice, bob))
		d.work()
		d.sees(alice, bob, stInvited, stInvited)
		if mails := d.relay.delivered(); len(mails) != 1 {
			t.Errorf("%d mails were sent, want 1", len(mails))
		}
	})
}

// TestManyInvitations: a thousand ids in one call, which are verified and mailed all the same.
func TestManyInvitations(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice))
		ids := make([]macie2.AccountID, 1000)
		rows := make([][]any, len(ids))
		accounts := make([][]any, len(ids))
		for i := range ids {
			ids[i] = macie2.AccountID(fmt.Sprintf("5%011d", i))
			rows[i] = []any{d.region, string(alice), string(ids[i]), addressOf(ids[i]), "Created", 0, 0}
			accounts[i] = []any{string(ids[i]), addressOf(ids[i]), "", "Active", 0, 0}
		}
		err := d.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			if _, err := tx.Exec(t.Context(), "update macie_session set counted = 1000, standing = 'Administrator'"); err != nil {
				return err
			}
			if _, err := tx.InsertMany(t.Context(), "insert into account (id, email, name, status, created_at, updated_at)", accounts, ""); err != nil {
				return err
			}
			_, err := tx.InsertMany(t.Context(), `insert into member (region, administrator_id, account_id, email, status, created_at,
				updated_at)`, rows, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		answers(t, "a thousand", d.invite(alice, ids...), "ok")
		answers(t, "one more member", d.add(alice, bob), quota(specTooManyMembers))
		d.work()
		mailed := make(map[string]int)
		for _, m := range d.relay.delivered() {
			mailed[m.RecipientID]++
		}
		for _, id := range ids {
			if mailed[string(id)] != 1 {
				t.Fatalf("%s got %d mails", id, mailed[string(id)])
			}
		}
		s, err := readState(t.Context(), d.db)
		if err != nil {
			t.Fatal(err)
		}
		for p, r := range s.records {
			if r.status != macie2.RelationshipStatusInvited || s.invitations[p].status != r.status {
				t.Fatalf("%v is %s", p, r.status)
			}
		}
	})
}

// TestDisableEmailNotification: the invitation stands without a mail, and keeps its message.
func TestDisableEmailNotification(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob), d.add(alice, bob), d.inviteWith(alice, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)},
			DisableEmailNotification: macie2.Ptr(true), Message: macie2.Ptr("not mailed")}))
		d.work()
		d.sees(alice, bob, stInvited, stInvited)
		if mails := d.relay.delivered(); len(mails) != 0 {
			t.Errorf("mails were sent: %+v", mails)
		}
		d.must(d.disassociate(alice, bob), d.inviteWith(alice, &macie2.CreateInvitationsInput{AccountIds: []string{string(bob)},
			DisableEmailNotification: macie2.Ptr(false)}))
		d.work()
		if mails := d.relay.delivered(); len(mails) != 1 || mails[0].Message != "" {
			t.Errorf("mails of the second invitation: %+v", mails)
		}
	})
}

// TestInvitedAgain: a new invitation replaces the one before, which is worth nothing from then on.
func TestInvitedAgain(t *testing.T) {
	for _, name := range []string{stRemoved, stResigned, stDeclined} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *deployment) {
				d.must(d.enable(alice, bob))
				states[name].reach(d)
				old := d.invitationID(bob, alice)
				if name == stDeclined {
					d.must(d.add(alice, bob))
				}
				d.must(d.invite(alice, bob))
				answers(t, "the old id while the new one is verified", d.acceptID(bob, old), invalid(specNoPendingInvitation))
				d.work()
				d.sees(alice, bob, stInvited, stInvited)
				answers(t, "the old id", d.acceptID(bob, old), invalid(specNoPendingInvitation))
				if d.invitationID(bob, alice) == old {
					t.Error("the new invitation has the id of the old one")
				}
				answers(t, "the new id", d.accept(bob, alice), "ok")
			})
		})
	}
}

// TestMailIsOvertaken: an invitation that was answered or taken back before its mail was sent is
// not mailed.
func TestMailIsOvertaken(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.relay.answer = func(m mail.Invitation) Delivery { return Delivery{MailDeferred, "451 4.7.1 try later"} }
		d.invited(alice, bob)
		if len(d.relay.delivered()) != 1 {
			t.Fatal("the first attempt was not made")
		}
		d.must(d.disassociate(alice, bob))
		d.sql("update task set run_at = 0") // the time of the next attempt has come
		d.work()
		if n := len(d.relay.delivered()); n != 1 {
			t.Errorf("%d attempts, want no second one", n)
		}
	})
}

// fault makes the storage fail for one account, as a bad page or a bug in a migration would.
func (d *deployment) fault(id macie2.AccountID) {
	d.t.Helper()
	if d.db.Engine() == "sqlite" {
		d.sql(`create trigger fault_` + string(id) + ` before insert on invitation when new.account_id = '` + string(id) + `'
			begin select raise(abort, 'this page is damaged'); end`)
		return
	}
	d.sql(`create function fault_` + string(id) + `() returns trigger language plpgsql as
		'begin raise exception ''this page is damaged''; end'`)
	d.sql(`create trigger fault_` + string(id) + ` before insert on invitation for each row when (new.account_id = '` + string(id) + `')
		execute function fault_` + string(id) + `()`)
}

// TestStorageFault: what fails for one account is that account's, and the others are invited; what
// fails for all is an internal error.
func TestStorageFault(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice), d.add(alice, bob, carol, dave, erin))
		d.fault(carol)
		internal := string(carol) + ": InternalError: " + textInternal
		answers(t, "one of five", d.invite(alice, bob, carol, stranger, dave, carol), "ok\n\t\t"+internal+"\n\t\t"+
			string(stranger)+": ClientError: "+specNotAMember+oursHintCreateMember)
		for id, want := range map[macie2.AccountID]string{bob: stVerifying, carol: stCreated, dave: stVerifying} {
			answers(t, "then "+string(id), d.status(alice, id), want)
		}
		answers(t, "one of two, the other refused", d.invite(alice, carol, bob),
			"ok\n\t\t"+string(bob)+": ClientError: "+specAlreadyInvited+"\n\t\t"+internal)
		if got := d.invite(alice, carol); !strings.HasPrefix(got, "internal error: ") {
			t.Errorf("one of one: %s, want an internal error", got)
		}
		d.fault(erin)
		if got := d.invite(alice, carol, erin); !strings.HasPrefix(got, "internal error: ") {
			t.Errorf("all of them: %s, want an internal error", got)
		}
		d.work()
		answers(t, "the worker is not disturbed", d.status(alice, bob), stInvited)
		s, err := readState(t.Context(), d.db)
		if err != nil {
			t.Fatal(err)
		}
		if broken := s.broken(1000); len(broken) > 0 {
			t.Errorf("broken: %v", broken)
		}
	})
}

// TestSessionEndsMeanwhile: the caller's session ends after CreateInvitations has seen it.
func TestSessionEndsMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice), d.add(alice, bob))
		// The end comes from another request. On SQLite, which has one writer, that gets its turn
		// when this one tries again.
		ended := make(chan string, 1)
		begun := false
		d.beforeWrite = func(*store.Tx) error {
			if !begun {
				begun = true
				go func() { d.beforeEnd(ended) }()
			}
			return store.ErrConflict
		}
		answers(t, "CreateInvitations", d.invite(alice, bob), "ResourceNotFoundException: "+textSessionEnded)
		answers(t, "the other request", <-ended, "ok")
	})
}

func (d *deployment) beforeEnd(ended chan<- string) {
	if a := d.delete(alice, bob); a != "ok" {
		ended <- a
		return
	}
	ended <- d.disable(alice)
}

// TestLostRace: a relationship that changes each time that a request looks at it is a conflict in
// the end, not an internal error.
func TestLostRace(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice), d.add(alice, bob))
		d.beforeWrite = func(*store.Tx) error { return store.ErrConflict }
		answers(t, "CreateInvitations", d.invite(alice, bob), conflict(textLostRace))
		d.beforeWrite = nil
		answers(t, "nothing was done", d.status(alice, bob), stCreated)
	})
}

// TestNoMailer: without relay and folder the invitation stands, and the history says that no mail
// was sent.
func TestNoMailer(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.mailer = nil
		d.invited(alice, bob)
		d.sees(alice, bob, stInvited, stInvited)
		if e := d.lastMail(alice); e.Event != EventMailNotSent || !strings.Contains(e.Detail, "no mail relay and no mail folder is configured") {
			t.Errorf("the mail's outcome is %+v", e)
		}
	})
}
