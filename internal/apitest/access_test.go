package apitest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"magpie/internal/identity"
	contract "magpie/internal/macie2"
	"magpie/internal/server"
)

// call is any call that needs no session, and what came of it.
func call(t *testing.T, url string, c aws.Credentials) error {
	t.Helper()
	_, err := client(url, c, region).EnableMacie(t.Context(), &macie2.EnableMacieInput{ClientToken: aws.String("the same each time")})
	return err
}

// A key that was revoked on one node, or beside all of them, is refused from the next call on, on every node.
func TestRevokedKeys(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		nodes := []*server.Server{h.node(), h.node()}
		settle(t, nodes[0].Identity(), adminID)
		beside := h.identity(h.open())
		for what, revoke := range map[string]func(id string) error{
			"on the first node": func(id string) error {
				_, err := nodes[0].Identity().RevokeKey(t.Context(), id, time.Now())
				return err
			},
			"beside the nodes": func(id string) error { _, err := beside.RevokeKey(t.Context(), id, time.Now()); return err },
		} {
			key := newKey(t, nodes[1].Identity(), adminID)
			for _, n := range nodes {
				must(t)(nil, call(t, n.URL(), key))
			}
			if err := revoke(key.AccessKeyID); err != nil {
				t.Fatal(err)
			}
			for _, n := range nodes {
				if err := call(t, n.URL(), key); err == nil {
					t.Errorf("revoked %s, the key is good", what)
				} else {
					wantCode(t, err, "UnrecognizedClientException")
				}
			}
		}
		wrong := newKey(t, beside, adminID)
		wrong.SecretAccessKey += "x"
		wantCode(t, call(t, nodes[0].URL(), wrong), "InvalidSignatureException")
		wantCode(t, call(t, nodes[0].URL(), aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "x"}), "UnrecognizedClientException")
	})
}

// An account that is suspended can do nothing, its administrator sees that, and all is as it was when it is resumed.
func TestSuspendedAccount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin, c.member)
		c.add(c.admin, memberID)
		c.invite(c.admin, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)
		c.accept(c.member, c.received(c.member))

		if _, err := c.ids.SuspendAccount(ctx, memberID, time.Now()); err != nil {
			t.Fatal(err)
		}
		_, err := c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "OptInRequired")
		if got := c.memberOf(c.admin, memberID).RelationshipStatus; got != types.RelationshipStatusAccountSuspended {
			t.Errorf("the suspended member is %s", got)
		}
		c.add(c.admin, secondID)
		if _, err := c.ids.SuspendAccount(ctx, secondID, time.Now()); err != nil {
			t.Fatal(err)
		}
		out, err := c.admin.CreateInvitations(ctx, &macie2.CreateInvitationsInput{AccountIds: []string{secondID}})
		if err != nil {
			t.Fatal(err)
		}
		wantUnprocessed(t, out.UnprocessedAccounts, types.ErrorCodeClientError, map[string]string{
			secondID: "The request is rejected because the given member account ID belongs to an account that is suspended or closed."})

		for _, id := range []contract.AccountID{memberID, secondID} {
			if _, err := c.ids.ResumeAccount(ctx, id, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		must(t)(c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}))
		if got := c.memberOf(c.admin, memberID).RelationshipStatus; got != types.RelationshipStatusEnabled {
			t.Errorf("the resumed member is %s", got)
		}
		c.invite(c.admin, secondID)

		if _, err := c.ids.CloseAccount(ctx, memberID, time.Now()); err != nil {
			t.Fatal(err)
		}
		_, err = c.member.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		wantCode(t, err, "UnrecognizedClientException")
	})
}

// A session of an assumed role is its account, until it ends or its role goes; nobody else's token does.
func TestAssumedRoles(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		_, err := c.ids.CreateRole(ctx, identity.Role{Account: adminID, Name: "Security", Trust: identity.TrustAccount(memberID)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		assume := func(as string) (aws.Credentials, error) {
			k := c.keys[as]
			out, err := sts.New(sts.Options{BaseEndpoint: &c.url, Region: region, Retryer: aws.NopRetryer{},
				Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, "")}).
				AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + adminID + ":role/Security"), RoleSessionName: aws.String("inviter")})
			if err != nil {
				return aws.Credentials{}, err
			}
			return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
				SessionToken: *out.Credentials.SessionToken}, nil
		}
		_, err = assume(rivalID)
		wantCode(t, err, "AccessDenied")

		session, err := assume(memberID)
		if err != nil {
			t.Fatal(err)
		}
		asRole := client(c.url, session, region)
		c.add(asRole, memberID)
		c.invite(asRole, memberID)
		c.await(c.admin, memberID, types.RelationshipStatusInvited)

		other, err := assume(memberID)
		if err != nil {
			t.Fatal(err)
		}
		mixed := session
		mixed.SessionToken = other.SessionToken
		wantCode(t, call(t, c.url, mixed), "UnrecognizedClientException")
		mixed.SessionToken = ""
		wantCode(t, call(t, c.url, mixed), "UnrecognizedClientException")
		mixed.SessionToken, mixed.SecretAccessKey = session.SessionToken, other.SecretAccessKey
		wantCode(t, call(t, c.url, mixed), "InvalidSignatureException")

		// A session that was given an hour ago for a quarter of an hour.
		long := &contract.Call{Account: memberID, Region: region, Now: time.Now().Add(-time.Hour),
			Principal: contract.Principal{ARN: "arn:aws:iam::" + memberID + ":user/admin", Account: memberID, Policies: []string{identity.AdministratorAccess}}}
		old, err := c.ids.AssumeRole(ctx, long, &identity.AssumeRoleInput{RoleARN: aws.String("arn:aws:iam::" + adminID + ":role/Security"),
			RoleSessionName: aws.String("inviter"), DurationSeconds: aws.String("900")})
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, call(t, c.url, aws.Credentials{AccessKeyID: old.AccessKeyID, SecretAccessKey: old.SecretAccessKey.Reveal(),
			SessionToken: old.SessionToken.Reveal()}), "ExpiredTokenException")

		if err := c.ids.DeleteRole(ctx, adminID, "Security"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, call(t, c.url, session), "UnrecognizedClientException")
	})
}

// With --dev an access key id of 12 digits is that account, keys that were issued are whose they are, any other is one account;
// every account exists, with any address.
func TestDev(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.config.Dev = true
		if want := filepath.Join(h.config.Data, "mail"); h.config.MailDir != want {
			t.Fatalf("the tests read mail in %s, not in %s", h.config.MailDir, want)
		}
		node := h.config
		node.MailDir = "" // in dev mode it is there by itself
		c := h.playWith(node)
		anybody := func(id string) *macie2.Client {
			return client(c.url, aws.Credentials{AccessKeyID: id, SecretAccessKey: "no matter"}, region)
		}
		admin, member := anybody("555566667777"), anybody("666677778888")
		c.enable(admin, member, anybody("AKIAIOSFODNN7EXAMPLE"))
		session, err := anybody("000000000000").GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
		if err != nil || session.Status != types.MacieStatusEnabled {
			t.Errorf("a key that says nothing is not account 000000000000: %+v, %v", session, err)
		}
		must(t)(admin.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: aws.String("666677778888"), Email: aws.String("any@example.com")}}))
		c.invite(admin, "666677778888")
		c.await(admin, "666677778888", types.RelationshipStatusInvited)
		invitation := c.received(member)
		h.readMail(*invitation.InvitationId) // an invitation that was answered needs none
		c.accept(member, invitation)

		// An account that was created has its own address, and its key stays its own, with any secret.
		must(t)(admin.CreateMember(ctx, &macie2.CreateMemberInput{Account: &types.AccountDetail{AccountId: aws.String(memberID), Email: aws.String("any@example.com")}}))
		c.invite(admin, memberID)
		c.await(admin, memberID, types.RelationshipStatusEmailVerificationFailed)
		key := c.keys[adminID]
		key.SecretAccessKey = "no matter"
		c.enable(client(c.url, key, region))
		must(t)(c.admin.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}))

		if _, err := c.ids.RevokeKey(ctx, key.AccessKeyID, time.Now()); err != nil {
			t.Fatal(err)
		}
		wantCode(t, call(t, c.url, key), "UnrecognizedClientException")
	})
}
