package identity

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

func TestRegionSet(t *testing.T) {
	var s RegionSet
	for _, region := range []string{"us-east-1", "af-south-1", "eu-west-1", "us-east-1"} {
		s = s.with(region, true)
	}
	if s != "af-south-1 eu-west-1 us-east-1" || !s.Has("eu-west-1") || s.Has("eu-west") || s.Has("") || RegionSet("").Has("") {
		t.Errorf("%q", s)
	}
	if s = s.with("eu-west-1", false).with("eu-west-2", false); s != "af-south-1 us-east-1" {
		t.Errorf("%q", s)
	}
}

// A Region is disabled for an account, and everybody who asks about the account's keys and sessions
// is told so from then on.
func TestDisabledRegions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		s := open(t, openDB(), Options{})
		key, _, err := s.CreateKey(ctx, alpha, "admin", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		must[Role](t)(s.CreateRole(ctx, Role{Account: alpha, Name: "Operator", Trust: TrustAccount(alpha)}, now))
		caller := must[*Credentials](t)(s.Resolve(ctx, key.ID, "", now))
		arn, name := "arn:aws:iam::111122223333:role/Operator", "session"
		session := must[*AssumeRoleOutput](t)(s.AssumeRole(ctx, &macie2.Call{Account: alpha, Principal: caller.Principal, Now: now}, &AssumeRoleInput{RoleARN: &arn, RoleSessionName: &name}))

		later := now.Add(time.Hour)
		set := func(region string, enabled bool) Account {
			t.Helper()
			return must[Account](t)(s.SetRegion(ctx, alpha, region, enabled, later))
		}
		want := func(set RegionSet) {
			t.Helper()
			for what, c := range map[string]*Credentials{
				"key":     must[*Credentials](t)(s.Resolve(ctx, key.ID, "", now)),
				"session": must[*Credentials](t)(s.Resolve(ctx, session.AccessKeyID, session.SessionToken.Reveal(), now)),
			} {
				if c.DisabledRegions != set || c.Suspended {
					t.Errorf("the %s has the disabled Regions %q, want %q", what, c.DisabledRegions, set)
				}
			}
			if a := must[Account](t)(s.Account(ctx, alpha)); a.DisabledRegions != set {
				t.Errorf("the account has the disabled Regions %q, want %q", a.DisabledRegions, set)
			}
		}
		want("")
		if a := set("eu-west-1", true); !a.UpdatedAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("what is enabled was enabled at %v", a.UpdatedAt)
		}
		if a := set("us-east-1", false); a.DisabledRegions != "us-east-1" || !a.UpdatedAt.Equal(later.Truncate(time.Millisecond)) {
			t.Errorf("%+v", a)
		}
		set("af-south-1", false)
		want("af-south-1 us-east-1")
		set("us-east-1", true)
		want("af-south-1")
		if a := must[Account](t)(s.Account(ctx, beta)); a.DisabledRegions != "" {
			t.Errorf("another account has the disabled Regions %q", a.DisabledRegions)
		}

		for _, region := range []string{"", "us", "us east-1", "US-EAST-1", "us-east-1\n", "us-east-1 eu-west-1", "us-east-1-and-what-else-there-is-to-say"} {
			if _, err := s.SetRegion(ctx, alpha, region, false, now); !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", region, err)
			}
		}
		_, err = s.SetRegion(ctx, "999999999999", "eu-west-1", false, now)
		wantError(t, err, ErrNoAccount, "999999999999")
		for i := range maxDisabledRegions - 1 {
			set(fmt.Sprintf("xx-test-%d", i), false)
		}
		_, err = s.SetRegion(ctx, alpha, "eu-west-1", false, now)
		wantError(t, err, ErrInvalid, alpha)
		must[Account](t)(s.CloseAccount(ctx, alpha, now))
		_, err = s.SetRegion(ctx, alpha, "af-south-1", true, now)
		wantError(t, err, ErrClosed, alpha)
	})
}

// Regions of one account that are disabled on two nodes at once are all disabled.
func TestRegionsFromTwoNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		one := NewDirectory(openDB(), Options{})
		must[Account](t)(one.CreateAccount(ctx, alpha, "a@example.com", "", now))
		var work sync.WaitGroup
		for node, d := range []*Directory{one, NewDirectory(openDB(), Options{})} {
			for i := range 4 {
				work.Go(func() {
					if _, err := d.SetRegion(ctx, alpha, fmt.Sprintf("xx-node%d-%d", node, i), false, now); err != nil {
						t.Error(err)
					}
				})
			}
		}
		work.Wait()
		if a := must[Account](t)(one.Account(ctx, alpha)); a.DisabledRegions != "xx-node0-0 xx-node0-1 xx-node0-2 xx-node0-3 xx-node1-0 xx-node1-1 xx-node1-2 xx-node1-3" {
			t.Errorf("%q", a.DisabledRegions)
		}
	})
}
