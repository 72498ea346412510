package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/sigv4"
)

// organizations measures a large organization: accounts that join it and become members by themselves, what others notice of that, the
// listing of all members, and the end of the designation.
func organizations(ctx context.Context, p *report, engine, binary, dir string, accounts int) (err error) {
	r, stop, err := newRig(engine, binary, filepath.Join(dir, "organization"))
	if err != nil {
		return err
	}
	defer stop()
	management, delegate, bystander := administratorID(0), administratorID(1), administratorID(2)
	keys, err := r.accounts(ctx, []macie2.AccountID{management, delegate, bystander}, true)
	if err != nil {
		return err
	}
	joining := ids(accounts, memberID)
	if _, err := r.accounts(ctx, joining, false); err != nil {
		return err
	}
	if err := r.start(keys[management], "--quota-members", "1000000", "--quota-organization-members", fmt.Sprint(accounts)); err != nil {
		return err
	}
	defer r.stop()
	err = r.organization(ctx, func(d *identity.Directory) error {
		if _, err := d.CreateOrganization(ctx, management, time.Now()); err != nil {
			return err
		}
		_, err := d.AddToOrganization(ctx, management, []macie2.AccountID{delegate}, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range []call{
		{"POST", "/macie", "{}", keys[management]},
		{"POST", "/macie", "{}", keys[bystander]},
		{"POST", "/admin", fmt.Sprintf(`{"adminAccountId":"%s"}`, delegate), keys[management]},
		{"PATCH", "/admin/configuration", `{"autoEnable":true}`, keys[delegate]},
	} {
		if err := r.once(c); err != nil {
			return err
		}
	}

	quiet, err := r.bystand(keys[bystander], 0, time.After(3*time.Second))
	if err != nil {
		return err
	}
	began := time.Now()
	joined, failed := make(chan time.Time, 1), make(chan error, 1)
	go func() {
		err := r.organization(ctx, func(d *identity.Directory) error {
			_, err := d.AddToOrganization(ctx, management, joining, time.Now())
			return err
		})
		registered := time.Since(began)
		if err == nil {
			err = r.awaitFull(ctx, keys[delegate])
		}
		p.figure(fmt.Sprintf("%d accounts join an organization", accounts), engine, fmt.Sprintf("registered after %.2f s", registered.Seconds()), "")
		failed <- err
		joined <- time.Now()
	}()
	busy, err := r.bystand(keys[bystander], 1_000_000, joined)
	if err != nil {
		return err
	}
	if err := <-failed; err != nil {
		return err
	}
	p.figure("  and are members, Macie enabled in each", engine, fmt.Sprintf("after %.2f s", time.Since(began).Seconds()), "")
	p.row("GetMember and CreateMember of a bystander, before", engine, quiet, "")
	p.row("the same while they join", engine, busy, "")
	p.figure("its p50 and p99 against those before", engine, fmt.Sprintf("%.1f and %.1f times",
		float64(busy.percentile(0.5))/float64(quiet.percentile(0.5)), float64(busy.percentile(0.99))/float64(quiet.percentile(0.99))), "")

	return r.release(ctx, p, keys[management], keys[delegate], delegate, accounts)
}

// release measures the listing of all members of a delegated administrator, and the end of its designation.
func (r *rig) release(ctx context.Context, p *report, management, delegate sigv4.Credentials, id macie2.AccountID, accounts int) error {
	took, pages, err := r.listAll(delegate, accounts)
	if err != nil {
		return err
	}
	p.figure(fmt.Sprintf("all %d pages of ListMembers, 1 client", pages), r.engine, fmt.Sprintf("%.2f s", took.Seconds()), "<= 0.5 s for 10000 members")

	began := time.Now()
	if err := r.once(call{"DELETE", "/admin?adminAccountId=" + string(id), "", management}); err != nil {
		return err
	}
	accepted := time.Since(began)
	if err := r.awaitNobody(ctx, management); err != nil {
		return err
	}
	p.figure("DisableOrganizationAdminAccount", r.engine, fmt.Sprintf("%.1f ms; all released after %.2f s", ms(accepted), time.Since(began).Seconds()), "")
	return nil
}

// organization works on the database itself, as magpie org does.
func (r *rig) organization(ctx context.Context, fn func(*identity.Directory) error) error {
	db, err := server.OpenStore(ctx, r.config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(identity.NewDirectory(db, identity.Options{Hooks: server.AccountHooks(db)}))
}

// once does one call that must go well.
func (r *rig) once(c call) error {
	result, err := load(r.address, region, 1, []call{c}, ok)
	if err == nil && result.refused > 0 {
		err = fmt.Errorf("%s %s: %s", c.method, c.path, result.firstRefusal)
	}
	return err
}

// bystand is somebody who has nothing to do with the organization, and calls every five milliseconds until done: a read, then a write.
func (r *rig) bystand(as sigv4.Credentials, from int, done <-chan time.Time) (result, error) {
	x := result{clients: 1}
	c, err := dial(r.address)
	if err != nil {
		return x, err
	}
	defer c.conn.Close()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for i := from; ; i++ {
		for _, call := range append(createMembers(as, i, i+1), call{"GET", "/members/" + string(memberID(i)), "", as}) {
			began := time.Now()
			status, body, err := c.do(call, region)
			if err != nil {
				return x, err
			}
			x.latencies = append(x.latencies, time.Since(began))
			if !ok(status, body) {
				return x, fmt.Errorf("the bystander's call: %d %.300s", status, body)
			}
			select {
			case <-done:
				x.calls, x.took = len(x.latencies), time.Since(start)
				slices.Sort(x.latencies)
				return x, nil
			case <-tick.C:
			}
		}
	}
}

// await asks until an answer is the one hoped for.
func (r *rig) await(ctx context.Context, x call, accept func([]byte) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c, err := dial(r.address)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		status, body, err := c.do(x, region)
		if err != nil {
			return err
		}
		if ok(status, body) && accept(body) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s %s still answers %d %.300s", x.method, x.path, status, body)
		}
	}
}

// awaitFull waits until the delegated administrator has all the members that its quota allows.
func (r *rig) awaitFull(ctx context.Context, as sigv4.Credentials) error {
	return r.await(ctx, call{"GET", "/admin/configuration", "", as}, func(body []byte) bool {
		var out struct{ MaxAccountLimitReached bool }
		return json.Unmarshal(body, &out) == nil && out.MaxAccountLimitReached
	})
}

// awaitNobody waits until the organization has no delegated administrator, not even one on its way out.
func (r *rig) awaitNobody(ctx context.Context, as sigv4.Credentials) error {
	return r.await(ctx, call{"GET", "/admin", "", as}, func(body []byte) bool {
		var out struct{ AdminAccounts []json.RawMessage }
		return json.Unmarshal(body, &out) == nil && len(out.AdminAccounts) == 0
	})
}

// listAll turns all pages of the members, one after the other, over one connection.
func (r *rig) listAll(as sigv4.Credentials, want int) (took time.Duration, pages int, err error) {
	c, err := dial(r.address)
	if err != nil {
		return 0, 0, err
	}
	defer c.conn.Close()
	began, members := time.Now(), 0
	for path := "/members?maxResults=25"; path != ""; pages++ {
		status, body, err := c.do(call{"GET", path, "", as}, region)
		if err != nil {
			return 0, 0, err
		}
		var out struct {
			Members   []json.RawMessage
			NextToken string
		}
		if !ok(status, body) || json.Unmarshal(body, &out) != nil {
			return 0, 0, fmt.Errorf("page %d: %d %.300s", pages, status, body)
		}
		members += len(out.Members)
		if path = ""; out.NextToken != "" {
			path = "/members?maxResults=25&nextToken=" + url.QueryEscape(out.NextToken)
		}
	}
	if members != want {
		return 0, 0, fmt.Errorf("%d members are listed, not %d", members, want)
	}
	return time.Since(began), pages, nil
}
