package main

import (
	"context"
	"fmt"
	"path/filepath"

	"magpie/internal/macie2"
)

// invitations measures CreateInvitations of one id, then the store alone with the same statements, and nothing else.
func invitations(ctx context.Context, p *report, engine, binary, dir string, members int) error {
	r, stop, err := newRig(engine, binary, filepath.Join(dir, "invitations"))
	if err != nil {
		return err
	}
	defer stop()
	list := ids(members, memberID)
	admin, other := administratorID(0), administratorID(1)
	keys, err := r.accounts(ctx, []macie2.AccountID{admin, other}, true)
	if err != nil {
		return err
	}
	if _, err := r.accounts(ctx, list, false); err != nil {
		return err
	}
	if err := r.start(keys[admin], "--quota-members", "1000000"); err != nil {
		return err
	}
	stopped := false
	defer func() {
		if !stopped {
			r.stop()
		}
	}()
	for _, id := range []macie2.AccountID{admin, other} {
		if err := r.once(call{"POST", "/macie", "{}", keys[id]}); err != nil {
			return err
		}
	}
	if _, err := r.load(64, createMembers(keys[other], 0, members), ok); err != nil {
		return err
	}
	for _, x := range []struct {
		name   string
		calls  []call
		accept func(int, []byte) bool
		goal   string
	}{
		{"CreateMember", createMembers(keys[admin], 0, members), ok, ""},
		{oneInvitation, createInvitations(keys[admin], 0, members, 1, true), processed, inviteGoals[engine]},
	} {
		result, err := r.load(64, x.calls, x.accept)
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		p.row(x.name, engine, result, x.goal)
	}
	stopped = true
	if err := r.stop(); err != nil {
		return err
	}
	alone, err := storeAlone(ctx, r, keys[other].AccessKeyID, other, list, 64)
	if err != nil {
		return err
	}
	p.row("the store alone with the same statements", engine, alone, "")
	ratio := p.rates[rateKey{oneInvitation, engine, 64}] / alone.rate()
	p.figure("CreateInvitations against the store alone", engine, fmt.Sprintf("%.0f %%", 100*ratio), ">= 50 %")
	return nil
}

// inviteGoals are what CreateInvitations is to reach.
var inviteGoals = map[string]string{"sqlite": ">= 6000/s", "postgres": ">= 3000/s"}
