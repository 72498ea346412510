package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

const (
	boss     = macie2.AccountID("100000000000") // manages an organization
	rival    = macie2.AccountID("200000000000") // manages another
	security = macie2.AccountID("300000000000")
	data     = macie2.AccountID("400000000000")

	macie  = ServicePrincipal("macie.amazonaws.com")
	config = ServicePrincipal("config.amazonaws.com")
)

var byBoss = macie2.Principal{ARN: "arn:aws:iam::100000000000:user/admin", Account: boss}

// organized returns a directory with the accounts above, of which boss and rival manage an
// organization.
func organized(t *testing.T, db *store.DB, h Hooks) *Directory {
	t.Helper()
	d := NewDirectory(db, Options{Hooks: h})
	for _, id := range []macie2.AccountID{boss, rival, security, data} {
		must[Account](t)(d.CreateAccount(t.Context(), id, string(id)+"@example.com", "", now))
	}
	for _, id := range []macie2.AccountID{boss, rival} {
		must[Organization](t)(d.CreateOrganization(t.Context(), id, now))
	}
	return d
}

func members(t *testing.T, d *Directory, management macie2.AccountID) (ids []macie2.AccountID) {
	t.Helper()
	o := must[Organization](t)(d.Organization(t.Context(), management))
	for _, a := range must[[]OrganizationAccount](t)(d.OrganizationAccounts(t.Context(), o.ID, "", 10_000)) {
		ids = append(ids, a.ID)
	}
	return ids
}

// wantError asserts that err is one of the sentinels, and names the account that it is about.
func wantError(t *testing.T, err, want error, about macie2.AccountID) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), string(about)) {
		t.Errorf("got %v; want %v about %s", err, want, about)
	}
}

func TestOrganizations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		d := organized(t, openDB(), Hooks{})
		o := must[Organization](t)(d.Organization(ctx, boss))
		if o.Management != boss || !o.CreatedAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("%+v", o)
		}
		_, err := d.CreateOrganization(ctx, boss, now)
		wantError(t, err, ErrOrganizationExists, boss)
		_, err = d.CreateOrganization(ctx, "500000000000", now)
		wantError(t, err, ErrNoAccount, "500000000000")
		_, err = d.Organization(ctx, data)
		wantError(t, err, ErrNoOrganization, data)
		_, err = d.Standing(ctx, data)
		wantError(t, err, ErrNoOrganization, data)

		later := now.Add(time.Hour)
		for _, want := range []int{2, 0} { // and again, which does no harm
			if added, err := d.AddToOrganization(ctx, boss, []macie2.AccountID{data, security, data, boss}, later); err != nil || added != want {
				t.Errorf("%d added, %v", added, err)
			}
		}
		if got := members(t, d, boss); !slices.Equal(got, []macie2.AccountID{boss, security, data}) {
			t.Errorf("in it: %v", got)
		}
		if list := must[[]SizedOrganization](t)(d.AllOrganizations(ctx)); len(list) != 2 || list[0] != (SizedOrganization{o, 3}) || list[1].Management != rival || list[1].Accounts != 1 {
			t.Errorf("%+v", list)
		}
		a := must[OrganizationAccount](t)(d.OrganizationAccount(ctx, o.ID, data))
		if a.Email != "400000000000@example.com" || !a.JoinedAt.Equal(later.Truncate(time.Millisecond)) || !a.CreatedAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("%+v", a)
		}
		_, err = d.OrganizationAccount(ctx, o.ID, rival)
		wantError(t, err, ErrNotInOrganization, rival)
		second := must[[]OrganizationAccount](t)(d.OrganizationAccounts(ctx, o.ID, boss, 1))
		if len(second) != 1 || second[0].ID != security {
			t.Errorf("behind the first: %+v", second)
		}

		must[Account](t)(d.CreateAccount(ctx, "500000000000", "closed@example.com", "", now))
		must[Account](t)(d.CloseAccount(ctx, "500000000000", now))
		for _, x := range []struct {
			management, account macie2.AccountID
			want                error
			about               macie2.AccountID
		}{
			{data, rival, ErrNotManagement, data},
			{"600000000000", data, ErrNotManagement, "600000000000"},
			{rival, data, ErrOrganizationExists, data},
			{rival, boss, ErrOrganizationExists, boss},
			{boss, "500000000000", ErrClosed, "500000000000"},
			{boss, "600000000000", ErrNoAccount, "600000000000"},
		} {
			_, err := d.AddToOrganization(ctx, x.management, []macie2.AccountID{x.account}, now)
			wantError(t, err, x.want, x.about)
		}
		_, err = d.CreateOrganization(ctx, "500000000000", now)
		wantError(t, err, ErrClosed, "500000000000")

		remove := func(management macie2.AccountID, ids ...macie2.AccountID) error {
			_, err := d.RemoveFromOrganization(ctx, management, ids)
			return err
		}
		wantError(t, remove(boss, boss), ErrManagement, boss)
		wantError(t, remove(boss, rival, rival), ErrNotInOrganization, rival)
		wantError(t, remove(data, boss), ErrNotManagement, data)
		wantError(t, d.DeleteOrganization(ctx, boss), ErrOrganizationNotEmpty, boss)
		_, err = d.CloseAccount(ctx, boss, now) // who could act for the organization then?
		wantError(t, err, ErrManagement, boss)
		if got := members(t, d, boss); len(got) != 3 {
			t.Errorf("what was refused has left %v", got)
		}
		if err := remove(boss, data, security, data); err != nil {
			t.Error(err)
		}
		wantError(t, d.DeleteOrganization(ctx, data), ErrNotManagement, data)
		if err := errors.Join(d.EnableServiceAccess(ctx, boss, macie, now), d.DeleteOrganization(ctx, boss)); err != nil {
			t.Error(err)
		}
		wantError(t, d.DeleteOrganization(ctx, boss), ErrNotManagement, boss)
		if added, err := d.AddToOrganization(ctx, rival, []macie2.AccountID{boss, data}, now); err != nil || added != 2 {
			t.Errorf("%d of those that have left join another: %v", added, err)
		}
	})
}

// Thousands join and leave at once.
func TestManyJoin(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		db := openDB()
		told := 0
		d := organized(t, db, Hooks{OnOrganizationJoin: func(_ context.Context, tx *store.Tx, _ OrganizationID, ids []macie2.AccountID) error {
			tx.OnCommit(func() { told += len(ids) })
			return nil
		}})
		ids := make([]macie2.AccountID, 2*joinBatch+1)
		rows := make([][]any, len(ids))
		for i := range ids {
			ids[i] = macie2.AccountID(fmt.Sprintf("7%011d", i))
			rows[i] = []any{string(ids[i]), "a@example.com", "", string(AccountActive), "", 0, 0}
		}
		err := db.Tx(ctx, "", func(tx *store.Tx) error {
			_, err := tx.InsertMany(ctx, `insert into account (`+accountColumns+`)`, rows, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if added, err := d.AddToOrganization(ctx, boss, ids, now); err != nil || added != len(ids) || told != len(ids) {
			t.Fatalf("%d added, %d told: %v", added, told, err)
		}
		if got := members(t, d, boss); len(got) != len(ids)+1 {
			t.Errorf("%d are in it", len(got))
		}
		// A list that was removed in part can be given again.
		if removed, err := d.RemoveFromOrganization(ctx, boss, ids[:1]); err != nil || removed != 1 {
			t.Fatalf("%d removed: %v", removed, err)
		}
		if removed, err := d.RemoveFromOrganization(ctx, boss, ids); err != nil || removed != len(ids)-1 {
			t.Fatalf("%d removed: %v", removed, err)
		}
		if got := members(t, d, boss); !slices.Equal(got, []macie2.AccountID{boss}) {
			t.Errorf("%d are left", len(got))
		}
	})
}

func TestDelegates(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		db := openDB()
		d := organized(t, db, Hooks{})
		o := must[Organization](t)(d.Organization(ctx, boss))
		must[int](t)(d.AddToOrganization(ctx, boss, []macie2.AccountID{security, data}, now))
		later := now.Add(time.Hour)
		register := func(id macie2.AccountID, service ServicePrincipal) error {
			return d.RegisterDelegate(ctx, boss, id, service, later)
		}
		wantError(t, register(security, macie), ErrNoServiceAccess, security)
		for range 2 {
			if err := d.EnableServiceAccess(ctx, boss, macie, now); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, d.EnableServiceAccess(ctx, security, macie, now), ErrNotManagement, security)
		wantError(t, register(boss, macie), ErrManagement, boss)
		wantError(t, register(rival, macie), ErrNotInOrganization, rival)
		must[Account](t)(d.SuspendAccount(ctx, security, now))
		wantError(t, register(security, macie), ErrSuspended, security)
		must[Account](t)(d.ResumeAccount(ctx, security, now))
		if s := must[Standing](t)(d.Standing(ctx, security)); s.Delegated || s.Managing() || s.ID != o.ID || s.Management != boss {
			t.Errorf("before, it is %+v", s)
		}
		if err := register(security, macie); err != nil {
			t.Fatal(err)
		}
		wantError(t, register(security, macie), ErrDelegateExists, security)
		if s := must[Standing](t)(d.Standing(ctx, security)); !s.Delegated || s.Managing() {
			t.Errorf("registered, it is %+v", s)
		}
		if s := must[Standing](t)(d.Standing(ctx, boss)); s.Delegated || !s.Managing() {
			t.Errorf("the management account is %+v", s)
		}
		_, err := d.RemoveFromOrganization(ctx, boss, []macie2.AccountID{data, security})
		wantError(t, err, ErrDelegate, security)

		if err := errors.Join(d.EnableServiceAccess(ctx, boss, config, now), register(data, config), d.RegisterDelegate(ctx, boss, security, config, now)); err != nil {
			t.Fatal(err)
		}
		var accounts []string
		for _, a := range must[[]DelegatedAccount](t)(d.DelegatedAccounts(ctx, o.ID, "", "", 10)) {
			accounts = append(accounts, fmt.Sprint(a.ID, " ", a.DelegatedAt.Sub(now.Truncate(time.Millisecond))))
		}
		if want := []string{"300000000000 0s", "400000000000 1h0m0s"}; !slices.Equal(accounts, want) {
			t.Errorf("delegates: %v", accounts)
		}
		for _, x := range []struct {
			service ServicePrincipal
			after   macie2.AccountID
			limit   int
			want    macie2.AccountID
		}{{macie, "", 10, security}, {config, "", 1, security}, {config, security, 10, data}} {
			if got := must[[]DelegatedAccount](t)(d.DelegatedAccounts(ctx, o.ID, x.service, x.after, x.limit)); len(got) != 1 || got[0].ID != x.want {
				t.Errorf("of %s behind %q: %+v", x.service, x.after, got)
			}
		}
		if got := must[[]Delegate](t)(d.DelegationsOf(ctx, o.ID, security)); len(got) != 2 || got[0].Service != config || got[1].Service != macie || got[1].Account != security {
			t.Errorf("%+v", got)
		}
		_, err = d.DelegationsOf(ctx, o.ID, boss)
		wantError(t, err, ErrNoDelegate, boss)
		_, err = d.DelegationsOf(ctx, o.ID, rival)
		wantError(t, err, ErrNotInOrganization, rival)
		if list := must[[]Delegate](t)(d.DelegatesOf(ctx, o.ID, config)); len(list) != 2 {
			t.Errorf("%+v", list)
		}

		wantError(t, d.DeregisterDelegate(ctx, boss, data, macie, byBoss), ErrNoDelegate, data)
		wantError(t, d.DeregisterDelegate(ctx, boss, rival, macie, byBoss), ErrNotInOrganization, rival)
		if err := d.DeregisterDelegate(ctx, boss, data, config, byBoss); err != nil {
			t.Error(err)
		}
		// The end of the trust ends the delegations that stand on it, and no others.
		for range 2 {
			if err := d.DisableServiceAccess(ctx, boss, macie, byBoss); err != nil {
				t.Fatal(err)
			}
		}
		if list := must[[]Delegate](t)(d.DelegatesOf(ctx, o.ID, "")); len(list) != 1 || list[0].Service != config {
			t.Errorf("%+v", list)
		}
		if list := must[[]ServiceAccess](t)(d.ServiceAccesses(ctx, o.ID)); len(list) != 1 || list[0].Service != config || !list[0].EnabledAt.Equal(now.Truncate(time.Millisecond)) {
			t.Errorf("%+v", list)
		}

		// Within a transaction of somebody else's, registering is no question of who asks.
		err = db.Tx(ctx, "", func(tx *store.Tx) error {
			for range 2 {
				if err := errors.Join(d.TrustService(ctx, tx, o.ID, macie, now), d.Delegate(ctx, tx, o.ID, data, macie, now)); err != nil {
					return err
				}
			}
			trusted, err := trustsService(ctx, tx, o.ID, macie)
			if !trusted {
				t.Error("it is not trusted")
			}
			in, inErr := d.InOrganization(ctx, tx, o.ID, []macie2.AccountID{data, rival})
			if !in[data] || in[rival] {
				t.Errorf("%v are in it", in)
			}
			return errors.Join(err, inErr)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, register(data, macie), ErrDelegateExists, data)
	})
}

// The hooks run in the transaction of the change: with them it is made, or not at all.
func TestOrganizationHooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		var told []string
		var broken error
		tell := func(tx *store.Tx, what ...any) error {
			if broken != nil {
				return broken
			}
			tx.OnCommit(func() { told = append(told, fmt.Sprint(what...)) })
			return nil
		}
		var d *Directory
		d = organized(t, openDB(), Hooks{
			OnOrganizationJoin: func(ctx context.Context, tx *store.Tx, o OrganizationID, ids []macie2.AccountID) error {
				in, err := d.InOrganization(ctx, tx, o, ids)
				if err != nil {
					return err
				}
				return tell(tx, "join ", ids, " in ", len(in))
			},
			OnOrganizationLeave: func(ctx context.Context, tx *store.Tx, o OrganizationID, ids []macie2.AccountID) error {
				in, err := d.InOrganization(ctx, tx, o, ids)
				if err != nil {
					return err
				}
				return tell(tx, "leave ", ids, " in ", len(in))
			},
			OnDelegateDeregistered: func(ctx context.Context, tx *store.Tx, o OrganizationID, id macie2.AccountID, service ServicePrincipal, by macie2.Principal) error {
				list, err := d.Delegates(ctx, tx, o, service)
				if err != nil {
					return err
				}
				return tell(tx, "deregistered ", id, " of ", service, " left ", len(list), " by ", by.Account)
			},
			OnAccountRegion: func(_ context.Context, tx *store.Tx, a Account, region string) error {
				return tell(tx, "region ", a.ID, " ", region, " of ", a.DisabledRegions)
			},
		})
		o := must[Organization](t)(d.Organization(ctx, boss))
		register := func() error {
			return errors.Join(d.EnableServiceAccess(ctx, boss, macie, now), d.RegisterDelegate(ctx, boss, data, macie, now))
		}
		steps := []struct {
			before, do func() error
			want       string
		}{
			{nil, func() error {
				_, err := d.AddToOrganization(ctx, boss, []macie2.AccountID{data, security}, now)
				return err
			}, "join [400000000000 300000000000] in 2"},
			{register, func() error { return d.DeregisterDelegate(ctx, boss, data, macie, byBoss) }, "deregistered 400000000000 of macie.amazonaws.com left 0 by 100000000000"},
			{register, func() error { return d.DisableServiceAccess(ctx, boss, macie, byBoss) },
				"deregistered 400000000000 of macie.amazonaws.com left 0 by 100000000000; deregistered 100000000000 of macie.amazonaws.com left 0 by 100000000000"},
			{nil, func() error { _, err := d.SetRegion(ctx, data, "eu-west-1", false, now); return err }, "region 400000000000 eu-west-1 of eu-west-1"},
			{nil, func() error { _, err := d.SetRegion(ctx, data, "eu-west-1", true, now); return err }, "region 400000000000 eu-west-1 of "},
			{nil, func() error {
				_, err := d.RemoveFromOrganization(ctx, boss, []macie2.AccountID{data, security})
				return err
			}, "leave [400000000000 300000000000] in 2"},
			{nil, func() error { return d.DeleteOrganization(ctx, boss) }, "leave [100000000000] in 1"},
		}
		for _, step := range steps {
			if step.before != nil {
				must[any](t)(nil, step.before())
			}
			told, broken = nil, errors.New("not now")
			if err := step.do(); !errors.Is(err, broken) || told != nil {
				t.Errorf("%s: although the hook fails, %v, told %v", step.want, err, told)
			}
			broken = nil
			if err := step.do(); err != nil || strings.Join(told, "; ") != step.want {
				t.Errorf("%s: %v, told %q", step.want, err, told)
			}
		}
		if list := must[[]OrganizationAccount](t)(d.OrganizationAccounts(ctx, o.ID, "", 10)); len(list) != 0 {
			t.Errorf("left over: %+v", list)
		}
		told = nil
		if added, err := d.AddToOrganization(ctx, rival, []macie2.AccountID{rival}, now); err != nil || added != 0 || told != nil {
			t.Errorf("nobody joins, %d, %v, and the hook is told %v", added, err, told)
		}
	})
}

// Two nodes add one account to two organizations at once: it is in one of them, and the other is
// told so.
func TestTwoOrganizationsWantOneAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		nodes := map[macie2.AccountID]*Directory{boss: organized(t, openDB(), Hooks{}), rival: NewDirectory(openDB(), Options{})}
		for round := range 10 {
			id := macie2.AccountID(fmt.Sprintf("8%011d", round))
			must[Account](t)(nodes[boss].CreateAccount(ctx, id, "a@example.com", "", now))
			results := make(chan error, len(nodes))
			for management, d := range nodes {
				go func() {
					_, err := d.AddToOrganization(ctx, management, []macie2.AccountID{id}, now)
					results <- err
				}()
			}
			first, second := <-results, <-results
			if first == nil {
				first, second = second, first
			}
			if second != nil {
				t.Errorf("neither got it: %v, %v", first, second)
			}
			wantError(t, first, ErrOrganizationExists, id)
			in := 0
			for management, d := range nodes {
				if slices.Contains(members(t, d, management), id) {
					in++
				}
			}
			if in != 1 {
				t.Errorf("it is in %d organizations", in)
			}
		}
	})
}

// An account leaves on one node while it is registered as a delegated administrator on another: one
// of the two is refused, in the words of the directory.
func TestLeaveAgainstRegister(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		one, two := organized(t, openDB(), Hooks{}), NewDirectory(openDB(), Options{})
		o := must[Organization](t)(one.Organization(ctx, boss))
		if err := one.EnableServiceAccess(ctx, boss, macie, now); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			must[int](t)(one.AddToOrganization(ctx, boss, []macie2.AccountID{data}, now))
			left := make(chan error, 1)
			go func() {
				_, err := one.RemoveFromOrganization(ctx, boss, []macie2.AccountID{data})
				left <- err
			}()
			registerErr := two.RegisterDelegate(ctx, boss, data, macie, now)
			leaveErr := <-left
			list := must[[]Delegate](t)(two.DelegatesOf(ctx, o.ID, macie))
			in := slices.Contains(members(t, two, boss), data)
			switch {
			case registerErr == nil && len(list) == 1 && in:
				wantError(t, leaveErr, ErrDelegate, data)
				if err := two.DeregisterDelegate(ctx, boss, data, macie, byBoss); err != nil {
					t.Fatal(err)
				}
			case leaveErr == nil && len(list) == 0 && !in:
				wantError(t, registerErr, ErrNotInOrganization, data)
			default:
				t.Fatalf("left: %v; registered: %v; in it: %v; delegates: %v", leaveErr, registerErr, in, list)
			}
		}
	})
}

// The trust in a service ends on one node while somebody is registered in it on another: no
// delegation is left that stands on nothing.
func TestDistrustAgainstRegister(t *testing.T) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) {
		ctx := t.Context()
		one, two := organized(t, openDB(), Hooks{}), NewDirectory(openDB(), Options{})
		o := must[Organization](t)(one.Organization(ctx, boss))
		must[int](t)(one.AddToOrganization(ctx, boss, []macie2.AccountID{data}, now))
		for range 10 {
			if err := one.EnableServiceAccess(ctx, boss, macie, now); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- one.DisableServiceAccess(ctx, boss, macie, byBoss) }()
			if err := two.RegisterDelegate(ctx, boss, data, macie, now); err != nil {
				wantError(t, err, ErrNoServiceAccess, data)
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if list := must[[]Delegate](t)(two.DelegatesOf(ctx, o.ID, "")); len(list) != 0 {
				t.Fatalf("left over: %+v", list)
			}
		}
	})
}

// TestNoOrganizationOfAClosedAccount closes an account at each step of the call that makes it the
// management account of an organization: nobody could act for that any more.
func TestNoOrganizationOfAClosedAccount(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			m := storetest.NewMeeting(t, engine)
			first, second := NewDirectory(m.First, Options{}), NewDirectory(m.Second, Options{})
			for step, last := 1, false; !last; step++ {
				id := macie2.AccountID(fmt.Sprintf("10000000%04d", step))
				if _, err := second.CreateAccount(t.Context(), id, "root@example.com", "", time.Now()); err != nil {
					t.Fatal(err)
				}
				var created, closed error
				last = !m.Run(step, func() { _, created = first.CreateOrganization(t.Context(), id, time.Now()) },
					func() { _, closed = second.CloseAccount(t.Context(), id, time.Now()) })
				if !(created == nil && errors.Is(closed, ErrManagement)) && !(closed == nil && errors.Is(created, ErrClosed)) {
					t.Errorf("at step %d, the organization: %v, and the account's end: %v", step, created, closed)
				}
			}
		})
	}
}
