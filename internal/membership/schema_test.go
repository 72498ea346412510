package membership

import (
	"errors"
	"testing"

	"magpie/internal/store"
)

// TestConstraints asks the database itself for what must never be, past all the code that avoids
// it: it refuses, on both engines.
func TestConstraints(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.invited(carol, bob)
		d.members(carol, dave)
		d.must(d.enable(erin))
		const member = `insert into member (region, administrator_id, account_id, status, created_at, updated_at) values
			('us-east-1', $1, $2, $3, 0, 0)`
		const standing = `update macie_session set standing = $1 where region = 'us-east-1' and account_id = $2`
		for _, c := range []struct {
			what string
			want error
			sql  string
			args []any
		}{
			{"a second administrator", store.ErrExists, `update member set status = 'Enabled' where administrator_id = $1 and account_id = $2`,
				[]any{string(carol), string(bob)}},
			{"a second administrator, suspended", store.ErrExists, `update member set status = 'AccountSuspended', held_status = 'Paused'
				where administrator_id = $1 and account_id = $2`, []any{string(carol), string(bob)}},
			{"a member of a member", store.ErrForeignKey, member, []any{string(bob), string(erin), "Created"}},
			{"a member with members", store.ErrForeignKey, member, []any{string(erin), string(carol), "Enabled"}},
			{"a member that stands alone", store.ErrForeignKey, member, []any{string(carol), string(erin), "Enabled"}},
			{"a member without a session", store.ErrForeignKey, member, []any{string(carol), string(stranger), "Paused"}},
			{"members of who has no session", store.ErrForeignKey, member, []any{string(stranger), string(erin), "Invited"}},
			{"an administrator that becomes a member", store.ErrForeignKey, standing, []any{"Member", string(alice)}},
			{"a member that becomes an administrator", store.ErrForeignKey, standing, []any{"Administrator", string(bob)}},
			{"a member that stands alone at once", store.ErrForeignKey, standing, []any{"Standalone", string(bob)}},
			{"the end of a member's session", store.ErrForeignKey, `delete from macie_session where account_id = $1`, []any{string(bob)}},
			{"the end of an administrator's session", store.ErrForeignKey, `delete from macie_session where account_id = $1`, []any{string(carol)}},
			{"a member of itself", store.ErrCheck, member, []any{string(alice), string(alice), "Removed"}},
			{"a record twice", store.ErrExists, member, []any{string(alice), string(bob), "Removed"}},
			{"a second invitation", store.ErrExists, `insert into invitation (region, account_id, administrator_id, invitation_id, status,
				disable_email_notification, invited_at, updated_at) values ('us-east-1', $1, $2, 'x', 'Invited', false, 0, 0)`,
				[]any{string(bob), string(alice)}},
			{"an invitation's id twice", store.ErrExists, `update invitation set invitation_id = $1`, []any{"x"}},
			{"a status that is none", store.ErrCheck, `update member set status = $1`, []any{"Friend"}},
			{"a suspension over nothing", store.ErrCheck, `update member set status = $1`, []any{"AccountSuspended"}},
			{"something behind no suspension", store.ErrCheck, `update member set held_status = $1`, []any{"Created"}},
			{"a suspension over another", store.ErrCheck, `update member set status = $1, held_status = $1`, []any{"AccountSuspended"}},
			{"fewer members than none", store.ErrCheck, `update macie_session set counted = $1`, []any{-1}},
			{"a standing that is none", store.ErrCheck, `update macie_session set standing = $1 where account_id = $2`, []any{"Boss", string(erin)}},
			{"a session that is neither on nor off", store.ErrCheck, `update macie_session set status = $1`, []any{"OFF"}},
		} {
			err := d.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), c.sql, c.args...)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.what, err, c.want)
			}
		}
		holds(t, d, DefaultQuotaMembers)
	})
}
