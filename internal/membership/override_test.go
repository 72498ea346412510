package membership

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/macie2"
)

// TestOverrides: an account that is suspended, a Region that is disabled for it, and both, in every
// order.
func TestOverrides(t *testing.T) {
	const disabled = string(macie2.RelationshipStatusRegionDisabled)
	suspend := func(d *deployment) { d.suspend(bob) }
	resume := func(d *deployment) { d.resume(bob) }
	off := func(d *deployment) { d.disableRegion(bob, d.region, true) }
	on := func(d *deployment) { d.disableRegion(bob, d.region, false) }
	each(t, func(t *testing.T, d *deployment) {
		d.organize(carol, alice, bob)
		reach := map[string]func(){
			"through the organization": func() { d.must(d.delegate(carol, alice), d.add(alice, bob)) },
			"by invitation":            func() { d.members(alice, bob) },
			"removed":                  func() { d.must(d.delegate(carol, alice), d.add(alice, bob), d.disassociate(alice, bob)) },
			"invited":                  func() { d.invited(alice, bob) },
		}
		n := 0
		for what, reach := range reach {
			for _, c := range []struct {
				steps []func(*deployment)
				want  []string
			}{
				{[]func(*deployment){off, on}, []string{disabled, ""}},
				{[]func(*deployment){off, suspend, resume, on}, []string{disabled, stSuspended, disabled, ""}},
				{[]func(*deployment){off, suspend, on, resume}, []string{disabled, stSuspended, stSuspended, ""}},
				{[]func(*deployment){suspend, off, resume, on}, []string{stSuspended, stSuspended, disabled, ""}},
				{[]func(*deployment){suspend, off, on, resume}, []string{stSuspended, stSuspended, stSuspended, ""}},
			} {
				d.region = fmt.Sprintf("us-test-%d", n)
				n++
				d.must(d.enable(alice, bob, carol))
				reach()
				was := d.status(alice, bob)
				for i, step := range c.steps {
					step(d)
					want := c.want[i]
					if want == "" {
						want = was
					}
					answers(t, fmt.Sprintf("%s, step %d", what, i), d.status(alice, bob), want)
					if want != was {
						answers(t, "it is no member meanwhile", d.listed("true"), "")
						answers(t, "pausing it", d.memberSession(alice, bob, macie2.MacieStatusPaused), invalid(specNotAMember))
					}
				}
				holds(t, d, DefaultQuotaMembers)
			}
		}
	})
}

// TestOverrideHistory: each override that comes and goes is told, also where it does not change
// what the record reads in the end.
func TestOverrideHistory(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		before := len(d.events(alice))
		d.suspend(bob)
		d.disableRegion(bob, virginia, true) // which a suspended account does not show
		d.resume(bob)
		d.suspend(bob)
		d.resume(bob)
		d.disableRegion(bob, virginia, false)
		var got []string
		for _, e := range d.events(alice)[before:] {
			got = append(got, string(e.Event)+":"+e.ToStatus)
		}
		want := "AccountSuspended:AccountSuspended AccountResumed:RegionDisabled AccountSuspended:AccountSuspended AccountResumed:RegionDisabled RegionEnabled:Enabled"
		if strings.Join(got, " ") != want {
			t.Errorf("the history is %s, want %s", strings.Join(got, " "), want)
		}
	})
}

// TestRegionDisabledWhileInvited: CreateInvitations says that the Region is disabled, and so does
// the record; a verification waits.
func TestRegionDisabledWhileInvited(t *testing.T) {
	const disabled = string(macie2.RelationshipStatusRegionDisabled)
	each(t, func(t *testing.T, d *deployment) {
		d.must(d.enable(alice, bob, carol), d.add(alice, bob), d.add(alice, carol))
		d.disableRegion(bob, virginia, true)
		answers(t, "its record", d.status(alice, bob), disabled)
		answers(t, "inviting it", d.invite(alice, bob), refused(bob, textRegionDisabled))
		d.disableRegion(bob, virginia, false)
		answers(t, "inviting it, then", d.invite(alice, bob), "ok")
		d.disableRegion(bob, virginia, true)
		d.work()
		answers(t, "in verification", d.status(alice, bob), disabled)
		d.disableRegion(bob, virginia, false)
		d.work()
		d.sees(alice, bob, stInvited, stInvited)

		// Behind the back of the membership.
		d.sql("update account set disabled_regions = 'us-east-1' where id = $1", string(carol))
		answers(t, "inviting it", d.invite(alice, carol), refused(carol, textRegionDisabled))
		answers(t, "its record", d.status(alice, carol), disabled)
		d.sql("update account set disabled_regions = '' where id = $1", string(carol))
		answers(t, "inviting it, then", d.invite(alice, carol), "ok")
	})
}

// TestAdministratorWithoutRegion: disabling the Region for an administrator does not affect its
// members.
func TestAdministratorWithoutRegion(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		d.members(alice, bob)
		d.disableRegion(alice, virginia, true)
		d.sees(alice, bob, stEnabled, stEnabled)
		d.disableRegion(alice, virginia, false)
		d.sees(alice, bob, stEnabled, stEnabled)
	})
}
