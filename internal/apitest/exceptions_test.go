package apitest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/jackc/pgx/v5"

	"magpie/internal/store"
)

// What a request is refused for as a whole, whose fault it is, and that nothing was done.
func TestCreateInvitationsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.config.QuotaMembers = 2
		c := h.play()
		invite := func(as *macie2.Client, in *macie2.CreateInvitationsInput) error {
			_, err := as.CreateInvitations(ctx, in)
			return err
		}
		one := &macie2.CreateInvitationsInput{AccountIds: []string{memberID}}

		wantError[*types.AccessDeniedException](t, invite(c.admin, one), 403, "Macie is not enabled")
		c.enable(c.admin)
		c.add(c.admin, memberID)
		idle := client(c.url, newKey(t, c.ids, adminID, "none"), region)
		wantError[*types.AccessDeniedException](t, invite(idle, one), 403, "User: arn:aws:iam::"+adminID+":user/admin is not authorized to perform: "+
			"macie2:CreateInvitations on resource: arn:aws:macie2:"+region+":"+adminID+":* because no identity-based policy allows the macie2:CreateInvitations action")

		for _, x := range []struct {
			in   macie2.CreateInvitationsInput
			text string
		}{
			{macie2.CreateInvitationsInput{AccountIds: []string{}}, "accountIds: must name 1 to 1000 accounts, not 0"},
			{macie2.CreateInvitationsInput{AccountIds: make([]string, 1001)}, "accountIds: must name 1 to 1000 accounts, not 1001"},
			{macie2.CreateInvitationsInput{AccountIds: []string{memberID, "12345678901"}}, "accountIds[1]: must be 12 digits"},
			{macie2.CreateInvitationsInput{AccountIds: []string{memberID}, Message: aws.String(strings.Repeat("ü", 81))}, "message: must have 1 to 80 characters, not 81"},
			{macie2.CreateInvitationsInput{AccountIds: []string{memberID}, Message: aws.String("join\nus")},
				"message: character 5 (U+000A) is not allowed: letters, digits, spaces and punctuation only"},
		} {
			wantError[*types.ValidationException](t, invite(c.admin, &x.in), 400, x.text)
		}

		// Removed ones do not count, until they come back.
		must(t)(c.admin.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: aws.String(memberID)}))
		c.add(c.admin, rivalID)
		c.add(c.admin, secondID)
		const tooMany = "The request is rejected because the current account cannot create anymore members since it cannot exceed the maximum number of allowed members."
		wantError[*types.ServiceQuotaExceededException](t, invite(c.admin, one), 402, tooMany)
		_, err := c.admin.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: aws.String("999988887777"), Email: aws.String("x@example.com")}})
		wantError[*types.ServiceQuotaExceededException](t, err, 402, tooMany)

		if got := c.memberOf(c.admin, memberID); got.RelationshipStatus != types.RelationshipStatusRemoved || got.InvitedAt != nil {
			t.Errorf("after all these refusals the member reads %+v", got)
		}
	})
}

// Partial failure is data: one answer says of each account what became of it.
func TestCreateInvitationsPartly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		c.add(c.admin, memberID)
		must(t)(c.admin.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: aws.String(secondID), Email: aws.String("wrong@example.com")}}))
		out, err := c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{adminID, memberID, "999988887777", memberID, secondID}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			adminID:        "The request is rejected because the current account cannot invite itself.",
			"999988887777": "The request is rejected because the given account ID is not an associated member of account the current account. Add the account by CreateMember first.",
		}
		wantUnprocessed(t, out.UnprocessedAccounts, types.ErrorCodeClientError, want)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		c.await(c.admin, secondID, types.RelationshipStatusEmailVerificationFailed)

		out, err = c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{memberID, secondID}})
		if err != nil {
			t.Fatal(err)
		}
		wantUnprocessed(t, out.UnprocessedAccounts, types.ErrorCodeClientError, map[string]string{
			memberID: "The request is rejected because the current account has already invited or is already the Macie administrator of the given member account ID.",
			secondID: "The request is rejected because the email address of the given member account ID could not be verified: it is not the address registered" +
				" for the account. Delete the member, add it again with the right address, and invite it again.",
		})
		if mails := h.mails(); len(mails) > 1 {
			t.Errorf("mails were sent to accounts that were not invited: %v", mails)
		}

		// Who is a member cannot invite; the answer is the same for each of its accounts.
		c.enable(c.member)
		c.accept(c.member, c.received(c.member))
		out, err = c.member.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{secondID}})
		if err != nil {
			t.Fatal(err)
		}
		wantUnprocessed(t, out.UnprocessedAccounts, types.ErrorCodeClientError, map[string]string{
			secondID: "The request is rejected because the current account cannot invite other accounts since it is already an associated member of another master account.",
		})
	})
}

func wantUnprocessed(t *testing.T, got []types.UnprocessedAccount, code types.ErrorCode, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d accounts were not processed, want %d", len(got), len(want))
	}
	for _, u := range got {
		if u.ErrorCode != code || aws.ToString(u.ErrorMessage) != want[aws.ToString(u.AccountId)] {
			t.Errorf("%s: %s: %s", aws.ToString(u.AccountId), u.ErrorCode, aws.ToString(u.ErrorMessage))
		}
	}
}

// sql changes the tables behind the server's back.
func (h *house) sql(db *store.DB, statements ...string) {
	h.t.Helper()
	err := db.Tx(h.t.Context(), "test", func(tx *store.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(h.t.Context(), sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// trigger is the statements that make something happen before a row of member is updated, and those that end it.
func (h *house) trigger(when, sqlite, postgres string) (begin, end []string) {
	if h.engine == "sqlite" {
		return []string{"create trigger fault before update on member " + when + " begin " + sqlite + " end"}, []string{"drop trigger fault"}
	}
	return []string{
			"create function fault() returns trigger language plpgsql as $$ begin " + postgres + " end $$",
			"create trigger fault before update on member for each row " + when + " execute function fault()",
		}, []string{
			"drop trigger fault on member", "drop function fault()",
		}
}

// A store that fails is 500 and bland, nothing is half done, and it works again when the store does.
func TestCreateInvitationsOnABrokenStore(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		db := h.open()
		c.enable(c.admin)
		for _, id := range []string{memberID, secondID, rivalID} {
			c.add(c.admin, id)
		}
		three := &macie2.CreateInvitationsInput{AccountIds: []string{memberID, secondID, rivalID}}

		h.sql(db, "alter table task rename to task_away")
		_, err := c.admin.CreateInvitations(ctx, three)
		wantError[*types.InternalServerException](t, err, 500, "The request failed because of an internal error. Try again; if it fails again,"+
			" give the request id to whoever runs this server.")
		for _, id := range three.AccountIds {
			if got := c.memberOf(c.admin, id); got.RelationshipStatus != types.RelationshipStatusCreated || got.InvitedAt != nil {
				t.Errorf("half done: %+v", got)
			}
		}
		h.sql(db, "alter table task_away rename to task")

		// Where the fault lies with one account, it is that account's.
		begin, end := h.trigger("when (new.account_id = '"+secondID+"')", "select raise(abort, 'fault');", "raise exception 'fault';")
		h.sql(db, begin...)
		out, err := c.admin.CreateInvitations(ctx, three)
		if err != nil {
			t.Fatal(err)
		}
		wantUnprocessed(t, out.UnprocessedAccounts, types.ErrorCodeInternalError, map[string]string{
			secondID: "The request could not be processed for the given account ID because of an internal error. Try again."})
		h.sql(db, end...)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		c.await(c.admin, rivalID, types.RelationshipStatusInvited)
		c.invite(c.admin, secondID)
		c.await(c.admin, secondID, types.RelationshipStatusInvited)
	})
}

// A request that loses every race against others is told so.
func TestCreateInvitationsLosesTheRace(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.play()
		db := h.open()
		c.enable(c.admin)
		c.add(c.admin, memberID)
		// As if somebody else changed the record each time between the look at it and the change.
		begin, end := h.trigger("", "select raise(ignore);", "return null;")
		h.sql(db, begin...)
		_, err := c.admin.CreateInvitations(t.Context(), &macie2.CreateInvitationsInput{AccountIds: []string{memberID}})
		wantError[*types.ConflictException](t, err, 409,
			"The request failed because the relationship was changed by another request at the same time. Try again.")
		h.sql(db, end...)
		c.invite(c.admin, memberID)
	})
}

// A session that ends while the request runs is another case than one that never was. It takes two nodes: on one, the requests of an
// account stand in line.
func TestCreateInvitationsWhileTheSessionEnds(t *testing.T) {
	h := newHouse(t, "postgres")
	ctx := t.Context()
	c := h.play()
	c.enable(c.admin)
	c.add(c.admin, memberID)

	// The other node is in the middle of taking the member and the session away.
	conn, err := pgx.Connect(ctx, h.config.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"delete from member", "delete from macie_session"} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	answer := make(chan error, 1)
	go func() {
		_, err := c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{memberID}})
		answer <- err
	}()
	watch := h.open()
	eventually(t, "the request waits for the row", func() bool {
		var waiting int64
		err := watch.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(ctx, "select count(*) from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())").Scan(&waiting)
		})
		if err != nil {
			t.Error(err)
		}
		return waiting > 0
	})
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	wantError[*types.ResourceNotFoundException](t, <-answer, 404, "The request failed because the Macie session of the current account ended while the request was processed")
}
