package sampling

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// number reads one number from the database.
func (n *node) number(sql string, args ...any) (v int64) {
	n.t.Helper()
	n.must(n.db.View(n.t.Context(), func(tx *store.Tx) error { return tx.QueryRow(n.t.Context(), sql, args...).Scan(&v) }))
	return v
}

// TestBudget: no cycle reads more bytes than its budget and one object, whatever the sizes; and in the end each object was read once.
func TestBudget(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		const budget = 1000
		n := more(func(o *Options) { o.Budget = Budget{Bytes: budget, Requests: 40} })
		n.enable(dave)
		files, total, largest := map[string]string{}, int64(0), int64(0)
		for i := range 24 {
			size := 50 + 37*i%700
			files[fmt.Sprintf("bucket%d/dir%d/%02d.txt", i%4, i%3, i)] = strings.Repeat("x", size)
			total, largest = total+int64(size), max(largest, int64(size))
		}
		n.files(dave, files)
		n.must(n.configured(dave, on, ""))
		n.settled()
		for days := 0; n.number(`select coalesce(sum(objects), 0) from discovery_visit`) < int64(len(files)); days++ {
			if days > 60 {
				t.Fatalf("after %d days %d of %d objects were read", days, n.number(`select sum(objects) from discovery_visit`), len(files))
			}
			n.day()
		}
		if most := n.number(`select max(bytes) from discovery_share`); most > budget+largest || most < budget/2 {
			t.Errorf("a cycle has read %d bytes of a budget of %d; the largest object has %d", most, budget, largest)
		}
		if most := n.number(`select max(requests) from discovery_share`); most > 41 {
			t.Errorf("a cycle has made %d requests of a budget of 40", most)
		}
		n.day()
		if got := n.number(`select sum(objects) from discovery_visit`); got != int64(len(files)) {
			t.Errorf("%d objects were read, and there are %d", got, len(files))
		}
		if got := n.number(`select sum(bytes) from discovery_visit`); got != total {
			t.Errorf("%d bytes were read, and there are %d", got, total)
		}
		if cycles := n.number(`select count(*) from discovery_cycle where status = 'COMPLETE'`); cycles < total/(budget+largest) {
			t.Errorf("only %d cycles", cycles)
		}
	})
}

// TestTriedAgain: what could not be read for want of permission is tried again in a later cycle, and counts then.
func TestTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(dave)
		n.files(dave, map[string]string{"bucket/x.txt": card})
		n.must(n.configured(dave, on, ""))
		n.settled()
		// As if the store had refused it.
		n.must(n.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			var text string
			if err := tx.QueryRow(t.Context(), `select seen from sample_part`).Scan(&text); err != nil {
				return err
			}
			s, err := parseSeen(text)
			if err != nil {
				return err
			}
			for d := range s {
				s[d] = skippedDenied
			}
			tx.Defer(`update sample_part set seen = $1`, s.String())
			tx.Defer(`update sample_object set kind = $1`, int64(skippedDenied))
			return nil
		}))
		n.day()
		if x := n.profile(dave, "bucket"); *x.TotalItemsSensitive != 1 || *x.TotalItemsSkipped != 0 || n.score(dave, "bucket") <= 50 {
			t.Errorf("tried again: %+v, %d", x, n.score(dave, "bucket"))
		}
	})
}

// TestBucketGone: what is known of a bucket goes with it.
func TestBucketGone(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(dave)
		n.files(dave, map[string]string{"goes/x.txt": card, "stays/x.txt": card})
		n.must(n.configured(dave, on, ""))
		n.settled()
		n.must(os.RemoveAll(n.dirs[dave] + "/goes"))
		n.look()
		n.day()
		for _, table := range []string{"bucket_profile", "sample_part", "sample_object"} {
			if got := n.number(`select count(*) from ` + table); got != 1 {
				t.Errorf("%d rows of %s are left, want that of the other bucket", got, table)
			}
		}
		if n.score(dave, "stays") <= 50 {
			t.Error("the other bucket is forgotten, too")
		}
	})
}

// TestSeenSet: what is kept of objects is what was put in, 16 bytes each, and no other version of an object is taken for it.
func TestSeenSet(t *testing.T) {
	s := seenSet{}
	base := objectstore.Object{Key: "a", ETag: "b", Size: 1, LastModified: time.Unix(1, 0)}
	for i, o := range []objectstore.Object{base, {Key: "ab", Size: 1, LastModified: time.Unix(1, 0)}, {Key: "a", ETag: "c", Size: 1, LastModified: time.Unix(1, 0)},
		{Key: "a", ETag: "b", Size: 2, LastModified: time.Unix(1, 0)}, {Key: "a", ETag: "b", Size: 1, LastModified: time.Unix(2, 0)}, {Key: "", ETag: "ab", Size: 1, LastModified: time.Unix(1, 0)}} {
		s[digestOf(&o)] = kind(i) % kinds
	}
	if len(s) != 6 {
		t.Errorf("%d of 6 objects are told apart", len(s))
	}
	text := s.String()
	back, err := parseSeen(text)
	if err != nil || !maps.Equal(s, back) || len(text) != 6*16/3*4 {
		t.Errorf("%v became %v in %d characters, %v", s, back, len(text), err)
	}
	for _, bad := range []string{"x", "AAAA", strings.Repeat("/", 22)} {
		if _, err := parseSeen(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// TestDraw: the same objects are drawn whatever the order, one of each group comes before a second one, and the budget is exceeded by one at most.
func TestDraw(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var objects []objectstore.Object
	for i := range 300 {
		objects = append(objects, objectstore.Object{Key: fmt.Sprintf("p%d/%d.%s", i%5, i, []string{"csv", "txt", "log"}[i%3]), Size: 100, LastModified: time.Unix(1e9, 0)})
	}
	drawn := func(k int, budget int64) (keys []string) {
		random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		d := newDraw("salt", "2001-09")
		for i := range objects {
			d.add(&objects[i], nil, true)
		}
		for _, o := range d.pick(k, budget, newRates()) {
			keys = append(keys, o.Key)
		}
		return keys
	}
	first := drawn(15, 1e9)
	if again := drawn(15, 1e9); !slices.Equal(first, again) {
		t.Errorf("drawn %v and %v", first, again)
	}
	groups := map[inventory.Group]bool{}
	for _, key := range first {
		groups[inventory.GroupOf(&objectstore.Object{Key: key, LastModified: time.Unix(1e9, 0)})] = true
	}
	if len(groups) != 15 {
		t.Errorf("15 objects of 15 groups are in %d groups: %v", len(groups), first)
	}
	if got := drawn(15, 250); len(got) != 3 {
		t.Errorf("of a budget of 250 bytes %d objects of 100 are drawn", len(got))
	}
}

// estate is what accounts have in a model, and what is said of them.
type estate struct {
	n       *node
	random  *rand.Rand
	files   map[macie2.AccountID]map[string]bool // by name: whether it holds something
	joined  map[macie2.AccountID]bool
	paused  map[macie2.AccountID]bool
	on      map[macie2.AccountID]bool // as it was said, where the mode is not ALL
	enabled bool
	mode    macie2.AutoEnableMode
	next    int
}

func (e *estate) covered(a macie2.AccountID) bool {
	if !e.enabled || e.paused[a] || a != alice && !e.joined[a] {
		return false
	}
	return e.mode == all || e.on[a]
}

// step does something at random. Where a share is under way nothing of the inventory is done, which has tasks of its own.
func (e *estate) step(amid bool) string {
	n := e.n
	members := []macie2.AccountID{bob, carol}
	a := members[e.random.IntN(2)]
	switch e.random.IntN(8) {
	case 0:
		if e.joined[a] == e.paused[a] && e.paused[a] {
			return "nothing"
		}
		e.joined[a] = !e.joined[a]
		n.joins(alice, a, e.joined[a])
		e.on[a] = e.enabled && (e.mode == new_ || e.mode == all)
		return fmt.Sprint(a, " joined: ", e.joined[a])
	case 1:
		if e.paused[a] = !e.paused[a]; e.paused[a] {
			n.must(n.pause(a, macie2.MacieStatusPaused))
		} else {
			n.must(n.pause(a, macie2.MacieStatusEnabled))
		}
		return fmt.Sprint(a, " paused: ", e.paused[a])
	case 2:
		if !e.enabled || e.mode == all || !e.joined[a] || e.paused[a] {
			return "nothing"
		}
		e.on[a] = !e.on[a]
		_, err := n.set(alice, a, map[bool]string{true: "ENABLED", false: "DISABLED"}[e.on[a]])
		n.must(err)
		return fmt.Sprint(a, " on: ", e.on[a])
	case 3, 4:
		mode := []macie2.AutoEnableMode{all, new_, none}[e.random.IntN(3)]
		if !e.enabled {
			e.on = map[macie2.AccountID]bool{}
		} else if e.mode == all {
			e.on = map[macie2.AccountID]bool{alice: true, bob: e.joined[bob], carol: e.joined[carol]}
		}
		e.on[alice] = true
		e.enabled, e.mode = true, mode
		n.must(n.configured(alice, on, mode))
		return fmt.Sprint("enabled: ", mode)
	case 5:
		if e.random.IntN(3) > 0 {
			return "nothing"
		}
		e.enabled = false
		n.must(n.configured(alice, off, ""))
		return "disabled"
	}
	if amid {
		return "nothing"
	}
	a = []macie2.AccountID{alice, bob, carol}[e.random.IntN(3)]
	name := fmt.Sprintf("%s-%d/dir%d/%d.txt", map[macie2.AccountID]string{alice: "alice", bob: "bob", carol: "carol"}[a], e.random.IntN(2), e.random.IntN(2), e.next)
	e.next++
	if names := slices.Sorted(maps.Keys(e.files[a])); e.random.IntN(3) == 0 && len(names) > 2 {
		name = names[e.random.IntN(len(names))]
		delete(e.files[a], name)
		n.files(a, map[string]string{name: ""})
		return name + " is gone"
	}
	holds := e.random.IntN(2) == 0
	e.files[a][name] = holds
	n.files(a, map[string]string{name: map[bool]string{true: card + name, false: "nothing " + name}[holds]})
	return name
}

func (n *node) pause(a macie2.AccountID, to macie2.MacieStatus) error {
	return n.db.Tx(n.t.Context(), "test", func(tx *store.Tx) error {
		tx.Defer(`update macie_session set status = $3 where region = $1 and account_id = $2`, region, string(a), string(to))
		unsettle(tx, region, a)
		return nil
	})
}

// check holds what is shown against the model, once a cycle has ended undisturbed.
func (e *estate) check(history []string) {
	n := e.n
	for _, a := range []macie2.AccountID{alice, bob, carol} {
		sees := a == alice || e.joined[a]
		if !sees {
			continue
		}
		want := map[string][2]int64{}
		for name, holds := range e.files[a] {
			bucket, _, _ := strings.Cut(name, "/")
			x := want[bucket]
			x[0]++
			if holds {
				x[1]++
			}
			want[bucket] = x
		}
		for bucket, x := range want {
			m := n.bucket(alice, bucket)
			monitored := *m.AutomatedDiscoveryMonitoringStatus == "MONITORED"
			if monitored != e.covered(a) {
				n.t.Fatalf("%s is monitored: %v, and covered: %v, after\n%s", bucket, monitored, e.covered(a), strings.Join(history, "\n"))
			}
			if !e.enabled && *m.SensitivityScore != 50 {
				n.t.Fatalf("%s scores %d while discovery is disabled, after\n%s", bucket, *m.SensitivityScore, strings.Join(history, "\n"))
			}
			if !e.covered(a) {
				continue
			}
			p := n.profile(alice, bucket)
			if *p.TotalItemsClassified != x[0] || *p.TotalItemsSensitive != x[1] || x[1] > 0 != (n.score(alice, bucket) > 50) {
				n.t.Fatalf("%s has %d objects, %d of which hold something; its profile says %d and %d, its score %d, after\n%s", bucket, x[0], x[1],
					*p.TotalItemsClassified, *p.TotalItemsSensitive, n.score(alice, bucket), strings.Join(history, "\n"))
			}
		}
	}
}

// TestAccountsComeAndGo: accounts join, leave, pause and are switched on and off, between cycles and while one is under way; whatever
// happens, the next undisturbed cycle leaves what a look at the files would.
func TestAccountsComeAndGo(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		seed := uint64(7)
		if text := os.Getenv("MAGPIE_TEST_SEED"); text != "" {
			seed, _ = strconv.ParseUint(text, 10, 64)
		}
		n := more(func(o *Options) { o.Shares = 1 }) // so that what happens amid a cycle happens in the same order each time
		n.enable(alice, bob, carol)
		e := &estate{n: n, random: rand.New(rand.NewPCG(seed, 11)), files: map[macie2.AccountID]map[string]bool{alice: {}, bob: {}, carol: {}},
			joined: map[macie2.AccountID]bool{}, paused: map[macie2.AccountID]bool{}, on: map[macie2.AccountID]bool{}}
		for a, name := range map[macie2.AccountID]string{alice: "alice", bob: "bob", carol: "carol"} {
			first := map[string]string{}
			for i := range 4 {
				file := fmt.Sprintf("%s-%d/dir/first%d.txt", name, i%2, i)
				first[file] = card + file
				e.files[a][file] = true
			}
			n.files(a, first)
		}
		var history []string
		amid := 0
		rounds := 6
		if long := os.Getenv("MAGPIE_DISCOVERY_ROUNDS"); long != "" {
			rounds, _ = strconv.Atoi(long)
		}
		for range rounds {
			for range 4 {
				history = append(history, e.step(false))
			}
			left := 2
			n.beforeVisit = func() {
				if left--; left >= 0 {
					amid++
					history = append(history, "amid: "+e.step(true))
				}
			}
			n.day()
			n.beforeVisit = nil
			n.day()
			n.day()
			e.check(history)
		}
		if amid == 0 {
			t.Error("nothing has happened while a cycle was under way")
		}
		// No version of an object was read twice for the same holder.
		if twice := n.number(`select count(*) from (select id from sample_object group by region, holder_id, account_id, bucket, id having count(*) > 1) x`); twice != 0 {
			t.Errorf("%d objects are there twice", twice)
		}
	})
}

// TestYear: from day to day files come, change and go, and the account looks at its scores: after each day they are those of what is there.
// It is 20 days in CI, and as many as MAGPIE_DISCOVERY_DAYS says.
func TestYear(t *testing.T) {
	days := 20
	if text := os.Getenv("MAGPIE_DISCOVERY_DAYS"); text != "" {
		days, _ = strconv.Atoi(text)
	}
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		e := &estate{n: n, random: rand.New(rand.NewPCG(3, 5)), files: map[macie2.AccountID]map[string]bool{alice: {}}, mode: all, enabled: true}
		n.files(alice, map[string]string{"alice-0/": "", "alice-1/": ""})
		n.must(n.configured(alice, on, ""))
		for day := range days {
			if day%2 == 0 {
				name := fmt.Sprintf("alice-%d/%d.txt", day%3%2, day%14) // some are new, some change
				holds := day%5 == 0
				content := map[bool]string{true: card, false: "nothing"}[holds] + strconv.Itoa(day)
				if day%7 == 6 {
					if _, there := e.files[alice][name]; there {
						delete(e.files[alice], name)
						n.files(alice, map[string]string{name: ""})
					}
				} else {
					e.files[alice][name] = holds
					n.files(alice, map[string]string{name: content})
				}
			}
			n.day()
			e.check([]string{fmt.Sprint("day ", day)})
		}
		if got := n.number(`select max(cycle) from discovery_cycle`); got < int64(days)-1 {
			t.Errorf("in %d days there were %d cycles", days, got)
		}
		if kept := n.number(`select count(*) from discovery_cycle`); kept > 32 {
			t.Errorf("%d cycles are kept", kept)
		}
	})
}
