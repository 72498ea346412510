package membership

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/store"
	"magpie/internal/store/storetest"
)

// The environment makes the model tests longer, or repeats one: MAGPIE_MODEL_SEED is the first
// seed, MAGPIE_MODEL_SEEDS how many, MAGPIE_MODEL_ROUNDS the length of each run.
func fromEnv(t *testing.T, name string, or int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return or
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

const (
	modelQuota             = 2   // small, so that it is in the way
	modelOrganizationQuota = 100 // large: which of several that wait for the worker is over it, is no story
)

// TestModel runs rounds of up to four operations at once through the service, on two nodes where
// the engine allows that, and after each asks of the model for an order of these operations in
// which it gives the very same answers and ends in the very same state.
func TestModel(t *testing.T) {
	first := fromEnv(t, "MAGPIE_MODEL_SEED", 1)
	rounds := fromEnv(t, "MAGPIE_MODEL_ROUNDS", 400)
	for seed := first; seed < first+fromEnv(t, "MAGPIE_MODEL_SEEDS", 3); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, open func() *store.DB) {
				r := newRun(t, open, seed)
				for n := range rounds {
					if !r.round(n) {
						t.Fatalf("failed with seed %d; MAGPIE_MODEL_SEED=%d MAGPIE_MODEL_SEEDS=1 begins with it again", seed, seed)
					}
				}
				r.logOutcomes()
			})
		})
	}
}

// run is one run of the model test.
type run struct {
	t     *testing.T
	d     *deployment
	nodes []*node
	g     *generator
	m     *model
	known map[string]bool // every id that an invitation ever had
	seen  map[string]int  // how often an operation had an answer, in short
}

func newRun(t *testing.T, open func() *store.DB, seed int) *run {
	db := open()
	d := deployWith(t, db, &deployment{organizationQuota: modelOrganizationQuota}, modelQuota)
	d.organize(management, alice, bob, carol)
	r := &run{t: t, d: d, nodes: []*node{d.node}, m: newModel(modelQuota), known: make(map[string]bool), seen: make(map[string]int)}
	if db.Engine() == "postgres" {
		r.nodes = append(r.nodes, d.another(open()))
	}
	for _, id := range []macie2.AccountID{management, alice, bob, carol} {
		r.m.in[id] = true
	}
	r.g = &generator{Rand: rand.New(rand.NewPCG(uint64(seed), 0)), regions: []string{virginia, ireland}, nodes: len(r.nodes),
		accounts: []macie2.AccountID{alice, bob, carol, dave, erin}}
	return r
}

// round does one round, and reports whether the model can explain it.
func (r *run) round(n int) bool {
	var ops []operation
	if r.g.chance(30) {
		ops = []operation{{name: "op0", kind: opVerify, node: r.g.IntN(len(r.nodes))}}
	} else {
		ops = r.g.round(r.m, 1+r.g.IntN(4))
	}
	got := r.do(ops)
	after, err := readState(r.t.Context(), r.d.db)
	if err != nil {
		r.t.Fatal(err)
	}
	for i, o := range ops {
		r.seen[string(o.kind)+" "+brief(got[i])]++
	}
	if broken := after.broken(modelQuota); len(broken) > 0 {
		r.t.Errorf("round %d breaks invariants:\n\t%s\n%s", n, strings.Join(broken, "\n\t"), r.story(ops, got, after))
		return false
	}
	m, tried := r.explain(ops, got, after)
	if m == nil {
		r.t.Errorf("round %d: no order of its operations explains it.\n%s\n%s", n, r.story(ops, got, after), tried)
		return false
	}
	r.adopt(m, after)
	return true
}

// do runs the operations, all at once.
func (r *run) do(ops []operation) []string {
	got := make([]string, len(ops))
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i, o := range ops {
		all.Go(func() {
			<-begin
			got[i] = o.run(context.Background(), r.d, r.nodes[o.node], r.known)
		})
	}
	close(begin)
	all.Wait()
	return got
}

// explain finds an order of the operations in which the model gives the answers and ends in the
// state that were observed.
func (r *run) explain(ops []operation, got []string, after *state) (m *model, tried string) {
	want := after.lines(r.known)
	var story strings.Builder
	for order := range choices(ops) {
		m := r.m.clone()
		fits := true
		fmt.Fprintf(&story, "order %v:", order)
		for _, i := range order {
			answer := m.act(ops[i])
			if !same(answer, got[i]) {
				fmt.Fprintf(&story, " %s should answer %s;", ops[i].name, answer)
				fits = false
				break
			}
		}
		if fits && m.lines() == want {
			return m, ""
		}
		if fits {
			fmt.Fprintf(&story, " explains the answers, and should end in:\n%s", difference(m.lines(), want))
		}
		story.WriteString("\n")
	}
	if m := r.explainApart(ops, got, want); m != nil {
		return m, ""
	}
	return nil, story.String()
}

// explainApart is explain with the accounts of each CreateInvitations decided on their own, as that
// operation promises: between two of them another operation may come.
func (r *run) explainApart(ops []operation, got []string, want string) *model {
	type part struct {
		operation
		of int
	}
	var parts []part
	for i, o := range ops {
		if o.kind != opInvite {
			parts = append(parts, part{o, i})
			continue
		}
		for _, id := range distinct(o.others) {
			one := o
			one.others = []macie2.AccountID{id}
			parts = append(parts, part{one, i})
		}
	}
	if len(parts) == len(ops) || len(parts) > 7 {
		return nil
	}
	for order := range orders(len(parts)) {
		m := r.m.clone()
		refused := make(map[int]refusals)
		over := make(map[int]int)
		fits := true
		for _, k := range order {
			p := parts[k]
			answer := m.act(p.operation)
			switch {
			case p.kind != opInvite:
				fits = same(answer, got[p.of])
			case answer == quota(specTooManyMembers):
				over[p.of]++
				list := refused[p.of]
				list.add(p.other(), specTooManyMembers)
				refused[p.of] = list
			case strings.HasPrefix(answer, "ok"):
				_, line, _ := strings.Cut(answer, "\n\t\t")
				if line != "" {
					refused[p.of] = append(refused[p.of], line)
				}
			default:
				fits = same(answer, got[p.of])
			}
			if !fits {
				break
			}
		}
		for i, o := range ops {
			if o.kind != opInvite || !fits || !strings.HasPrefix(got[i], "ok") && over[i] < len(distinct(o.others)) {
				continue
			}
			answer := refused[i].String()
			if over[i] == len(distinct(o.others)) {
				answer = quota(specTooManyMembers)
			}
			fits = answer == got[i]
		}
		if fits && m.lines() == want {
			return m
		}
	}
	return nil
}

// same compares the model's answer with the service's, which may say of a session that ended that
// it ended just now.
func same(model, service string) bool {
	return model == service ||
		model == "AccessDeniedException: "+specNotEnabled && service == "ResourceNotFoundException: "+textSessionEnded
}

// orders yields every order of n things.
func orders(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		var extend func(order []int) bool
		extend = func(order []int) bool {
			if len(order) == n {
				return yield(slices.Clone(order))
			}
			for i := range n {
				if !slices.Contains(order, i) && !extend(append(order, i)) {
					return false
				}
			}
			return true
		}
		extend(make([]int, 0, n))
	}
}

// choices yields every order of the operations, and for the worker, which comes alone, both ways in
// which it can do its work.
func choices(ops []operation) func(yield func([]int) bool) {
	if ops[0].kind != opVerify {
		return orders(len(ops))
	}
	return func(yield func([]int) bool) {
		for _, ops[0].variant = range []bool{false, true} {
			if !yield([]int{0}) {
				return
			}
		}
	}
}

// adopt makes the model's state the one to go on from, with the service's ids for new invitations.
func (r *run) adopt(m *model, after *state) {
	for p, i := range m.invitations {
		i.id = after.invitations[p].id
		m.invitations[p] = i
		r.known[i.id] = true
	}
	current := make(map[string]bool)
	for _, i := range m.invitations {
		current[i.id] = true
	}
	r.g.retired = r.g.retired[:0]
	for _, id := range slices.Sorted(maps.Keys(r.known)) {
		if !current[id] {
			r.g.retired = append(r.g.retired, id)
		}
	}
	r.m = m
}

// story tells what happened in a round.
func (r *run) story(ops []operation, got []string, after *state) string {
	var b strings.Builder
	fmt.Fprintf(&b, "before:\n%s\noperations, all at once:\n", r.m.lines())
	for i, o := range ops {
		fmt.Fprintf(&b, "\t%s → %s\n", o, got[i])
	}
	fmt.Fprintf(&b, "what changed:\n%s", difference(r.m.lines(), after.lines(r.known)))
	return b.String()
}

// difference lists the lines that only one of two texts has.
func difference(a, b string) string {
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			out.WriteString("\t- " + line + "\n")
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			out.WriteString("\t+ " + line + "\n")
		}
	}
	return out.String()
}

// brief is the kind of an answer.
func brief(answer string) string {
	answer, _, _ = strings.Cut(answer, "\n")
	if len(answer) > 2 && strings.HasPrefix(answer, "ok") {
		return "ok"
	}
	return answer
}

// logOutcomes logs how often which operation had which answer: a model test that never gets
// anywhere proves nothing.
func (r *run) logOutcomes() {
	for _, what := range slices.Sorted(maps.Keys(r.seen)) {
		r.t.Logf("%5d %s", r.seen[what], what)
	}
}
