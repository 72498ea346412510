package finding

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/macie2"
	"magpie/internal/store"
)

// TriageState is what people make of a finding. Macie knows nothing of it, and its answers stay as they are.
type TriageState string

// The states of a finding. One that nobody said anything of is open.
const (
	TriageOpen       TriageState = "OPEN"
	TriageInWork     TriageState = "IN_WORK"
	TriageDone       TriageState = "DONE"
	TriageAccepted   TriageState = "ACCEPTED"
	TriageFalseAlarm TriageState = "FALSE_ALARM"
)

var triageStates = []TriageState{TriageOpen, TriageInWork, TriageDone, TriageAccepted, TriageFalseAlarm}

const (
	maxTriageReason  = 256
	maxTriageComment = 4096
	maxTriageHistory = 1000
)

// Triage is one thing that was said of a finding.
type Triage struct {
	State   TriageState `json:"state"`
	Reason  string      `json:"reason"`
	Comment string      `json:"comment"`
	By      string      `json:"by,omitempty"` // the ARN of who said it
	At      string      `json:"at,omitempty"`
	Version int64       `json:"version"` // 0: nobody said anything yet
}

// TriageOutput is what is known of a finding now, and how it came to be, the newest first.
type TriageOutput struct {
	FindingID string `json:"findingId"`
	Triage
	History []Triage `json:"history"`
}

// TriageInput is what is to be said of a finding. Version is the one that the caller has seen: it must be the newest.
type TriageInput struct {
	FindingID string      `json:"findingId"`
	State     TriageState `json:"state"`
	Reason    string      `json:"reason"`
	Comment   string      `json:"comment"`
	Version   *int64      `json:"version"`
}

func (in *TriageInput) check() error {
	if in.FindingID == "" {
		return macie2.ErrValidation("findingId: is missing")
	}
	if !slices.Contains(triageStates, in.State) {
		return macie2.ErrValidation("state: must be one of OPEN, IN_WORK, DONE, ACCEPTED, FALSE_ALARM")
	}
	if in.Version == nil || *in.Version < 0 {
		return macie2.ErrValidation("version: must be the one that was read, 0 where nothing was said yet")
	}
	for _, x := range []struct {
		name, text string
		most       int
	}{{"reason", in.Reason, maxTriageReason}, {"comment", in.Comment, maxTriageComment}} {
		if !utf8.ValidString(x.text) || utf8.RuneCountInString(x.text) > x.most ||
			strings.ContainsFunc(x.text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			return macie2.ErrValidation("%s: has at most %d characters, and no control characters but tabs and new lines", x.name, x.most)
		}
	}
	if in.Reason == "" && (in.State == TriageAccepted || in.State == TriageFalseAlarm) {
		return macie2.ErrValidation("reason: is required for ACCEPTED and FALSE_ALARM")
	}
	return nil
}

// GetTriage tells what was said of a finding that the caller may see.
func (s *Service) GetTriage(ctx context.Context, call *macie2.Call, id string) (out *TriageOutput, err error) {
	if id == "" {
		return nil, macie2.ErrValidation("findingId: is missing")
	}
	err = s.view(ctx, call, func(tx *store.Tx) (err error) {
		out, err = s.triage(ctx, tx, call, id)
		return err
	})
	return out, err
}

// TriageOf is the last that was said of a finding.
type TriageOf struct {
	FindingID string `json:"findingId"`
	Triage
}

// mostTriaged is how many findings one call can ask about.
const mostTriaged = 1000

// ListTriage tells the last that the caller's account said of each of the findings, in the order of their ids. Those of which nobody
// said anything are left out.
func (s *Service) ListTriage(ctx context.Context, call *macie2.Call, ids []string) (out []TriageOf, err error) {
	if len(ids) == 0 || len(ids) > mostTriaged {
		return nil, macie2.ErrValidation("findingIds: must have from 1 to %d values", mostTriaged)
	}
	err = s.view(ctx, call, func(tx *store.Tx) error {
		out = []TriageOf{}
		return tx.Query(ctx, func(r store.Row) error {
			var x TriageOf
			var at int64
			err := r.Scan(&x.FindingID, &x.Version, &x.State, &x.Reason, &x.Comment, &x.By, &at)
			x.At = macie2.TimestampMillis(at).String()
			out = append(out, x)
			return err
		}, `select t.finding_id, t.version, t.state, t.reason, t.comment, t.said_by, t.said_at from finding_triage t
			where t.region = $1 and t.account_id = $2 and `+tx.Any("t.finding_id", 3)+`
			and t.version = (select max(u.version) from finding_triage u where u.region = t.region and u.account_id = t.account_id and u.finding_id = t.finding_id)
			order by t.finding_id`, call.Region, call.Account, store.List(ids))
	})
	return out, err
}

func (s *Service) triage(ctx context.Context, tx *store.Tx, call *macie2.Call, id string) (*TriageOutput, error) {
	found, err := s.visible(ctx, tx, call, []string{id}, sorts["updatedAt"])
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, none(err)
	}
	out := &TriageOutput{FindingID: id, Triage: Triage{State: TriageOpen}, History: []Triage{}}
	err = tx.Query(ctx, func(r store.Row) error {
		var x Triage
		var at int64
		err := r.Scan(&x.Version, &x.State, &x.Reason, &x.Comment, &x.By, &at)
		x.At = macie2.TimestampMillis(at).String()
		out.History = append(out.History, x)
		return err
	}, `select version, state, reason, comment, said_by, said_at from finding_triage
		where region = $1 and account_id = $2 and finding_id = $3 order by version desc limit $4`,
		call.Region, call.Account, id, int64(maxTriageHistory))
	if len(out.History) > 0 {
		out.Triage = out.History[0]
	}
	return out, err
}

// PutTriage says something of a finding, if nobody has said anything since the caller looked.
func (s *Service) PutTriage(ctx context.Context, call *macie2.Call, in *TriageInput) (out *TriageOutput, err error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) error {
		if out, err = s.triage(ctx, tx, call, in.FindingID); err != nil {
			return err
		}
		if out.Version != *in.Version {
			return macie2.ErrConflict("The finding is at version %d: somebody else has said something of it", out.Version)
		}
		if out.Version >= maxTriageHistory {
			return macie2.ErrQuota("As much was said of the finding as is kept: %d times", out.Version)
		}
		out.Triage = Triage{State: in.State, Reason: in.Reason, Comment: in.Comment, By: call.Principal.ARN,
			At: macie2.NewTimestamp(call.Now).String(), Version: out.Version + 1}
		out.History = append([]Triage{out.Triage}, out.History...)
		_, err := tx.Exec(ctx, `insert into finding_triage (region, account_id, finding_id, version, state, reason, comment, said_by, said_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, call.Region, call.Account, in.FindingID, out.Version, string(in.State),
			in.Reason, in.Comment, out.By, call.Now.UnixMilli())
		if errors.Is(err, store.ErrExists) {
			err = store.ErrConflict // another node was faster: what it said decides
		}
		return err
	})
	return out, err
}

// A Day is how many findings were made on a day, by severity.
type Day struct {
	Date   string `json:"date"`
	Low    int64  `json:"low"`
	Medium int64  `json:"medium"`
	High   int64  `json:"high"`
}

func (d *Day) add(severity, n int64) {
	switch severity {
	case 1:
		d.Low += n
	case 2:
		d.Medium += n
	default:
		d.High += n
	}
}

// maxDays is how many days a histogram has at most: as long as findings are kept.
const maxDays = 90

// Histogram counts the findings that the caller may see by the day on which they were made, in UTC, and by severity, for the
// last days up to today. Those that a rule suppresses are left out.
func (s *Service) Histogram(ctx context.Context, call *macie2.Call, days int) ([]Day, error) {
	if days < 1 || days > maxDays {
		return nil, macie2.ErrValidation("days: must be a number from 1 to %d", maxDays)
	}
	const day = 86_400_000
	today := call.Now.UnixMilli() / day
	first := today - int64(days) + 1
	out := make([]Day, days)
	err := s.view(ctx, call, func(tx *store.Tx) error {
		for i := range out {
			out[i] = Day{Date: time.UnixMilli((first + int64(i)) * day).UTC().Format(time.DateOnly)}
		}
		scopes, err := s.scopes(ctx, tx, call)
		for _, x := range scopes {
			if err != nil {
				return err
			}
			if x.members == nil {
				if err := s.dataDays(ctx, tx, x, first, out); err != nil {
					return err
				}
			}
			q := statement{dialect: tx}
			q.sql.WriteString("select created_at / 86400000, severity, count(*) from finding where")
			q.in(x)
			q.sql.WriteString(" and created_at >= " + q.arg(first*day) + " and created_at < " + q.arg((today+1)*day) + " and archived = " + q.arg(false))
			q.sql.WriteString(" group by 1, 2")
			err = tx.Query(ctx, func(r store.Row) error {
				var at, severity, n int64
				if err := r.Scan(&at, &severity, &n); err != nil {
					return err
				}
				out[at-first].add(severity, n)
				return nil
			}, q.sql.String(), q.args...)
		}
		return err
	})
	return out, err
}
