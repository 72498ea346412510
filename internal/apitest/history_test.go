package apitest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/cli"
	"magpie/internal/sigv4"
	"magpie/internal/store/storetest"
)

// past is a page of GET /magpie/v1/history.
type past struct {
	Events []struct {
		ID, Region, Event, AdministratorAccountID, AccountID, InvitationID, FromStatus, ToStatus, Principal, Detail string
		Time                                                                                                        time.Time
	}
	NextToken string
}

// names are the events of a page, the latest first.
func (p past) names() string {
	var names []string
	for _, e := range p.Events {
		names = append(names, e.Event)
	}
	return strings.Join(names, " ")
}

// history asks for a page of an account's history.
func (c *cast) history(in, id string, query ...string) (past, error) {
	c.t.Helper()
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Add(query[i], query[i+1])
	}
	var page past
	as := &cli.Client{Endpoint: c.url, Region: in,
		Credentials: sigv4.Credentials{AccessKeyID: c.keys[id].AccessKeyID, SecretAccessKey: c.keys[id].SecretAccessKey}}
	err := as.Call(c.t.Context(), http.MethodGet, "/magpie/v1/history", values, nil, &page)
	return page, err
}

func (c *cast) wantHistory(id, want string, query ...string) past {
	c.t.Helper()
	page, err := c.history(region, id, query...)
	if err != nil {
		c.t.Fatal(err)
	}
	if page.names() != want {
		c.t.Errorf("the history of %s by %v is\n%s, want\n%s", id, query, page.names(), want)
	}
	return page
}

// Each side can look up what happened, as far as it is its business, and who did it.
func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin, c.member)
		c.add(c.admin, memberID)
		c.invite(c.admin, memberID)
		sent := func() bool {
			page, err := c.history(region, adminID, "event", "MailAccepted")
			return err == nil && len(page.Events) == 1
		}
		eventually(t, "the mail is accepted", sent)
		invitation := c.received(c.member)
		c.accept(c.member, invitation)
		must(t)(c.member.UpdateMacieSession(ctx, &macie2.UpdateMacieSessionInput{Status: types.MacieStatusPaused}))
		must(t)(c.member.UpdateMacieSession(ctx, &macie2.UpdateMacieSessionInput{Status: types.MacieStatusEnabled}))
		must(t)(c.admin.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: aws.String(memberID)}))
		c.add(c.admin, secondID)

		mine := c.wantHistory(adminID, "MemberAdded MemberRemoved MemberResumed MemberPaused InvitationAccepted MailAccepted MailQueued Invited"+
			" InvitationRequested MemberAdded")
		theirs := c.wantHistory(memberID, "MemberRemoved MemberResumed MemberPaused InvitationAccepted Invited")
		for _, e := range []struct {
			got, want []string
		}{
			{[]string{mine.Events[1].Principal, mine.Events[1].FromStatus, mine.Events[1].ToStatus}, []string{"arn:aws:iam::" + adminID + ":user/admin", "Enabled", "Removed"}},
			{[]string{theirs.Events[0].Principal, theirs.Events[0].AdministratorAccountID, theirs.Events[0].InvitationID},
				[]string{"arn:aws:iam::" + adminID + ":root", adminID, *invitation.InvitationId}},
			{[]string{mine.Events[4].Principal, theirs.Events[3].Principal}, []string{"arn:aws:iam::" + memberID + ":root", "arn:aws:iam::" + memberID + ":user/admin"}},
			{[]string{theirs.Events[4].Principal, theirs.Events[4].Detail}, []string{"magpie", "Please join us."}},
		} {
			if !slices.Equal(e.got, e.want) {
				t.Errorf("an event reads %q, want %q", e.got, e.want)
			}
		}

		c.wantHistory(rivalID, "") // nobody's business, and needs no session
		c.wantHistory(adminID, "MemberAdded", "accountId", secondID)
		c.wantHistory(adminID, "MemberAdded MemberAdded", "event", "MemberAdded")
		c.wantHistory(adminID, "MemberAdded", "event", "MemberAdded", "accountId", memberID)
		c.wantHistory(adminID, "", "until", "2020-01-01T00:00:00Z")
		c.wantHistory(adminID, "", "since", time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		at := mine.Events[4].Time
		before := c.historyFrom(adminID, "until", at)
		from := c.historyFrom(adminID, "since", at)
		if len(before)+len(from) != len(mine.Events) || slices.Contains(before, "InvitationAccepted") || !slices.Contains(from, "InvitationAccepted") {
			t.Errorf("cut at the moment of the acceptance, the history is %v and %v", from, before)
		}
		elsewhere, err := c.history(otherRegion, adminID)
		if err != nil || elsewhere.Events == nil || len(elsewhere.Events) != 0 {
			t.Errorf("in another Region there is %+v, %v", elsewhere, err)
		}

		// Pages go on where they were, whatever happens meanwhile.
		var walked []string
		for query := []string{"maxResults", "3"}; ; {
			page, err := c.history(region, adminID, query...)
			if err != nil || len(page.Events) > 3 {
				t.Fatalf("%d events on a page of 3, %v", len(page.Events), err)
			}
			for _, e := range page.Events {
				walked = append(walked, e.ID)
			}
			if page.NextToken == "" {
				break
			}
			query = []string{"maxResults", "3", "nextToken", page.NextToken}
			must(t)(c.admin.DisassociateMember(ctx, &macie2.DisassociateMemberInput{Id: aws.String(secondID)})) // something happens
		}
		var all []string
		for _, e := range mine.Events {
			all = append(all, e.ID)
		}
		if !slices.Equal(walked, all) {
			t.Errorf("page by page the history is %v, want %v", walked, all)
		}

		first, err := c.history(region, adminID, "maxResults", "1")
		if err != nil {
			t.Fatal(err)
		}
		const foreign = "The request is rejected because the parameter nextToken has an invalid value: it was not issued for this account, Region and operation."
		for _, refused := range []struct {
			in, as string
			query  []string
			text   string
		}{
			{region, memberID, []string{"nextToken", first.NextToken}, foreign},
			{otherRegion, adminID, []string{"nextToken", first.NextToken}, foreign},
			{region, adminID, []string{"nextToken", first.NextToken, "event", "Invited"}, foreign},
			{region, adminID, []string{"nextToken", first.NextToken + "x"}, foreign},
			{region, adminID, []string{"maxResults", "0"}, "maxResults: must be a number from 1 to 100"},
			{region, adminID, []string{"maxResults", "101"}, "maxResults: must be from 1 to 100"},
			{region, adminID, []string{"since", "yesterday"}, "since: must be a time such as 2026-01-02T15:04:05Z"},
			{region, adminID, []string{"accountId", "42"}, "accountId: must be 12 digits"},
			{region, adminID, []string{"event", "Invited", "event", "Invited"}, "event: must be given once"},
			{region, adminID, []string{"events", "Invited"}, `the query parameter "events" is not known; there are accountId, event, since, until, maxResults, nextToken`},
		} {
			_, err := c.history(refused.in, refused.as, refused.query...)
			var answer *cli.APIError
			if !errors.As(err, &answer) || answer.Code != "ValidationException" || answer.Status != 400 || answer.Message != refused.text {
				t.Errorf("%v is refused with %v, want %s", refused.query, err, refused.text)
			}
		}
		if _, err := c.admin.ListMembers(ctx, &macie2.ListMembersInput{NextToken: &first.NextToken}); err == nil {
			t.Error("a token of the history is good for members")
		}
		if _, err := c.history(region, adminID, "event", "Nonsense"); err == nil || !strings.Contains(err.Error(), "event: must be one of MemberAdded, ") {
			t.Errorf("an unknown event is refused with %v", err)
		}
		if resp, _ := c.raw(adminID, "POST", "/magpie/v1/history", ""); resp.StatusCode != 405 {
			t.Errorf("POST answers %d", resp.StatusCode)
		}
		c.keys[adminID] = newKey(t, c.ids, adminID, "none")
		if _, err := c.history(region, adminID); err == nil || !strings.Contains(err.Error(), "is not authorized to perform: magpie:GetHistory") {
			t.Errorf("who may do nothing gets %v", err)
		}
	})
}

// historyFrom are the events on one side of a moment.
func (c *cast) historyFrom(id, side string, at time.Time) []string {
	c.t.Helper()
	page, err := c.history(region, id, side, at.Format(time.RFC3339Nano))
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.Fields(page.names())
}

// What became of a mail is told to the administrator, and to nobody else; the invitation stands either way.
func TestHistoryTellsOfMail(t *testing.T) {
	for _, engine := range storetest.Engines() {
		for _, x := range []struct{ relay, event, detail string }{
			{"", "MailNotSent", "no mail relay and no mail folder is configured"},
			{"250", "MailAccepted", "250"},
			{"451", "MailDeferred", "try later"},
			{"550", "MailRefused", "no such mailbox"},
		} {
			t.Run(engine+"/"+x.event, func(t *testing.T) {
				h := newHouse(t, engine)
				if h.config.MailDir = ""; x.relay != "" {
					h.config.SMTPURL = startRelay(t).answering(x.relay, x.detail).url
				}
				c := h.play()
				c.enable(c.admin, c.member)
				c.add(c.admin, memberID)
				c.invite(c.admin, memberID)
				var page past
				eventually(t, "the outcome of the mail", func() (ok bool) {
					var err error
					page, err = c.history(region, adminID, "event", x.event)
					return err == nil && len(page.Events) == 1
				})
				if e := page.Events[0]; !strings.Contains(e.Detail, x.detail) || e.Principal != "magpie" || e.AccountID != memberID {
					t.Errorf("the event reads %+v, want %q", e, x.detail)
				}
				c.wantHistory(memberID, "Invited")
				c.accept(c.member, c.received(c.member))
			})
		}
	}
}
