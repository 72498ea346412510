package throttle

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"magpie/internal/macie2"
)

// Rate is how often something may be asked for: PerSecond in the long run, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Default is the rate of actions that have none of their own.
var Default = Rate{PerSecond: 50_000, Burst: 50_000}

// Published returns the rates that AWS publishes for Macie.
func Published() map[string]Rate {
	return map[string]Rate{"macie2:CreateClassificationJob": {PerSecond: 0.1, Burst: 1}}
}

// Costly returns the rates of actions that take a node's processor rather than its store.
func Costly() map[string]Rate {
	return map[string]Rate{
		"macie2:TestCustomDataIdentifier":   {PerSecond: 5, Burst: 20},
		"macie2:CreateCustomDataIdentifier": {PerSecond: 20, Burst: 100},
		"magpie:TestCustomDataIdentifier":   {PerSecond: 5, Burst: 20},
	}
}

// AnyAction is the name that ParseRate takes for the actions that have no rate of their own.
const AnyAction = "*"

// The bounds of what can be asked for: a bucket's times have to fit into nanoseconds.
const (
	minPerSecond = 1e-6
	maxPerSecond = 1e8
	maxBurst     = 1e8
)

// ParseRate reads ACTION=PER_SECOND[:BURST], such as CreateInvitations=20:100. An action without a
// prefix is Macie's; [AnyAction] is every action that has no rate of its own. Without a burst it is
// what a second brings, at least one.
func ParseRate(text string) (action string, r Rate, err error) {
	action, value, ok := strings.Cut(text, "=")
	if !ok || action == "" {
		return "", r, fmt.Errorf("%q: want ACTION=PER_SECOND[:BURST], such as CreateInvitations=20:100", text)
	}
	perSecond, burst, hasBurst := strings.Cut(value, ":")
	if r.PerSecond, err = strconv.ParseFloat(perSecond, 64); err != nil || !(r.PerSecond >= minPerSecond && r.PerSecond <= maxPerSecond) {
		return "", r, fmt.Errorf("%q: %q is no number of calls a second", text, perSecond)
	}
	r.Burst = max(1, int(r.PerSecond))
	if hasBurst {
		if r.Burst, err = strconv.Atoi(burst); err != nil || r.Burst < 1 || r.Burst > maxBurst {
			return "", r, fmt.Errorf("%q: %q is no number of calls", text, burst)
		}
	}
	if action == AnyAction {
		return action, r, nil
	}
	if !strings.Contains(action, ":") {
		action = "macie2:" + action
	}
	if name, ok := strings.CutPrefix(action, "macie2:"); ok && macie2.OperationNamed(name) == nil {
		return "", r, fmt.Errorf("%q: Macie has no operation %s", text, name)
	}
	return action, r, nil
}

// Options tune a Limiter.
type Options struct {
	// Rates are those that replace or add to the published ones, by action; AnyAction replaces
	// Default.
	Rates map[string]Rate
	// Most is how many buckets are kept. 0: 65,536, which take some 10 MB.
	Most int
}

// Limiter implements awsapi.Throttler. It is safe for concurrent use.
type Limiter struct {
	rates map[string]spacing
	rest  spacing
	most  int // buckets of a shard
	seed  maphash.Seed
	shard [shards]shard
}

const shards = 64

type shard struct {
	mu      sync.Mutex
	buckets map[bucket]int64 // when it will be full again, in nanoseconds since 1970
}

type bucket struct {
	account        macie2.AccountID
	region, action string
}

// spacing is a Rate in nanoseconds.
type spacing struct {
	each  int64 // what one call takes out of a bucket
	ahead int64 // how far from full a bucket may be for one more call
}

func (r Rate) spacing() spacing {
	each := max(1, int64(float64(time.Second)/r.PerSecond))
	ahead := float64(each) * float64(r.Burst-1)
	return spacing{each, int64(min(ahead, math.MaxInt64/4))}
}

// New returns a Limiter whose buckets are full.
func New(o Options) *Limiter {
	l := &Limiter{rates: map[string]spacing{}, rest: Default.spacing(), most: max(1, o.Most/shards), seed: maphash.MakeSeed()}
	if o.Most == 0 {
		l.most = 1 << 16 / shards
	}
	rates := Published()
	maps.Copy(rates, Costly())
	maps.Copy(rates, o.Rates)
	for action, r := range rates {
		if action == AnyAction {
			l.rest = r.spacing()
		} else {
			l.rates[action] = r.spacing()
		}
	}
	for i := range l.shard {
		l.shard[i].buckets = map[bucket]int64{}
	}
	return l
}

// Allow implements awsapi.Throttler. A call that is refused takes nothing.
func (l *Limiter) Allow(call *macie2.Call, action string) (retryAfter time.Duration, ok bool) {
	p, own := l.rates[action]
	if !own {
		p = l.rest
	}
	b := bucket{call.Account, call.Region, action}
	now := call.Now.UnixNano()
	s := &l.shard[maphash.Comparable(l.seed, b)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	full, known := s.buckets[b]
	full = max(full, now)
	if wait := full - now - p.ahead; wait > 0 {
		return time.Duration(wait), false
	}
	if !known && len(s.buckets) >= l.most {
		s.makeRoom(now, l.most)
	}
	s.buckets[b] = full + p.each
	return 0, true
}

// makeRoom drops the buckets that are full. Where that does not help, for one account can have as
// many buckets as it can name Regions, it drops others: an account then gets calls that it would
// not have had, and none loses any.
func (s *shard) makeRoom(now int64, most int) {
	for b, full := range s.buckets {
		if full <= now {
			delete(s.buckets, b)
		}
	}
	for b := range s.buckets {
		if len(s.buckets) <= most*3/4 {
			return
		}
		delete(s.buckets, b)
	}
}
