package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/store"
)

// storeAlone runs what CreateInvitations runs on the store, from this process: the lookup of the key, then a transaction that reads the
// inventory and the account, and writes the member, the invitation, the event, the task and the record of the call. Nothing else of the
// program is there: no connections, signatures, permissions or decisions, and no worker that verifies addresses meanwhile.
//
// The statements are those of identity.resolveKey, membership.inventoryOf, identity.LookupAccounts, membership.storeInvitations,
// queue.Enqueue and audit.Record. That as many rows came of them as of the same calls to the program is checked at the end.
func storeAlone(ctx context.Context, r *rig, keyID string, admin macie2.AccountID, members []macie2.AccountID, clients int) (result, error) {
	db, err := server.OpenStore(ctx, r.config, slog.New(slog.DiscardHandler))
	if err != nil {
		return result{}, err
	}
	defer db.Close()
	before, err := rowsOf(ctx, db)
	if err != nil {
		return result{}, err
	}
	x := result{clients: clients, calls: len(members), latencies: make([]time.Duration, len(members))}
	var next atomic.Int64
	var group sync.WaitGroup
	failures := make([]error, clients)
	start := time.Now()
	for client := range clients {
		group.Go(func() {
			for failures[client] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(members) {
					return
				}
				began := time.Now()
				failures[client] = inviteOnStore(ctx, db, keyID, admin, members[i])
				x.latencies[i] = time.Since(began)
			}
		})
	}
	group.Wait()
	x.took = time.Since(start)
	slices.Sort(x.latencies)
	if err := errors.Join(failures...); err != nil {
		return result{}, err
	}
	after, err := rowsOf(ctx, db)
	if err != nil {
		return result{}, err
	}
	for table, n := range after {
		if added := n - before[table]; added != int64(len(members)) {
			return result{}, fmt.Errorf("the store alone wrote %d rows of %s for %d calls", added, table, len(members))
		}
	}
	return x, nil
}

// rowsOf counts what a call of CreateInvitations leaves behind.
func rowsOf(ctx context.Context, db *store.DB) (map[string]int64, error) {
	rows := make(map[string]int64)
	err := db.View(ctx, func(tx *store.Tx) error {
		for table, where := range map[string]string{
			"invitation": "status = 'EmailVerificationInProgress'", "member": "status = 'EmailVerificationInProgress'",
			"history": "event = 'InvitationRequested'", "task": "kind = 'invitation.verify'", "audit": "operation = 'CreateInvitations'",
		} {
			var n int64
			if err := tx.QueryRow(ctx, "select count(*) from "+table+" where "+where).Scan(&n); err != nil {
				return err
			}
			rows[table] = n
		}
		return nil
	})
	return rows, err
}

// inviteOnStore is one call.
func inviteOnStore(ctx context.Context, db *store.DB, keyID string, admin, member macie2.AccountID) error {
	var text [8]string
	err := db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select k.account_id, k.user_name, k.master_key_id, k.secret, k.policies, k.status, a.status, a.disabled_regions
			from access_key k join account a on a.id = k.account_id where k.id = $1`, keyID).
			Scan(&text[0], &text[1], &text[2], &text[3], &text[4], &text[5], &text[6], &text[7])
	})
	if err != nil {
		return err
	}
	at := time.Now().UnixMilli()
	invitation, record := random(), strings.Repeat("x", 800)
	return db.Tx(ctx, region+"/"+string(admin), func(tx *store.Tx) error {
		var n [3]int64
		err := tx.QueryMany(ctx, func(_ int, row store.Row) error {
			return row.Scan(&text[0], &n[0], &text[1], &text[2], &text[3], &text[4], &n[1], &n[2])
		}, store.Stmt{SQL: `select s.standing, s.counted, coalesce(m.status, ''), coalesce(m.held_status, ''), coalesce(m.email, ''),
			coalesce(m.organization_id, ''), coalesce((select mails from mail_day where account_id = $2 and side = 'sent' and day = $4), 0),
			coalesce((select mails from mail_day where account_id = $3 and side = 'got' and day = $4), 0)
			from macie_session s left join member m on m.region = $1 and m.administrator_id = $2 and m.account_id = $3
			where s.region = $1 and s.account_id = $2`, Args: []any{region, admin, member, at / (24 * 60 * 60 * 1000)}})
		if err != nil {
			return err
		}
		err = tx.Query(ctx, func(row store.Row) error {
			return row.Scan(&text[0], &text[1], &text[2], &text[3], &text[4], &n[0], &n[1])
		}, "select id, email, name, status, disabled_regions, created_at, updated_at from account where "+tx.Any("id", 1), store.List{string(member)})
		if err != nil {
			return err
		}
		tx.DeferExpect(1, `update member set status = 'EmailVerificationInProgress', invited_at = $4, updated_at = $4
			where region = $1 and administrator_id = $2 and account_id = $3 and status = $5`, region, admin, member, at, "Created")
		tx.DeferInsert(`insert into invitation (region, account_id, administrator_id, invitation_id, status, message,
			disable_email_notification, invited_at, updated_at)`,
			[][]any{{region, member, admin, invitation, "EmailVerificationInProgress", nil, true, at, at}},
			`on conflict (region, account_id, administrator_id) do update set invitation_id = excluded.invitation_id,
			status = excluded.status, declined = false, message = excluded.message,
			disable_email_notification = excluded.disable_email_notification, invited_at = excluded.invited_at,
			updated_at = excluded.updated_at`)
		tx.DeferInsert(`insert into history (account_id, region, id, at, administrator_id, member_id, event, from_status, to_status,
			principal, invitation_id, detail)`, [][]any{{admin, region, random(), at, admin, member, "InvitationRequested", "Created",
			"EmailVerificationInProgress", "arn:aws:iam::" + string(admin) + ":user/bench", invitation, ""}}, "")
		tx.DeferInsert("insert into task (kind, key, payload, enqueued_at, run_at, tenant, group_id)",
			[][]any{{"invitation.verify", random(), `{"invitationIds":["` + invitation + `"]}`, at, at, "", ""}},
			`on conflict (kind, key) do update set state = 'ready', payload = excluded.payload, enqueued_at = excluded.enqueued_at,
			run_at = excluded.run_at, tenant = excluded.tenant, group_id = excluded.group_id, started_at = null, attempt = 0, error = null
			where task.state = 'failed'`).Then(func(n int64) { tx.Tally("task", "invitation.verify", n) })
		tx.Put(`insert into audit (at, event_id, account_id, principal, operation, node, record) values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (at, event_id) do nothing`, at, random(), admin, "arn:aws:iam::"+string(admin)+":user/bench", "CreateInvitations", "bench", record)
		return nil
	})
}

// random is an id of 32 hexadecimal digits.
func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
