package membership

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// MailBounds keep administrators from using invitations to fill somebody's mailbox. They count
// mails, not invitations: one that has no mail is shown to its recipient all the same. What they
// count stays when a member record goes. 0 is without limit.
type MailBounds struct {
	Cooldown         time.Duration // between two mails of one administrator to one account in a Region; of all Regions, mostRegions mails go in it
	PerRecipient     int           // mails that an account gets in a day, of all administrators
	PerAdministrator int           // mails that an administrator sends in a day
}

// mostRegions is in how many Regions an administrator can mail one account within the cooldown:
// enough to set up several Regions, too few to fill a mailbox by going through all of them.
const mostRegions = 3

// mailSides are the accounts of a mail that count it in a day.
const (
	mailsSent = "sent"
	mailsGot  = "got"
)

// dayOf is the day, in UTC, that a time is in.
func dayOf(t time.Time) int64 { return t.Unix() / 86400 }

// nextDay is when the counts of a day begin anew.
func nextDay(t time.Time) string {
	return time.Unix((dayOf(t)+1)*86400, 0).UTC().Format(time.RFC3339)
}

// mailCount is one count of a day.
type mailCount struct {
	account macie2.AccountID
	side    string
}

func (c mailCount) compare(d mailCount) int {
	return cmp.Or(cmp.Compare(c.account, d.account), cmp.Compare(c.side, d.side))
}

type mailPair struct{ administrator, member macie2.AccountID }

// mailPlace is a pair in a Region.
type mailPlace struct {
	mailPair
	region string
}

// mailLedger is the mails so far, as far as they bound those that are to be sent.
type mailLedger struct {
	last   map[mailPair]map[string]int64 // when the last mail went, by Region
	mailed map[mailPlace]bool            // what is added to last
	day    map[mailCount]int64
	add    map[mailCount]int64 // what is added to day
}

// readMailLedger reads it, in one round trip.
func readMailLedger(ctx context.Context, tx *store.Tx, list []outgoing, now time.Time) (l mailLedger, err error) {
	l = mailLedger{map[mailPair]map[string]int64{}, map[mailPlace]bool{}, map[mailCount]int64{}, map[mailCount]int64{}}
	var stmts []store.Stmt
	var take []func(store.Row) error
	for _, i := range list {
		pair := mailPair{i.administrator, i.member}
		l.last[pair] = map[string]int64{}
		stmts = append(stmts, store.Stmt{SQL: `select region, at from mail_last where administrator_id = $1 and account_id = $2`,
			Args: []any{pair.administrator, pair.member}})
		take = append(take, func(row store.Row) error {
			var region string
			var at int64
			err := row.Scan(&region, &at)
			l.last[pair][region] = at
			return err
		})
		for _, c := range []mailCount{{i.administrator, mailsSent}, {i.member, mailsGot}} {
			stmts = append(stmts, store.Stmt{SQL: `select mails from mail_day where account_id = $1 and side = $2 and day = $3`,
				Args: []any{c.account, c.side, dayOf(now)}})
			take = append(take, func(row store.Row) error {
				var n int64
				err := row.Scan(&n)
				l.day[c] = n
				return err
			})
		}
	}
	err = tx.QueryMany(ctx, func(i int, row store.Row) error { return take[i](row) }, stmts...)
	return l, err
}

// admit counts a mail, or says why it must not be sent.
func (s *Invitations) admit(l mailLedger, i outgoing, now time.Time) (reason string) {
	pair := mailPair{i.administrator, i.member}
	b := s.mailBounds
	if at, waits := b.waits(l.last[pair], i.region, now); waits {
		return fmt.Sprintf("a mail of this administrator went to the account at %s; the next may go at %s", at.Format(time.RFC3339), at.Add(b.Cooldown).Format(time.RFC3339))
	}
	for _, c := range []struct {
		mailCount
		most int
		what string
	}{
		{mailCount{i.administrator, mailsSent}, b.PerAdministrator, "this administrator has sent"},
		{mailCount{i.member, mailsGot}, b.PerRecipient, "the account has got"},
	} {
		if c.most > 0 && l.day[c.mailCount]+l.add[c.mailCount] >= int64(c.most) {
			return fmt.Sprintf("%s %d invitation mails today, which is the most; the next may go at %s", c.what, c.most, nextDay(now))
		}
	}
	l.last[pair][i.region] = millis(now)
	l.mailed[mailPlace{pair, i.region}] = true
	l.add[mailCount{i.administrator, mailsSent}]++
	l.add[mailCount{i.member, mailsGot}]++
	return ""
}

// waits reports whether a pair's mail in a Region waits for the cooldown, and since when.
func (b MailBounds) waits(last map[string]int64, region string, now time.Time) (since time.Time, waits bool) {
	if b.Cooldown <= 0 {
		return since, false
	}
	lately := []int64{}
	for _, at := range last {
		if millis(now)-at < b.Cooldown.Milliseconds() {
			lately = append(lately, at)
		}
	}
	if at, sent := last[region]; sent && millis(now)-at < b.Cooldown.Milliseconds() {
		return time.UnixMilli(at).UTC(), true
	}
	if len(lately) >= mostRegions {
		slices.Sort(lately)
		return time.UnixMilli(lately[len(lately)-mostRegions]).UTC(), true
	}
	return since, false
}

// keep writes what was admitted. Each count is compared with the bound once more as it is written,
// so that two transactions do not both take the last place; rows are written in one order, so that
// they do not wait for each other. Rows older than a day are deleted.
func (s *Invitations) keep(tx *store.Tx, l mailLedger, now time.Time) {
	b := s.mailBounds
	for _, c := range slices.SortedFunc(maps.Keys(l.add), mailCount.compare) {
		most := int64(b.PerRecipient)
		if c.side == mailsSent {
			most = int64(b.PerAdministrator)
		}
		if l.day[c] == 0 {
			tx.Defer(`delete from mail_day where account_id = $1 and side = $2 and day < $3`, c.account, c.side, dayOf(now))
			if c.side == mailsSent {
				tx.Defer(`delete from mail_last where administrator_id = $1 and at < $2`, c.account, millis(now.Add(-max(b.Cooldown, 24*time.Hour))))
			}
		}
		tx.DeferExpect(1, `insert into mail_day (account_id, side, day, mails) values ($1, $2, $3, $4)
			on conflict (account_id, side, day) do update set mails = mail_day.mails + excluded.mails
			where mail_day.mails + excluded.mails <= $5 or $5 = 0`, c.account, c.side, dayOf(now), l.add[c], most)
	}
	at := millis(now)
	pairs := make(map[mailPair]bool)
	for _, p := range slices.SortedFunc(maps.Keys(l.mailed), func(a, b mailPlace) int {
		return cmp.Or(cmp.Compare(a.administrator, b.administrator), cmp.Compare(a.member, b.member), cmp.Compare(a.region, b.region))
	}) {
		tx.DeferExpect(1, `insert into mail_last (administrator_id, account_id, region, at) values ($1, $2, $3, $4)
			on conflict (administrator_id, account_id, region) do update set at = excluded.at where mail_last.at <= $5`,
			p.administrator, p.member, p.region, at, at-b.Cooldown.Milliseconds())
		pairs[p.mailPair] = true
	}
	if b.Cooldown <= 0 {
		return
	}
	// Mails of a pair in several Regions are in rows of their own. The administrator's count of the
	// day, which was written above, lets only one transaction at a time get here.
	for p := range pairs {
		tx.DeferExpect(1, `update mail_day set mails = mails where account_id = $1 and side = $2 and day = $3
			and (select count(*) from mail_last where administrator_id = $1 and account_id = $4 and at > $5) <= $6`,
			p.administrator, mailsSent, dayOf(now), p.member, at-b.Cooldown.Milliseconds(), mostRegions)
	}
}

// mailsNow are how many mails the day has had already of both sides of an invitation.
type mailsNow struct{ sent, got int64 }

// mailsOf is the expressions for a mailsNow: of the administrator $2 and the account $3 on the day
// $4.
const mailsOf = `coalesce((select mails from mail_day where account_id = $2 and side = 'sent' and day = $4), 0),
	coalesce((select mails from mail_day where account_id = $3 and side = 'got' and day = $4), 0)`

// overMails says why an invitation can have no mail today, "" if it can; pending is how many of
// this call will have one.
func (b MailBounds) overMails(now mailsNow, pending int64) string {
	switch {
	case b.PerAdministrator > 0 && now.sent+pending >= int64(b.PerAdministrator):
		return textTooManyMailsSent
	case b.PerRecipient > 0 && now.got >= int64(b.PerRecipient):
		return textTooManyMailsGot
	}
	return ""
}

// hintNoMail is what follows such a text.
func (b MailBounds) hintNoMail(text string, now time.Time) string {
	most := b.PerRecipient
	if text == textTooManyMailsSent {
		most = b.PerAdministrator
	}
	return " There may be " + strconv.Itoa(most) + " in a day. Invite it with disableEmailNotification, or after " + nextDay(now) + "."
}
