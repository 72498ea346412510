package membership

import (
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// TestQuotaOfItsOwn: an account's own quota counts wherever the server's would, above it and below it, until it is taken back.
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
		if list, err := Quotas(ctx, d.db); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		if SetQuota(ctx, d.db, Quota{Account: alice, Members: macie2.Ptr(int64(-1))}) == nil {
			t.Error("less than nothing is a quota")
		}
	})
}
