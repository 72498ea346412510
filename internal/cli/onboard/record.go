package onboard

import (
	"encoding/json"
	"fmt"
	"time"

	"magpie/internal/cli/journal"
)

// record is a line of the journal.
type record struct {
	Kind     string    `json:"k"`
	Spec     *Spec     `json:"spec,omitempty"`
	Region   string    `json:"r,omitempty"`
	Accounts []string  `json:"a,omitempty"`
	At       time.Time `json:"t,omitzero"` // when the account was invited before the run
	Outcome  Outcome   `json:"o,omitempty"`
	Reason   string    `json:"w,omitempty"`
	Before   string    `json:"b,omitempty"`
	Now      string    `json:"n,omitempty"`
}

// The kinds of records.
const (
	recordSpec     = "spec"     // the first: what the run is to do
	recordPrior    = "prior"    // the account will be invited again; it was invited at At before
	recordInviting = "inviting" // CreateInvitations is about to be called for the accounts
	recordInvited  = "invited"  // it was answered, and took them
	recordEnd      = "end"      // the account is done with in the Region
	recordDone     = "done"     // the last: the run has ended by itself
)

// past is what a journal says of a pair.
type past struct {
	prior    time.Time
	intended bool // an invitation was about to be sent
	invited  bool // and was taken
	end      *record
}

// history is what a journal says.
type history struct {
	spec  *Spec
	pairs map[string]map[string]*past // by Region and account
	done  bool
}

func (h *history) at(region, account string) *past {
	accounts := h.pairs[region]
	if accounts == nil {
		accounts = map[string]*past{}
		h.pairs[region] = accounts
	}
	p := accounts[account]
	if p == nil {
		p = &past{}
		accounts[account] = p
	}
	return p
}

// read takes a line of a journal.
func (h *history) read(line []byte) error {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	switch r.Kind {
	case recordSpec:
		h.spec = r.Spec
	case recordDone:
		h.done = true
	}
	for _, account := range r.Accounts {
		p := h.at(r.Region, account)
		switch r.Kind {
		case recordPrior:
			p.prior = r.At
		case recordInviting:
			p.intended = true
		case recordInvited:
			p.invited = true
		case recordEnd:
			p.end = &r
		}
	}
	return nil
}

// Unfinished returns what the journal of a run says that it was to do, or nil where the run has ended by itself.
func Unfinished(folder, run string) (*Spec, error) {
	h := &history{pairs: map[string]map[string]*past{}}
	if err := journal.Read(folder, run, h.read); err != nil {
		return nil, err
	}
	if h.done {
		return nil, nil
	}
	return h.spec, nil
}
