package onboard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"magpie/internal/arn"
	"magpie/internal/cli/operation"
	"magpie/internal/cli/pace"
)

// roles are the sessions of the roles that were assumed, one for each account.
type roles struct {
	mu       sync.Mutex
	accounts map[string]*role
	health   health
}

type role struct {
	mu      sync.Mutex // held while the role is being assumed
	session aws.CredentialsProvider
	until   time.Time
	err     error
}

const (
	sessionTime = 15 * time.Minute // the least that STS gives
	sessionSpan = 5 * time.Minute  // what must be left of it
)

// assume returns credentials of the role in the account. One refusal is enough for all Regions.
func (r *Run) assume(ctx context.Context, account string) (aws.CredentialsProvider, error) {
	r.roles.mu.Lock()
	if r.roles.accounts == nil {
		r.roles.accounts = map[string]*role{}
	}
	a := r.roles.accounts[account]
	if a == nil {
		a = &role{}
		r.roles.accounts[account] = a
	}
	r.roles.mu.Unlock()

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil || time.Until(a.until) > sessionSpan {
		return a.session, a.err
	}
	name := r.RoleARN(account)
	var out *sts.AssumeRoleOutput
	err := r.call(ctx, &r.roles.health, "sts", "AssumeRole", func(ctx context.Context) (err error) {
		out, err = r.service.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &name, RoleSessionName: aws.String("magpie-" + r.Spec.Administrator),
			DurationSeconds: aws.Int32(int32(sessionTime / time.Second))})
		return err
	})
	if err != nil {
		if ctx.Err() == nil && judge(err).outcome == pace.Fine {
			a.err = err
		}
		return nil, err
	}
	c := out.Credentials
	a.session = aws.CredentialsProviderFunc(credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken).Retrieve)
	a.until = *c.Expiration
	return a.session, nil
}

// RoleARN is the role that is assumed in an account.
func (r *Run) RoleARN(account string) string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", arn.Partition(r.Spec.Regions[0]), account, strings.TrimPrefix(r.Spec.Options.AcceptRole, "/"))
}

// accept does the member's side of an invitation that the administrator sees as Invited.
func (g *regionRun) accept(ctx context.Context, p *pair) {
	session, err := g.run.assume(ctx, p.account)
	if err != nil {
		g.failMember(ctx, p, "assume "+g.run.RoleARN(p.account), err)
		return
	}
	as := func(o *macie2.Options) { o.Credentials = session }
	err = g.call(ctx, "EnableMacie", func(ctx context.Context, c *macie2.Client) error {
		_, err := c.EnableMacie(ctx, &macie2.EnableMacieInput{}, as)
		return err
	})
	if err != nil && !isCode(err, "ConflictException") {
		g.failMember(ctx, p, "enable Macie in the account", err)
		return
	}
	invitation, err := g.findInvitation(ctx, as)
	if err != nil {
		g.failMember(ctx, p, "find the invitation in the account", err)
		return
	}
	if invitation.RelationshipStatus != types.RelationshipStatusEnabled {
		err = g.call(ctx, "AcceptInvitation", func(ctx context.Context, c *macie2.Client) error {
			_, err := c.AcceptInvitation(ctx, &macie2.AcceptInvitationInput{
				AdministratorAccountId: &g.run.Spec.Administrator, InvitationId: invitation.InvitationId}, as)
			return err
		})
		if isCode(err, "ValidationException") {
			// The refusal may be that of a repetition, after an answer that was lost.
			if m, readErr := g.getMember(ctx, p.account); readErr == nil && m != nil && m.RelationshipStatus == types.RelationshipStatusEnabled {
				err = nil
			}
		}
		if err != nil {
			g.failMember(ctx, p, "accept the invitation in the account", err)
			return
		}
	}
	p.now = types.RelationshipStatusEnabled
	g.end(p, Joined, "invited and accepted")
}

// failMember is fail for what concerns the account alone: that it denies access is no reason to leave others out.
func (g *regionRun) failMember(ctx context.Context, p *pair, doing string, err error) {
	if isCode(err, "AccessDeniedException") || isCode(err, "AccessDenied") {
		g.end(p, Failed, "invited, but not accepted: "+doing+": "+reasonOf(err))
		return
	}
	g.fail(ctx, p, "invited, but not accepted: "+doing, err)
}

var errNoInvitation = errors.New("there is none from this administrator")

// findInvitation waits until the account sees the invitation. Macie takes its time after it was enabled.
func (g *regionRun) findInvitation(ctx context.Context, as func(*macie2.Options)) (*types.Invitation, error) {
	deadline := time.Now().Add(min(g.run.Spec.Options.Wait, time.Minute))
	for attempt := 0; ; attempt++ {
		invitation, err := g.listInvitations(ctx, as)
		if invitation != nil || err != nil && !isOff(err) {
			return invitation, err
		}
		if time.Now().After(deadline) {
			if err == nil {
				err = errNoInvitation
			}
			return nil, err
		}
		if err := pace.Backoff(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// listInvitations looks for the administrator's invitation; nil is none.
func (g *regionRun) listInvitations(ctx context.Context, as func(*macie2.Options)) (*types.Invitation, error) {
	in := &macie2.ListInvitationsInput{MaxResults: aws.Int32(25)}
	var pages operation.Pages
	for {
		var out *macie2.ListInvitationsOutput
		err := g.call(ctx, "ListInvitations", func(ctx context.Context, c *macie2.Client) (err error) {
			out, err = c.ListInvitations(ctx, in, as)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range out.Invitations {
			if aws.ToString(out.Invitations[i].AccountId) == g.run.Spec.Administrator {
				return &out.Invitations[i], nil
			}
		}
		if more, err := pages.Next(aws.ToString(out.NextToken), len(out.Invitations)); !more {
			return nil, err
		}
		in.NextToken = out.NextToken
	}
}
