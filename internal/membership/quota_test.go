package membership

import (
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestQuotaOfItsOwn: an account's own quota counts wherever the server's would, above it and below
// it, until it is taken back.
func TestQuotaOfItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 1)
		ctx := t.Context()
		set := func(id macie2.AccountID, members int64) {
			t.Helper()
			if err := SetQuota(ctx, d.db, Quota{Account: id, Members: &members, UpdatedAt: d.clock.now()}); err != nil {
				t.Fatal(err)
			}
		}
		full := quota(specTooManyMembers)
		d.must(d.enable(alice, bob, dave))
		set(alice, 3)
		d.must(d.add(alice, bob), d.add(alice, carol), d.add(alice, dave))
		answers(t, "beyond its own quota", d.add(alice, erin), full)
		answers(t, "another account, beyond the server's", d.add(dave, alice), "ok")
		answers(t, "another account, beyond the server's", d.add(dave, carol), full)

		states[stResigned].reach(&deployment{t: t, db: d.db, node: d.node, clock: d.clock, relay: d.relay, region: "us-test-1"})
		set(alice, 2) // three are there already, and stay
		answers(t, "with more than its quota has room for", d.add(alice, erin), full)
		d.must(d.disassociate(alice, bob))
		answers(t, "coming back to a full house", d.invite(alice, bob), full)
		set(alice, 3)
		answers(t, "coming back to a house with room", d.invite(alice, bob), "ok")

		d.region = "us-test-1" // where bob resigned
		set(alice, 0)
		answers(t, "accepting again where nothing is allowed", d.accept(bob, alice), quota(oursInviterTooManyMembers))
		if had, err := UnsetQuota(ctx, d.db, alice); !had || err != nil {
			t.Error(had, err)
		}
		answers(t, "accepting again with the server's quota", d.accept(bob, alice), "ok")
		if had, err := UnsetQuota(ctx, d.db, alice); had || err != nil {
			t.Error(had, err)
		}
		if list, err := Quotas(ctx, d.db); err != nil || len(list) != 1 || list[0].Account != "" { // that of every account
			t.Error(list, err)
		}
		if SetQuota(ctx, d.db, Quota{Account: alice, Members: macie2.Ptr(int64(-1))}) == nil {
			t.Error("less than nothing is a quota")
		}
	})
}

// TestQuotaOfEveryAccount: what holds for accounts without a quota of their own is in the database,
// so that all nodes decide alike.
func TestQuotaOfEveryAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		d := deploy(t, open(), 0)
		other := &deployment{t: t, db: d.db, node: d.another(open()), clock: d.clock, relay: d.relay, region: d.region}
		set := func(id macie2.AccountID, members int64) {
			t.Helper()
			if err := SetQuota(t.Context(), d.db, Quota{Account: id, Members: &members, UpdatedAt: d.clock.now()}); err != nil {
				t.Fatal(err)
			}
		}
		d.must(d.enable(alice, bob))
		set("", 1)
		d.must(d.add(alice, carol))
		answers(t, "beyond the quota", d.add(alice, dave), quota(specTooManyMembers))
		answers(t, "beyond the quota, on another node", other.add(alice, dave), quota(specTooManyMembers))
		set("", 2)
		answers(t, "within the quota, on another node", other.add(alice, dave), "ok")
		set(bob, 0)
		answers(t, "an account with its own", other.add(bob, dave), quota(specTooManyMembers))
		list, err := Quotas(t.Context(), d.db)
		if err != nil || len(list) != 2 || list[0].Account != "" || *list[0].Members != 2 || list[1].Account != bob {
			t.Errorf("%+v, %v", list, err)
		}
		if had, err := UnsetQuota(t.Context(), d.db, ""); !had || err != nil {
			t.Error(had, err)
		}
		answers(t, "with Macie's quota", d.add(alice, erin), "ok")
	})
}
