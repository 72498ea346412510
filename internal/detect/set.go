package detect

import (
	"fmt"
	"sort"
	"sync"

	"magpie/internal/detect/managed"
	"magpie/internal/detect/validate"
)

// Config says what a Set looks for.
type Config struct {
	// Managed lists ids of managed data identifiers; see managed.IDs and
	// managed.Recommended.
	Managed []string
	// Custom lists compiled custom data identifiers.
	Custom []*Custom
	// AllowLists hold what is not to be reported.
	AllowLists []*AllowList
}

// Identifier is one of the identifiers of a Set. Exactly one of Managed and Custom
// is set.
type Identifier struct {
	// ID is the managed identifier's id; empty for a custom one.
	ID string
	// Category is the managed identifier's category, CUSTOM_IDENTIFIER otherwise.
	Category string
	Managed  *managed.Identifier
	Custom   *Custom
}

// CategoryCustom is the category of custom data identifiers in findings.
const CategoryCustom = "CUSTOM_IDENTIFIER"

// Set is a compiled collection of identifiers and allow lists. It is immutable and
// safe for concurrent use. What scanning takes is made when it is used first: who only
// checks what is to be looked for, and has others scan, does not pay for it.
type Set struct {
	once                 sync.Once // see ready
	ids                  []Identifier
	managed              int     // ids[:managed] are managed, the rest are custom
	rules                []*rule // by identifier; nil functions where there is nothing to find
	keywords             keywordTable
	filter, fieldFilter  prefilter // for text, and for values with names, whose parts it has as well
	allow                []*AllowList
	fingers, freeFingers *fingers // of the custom identifiers, of those that need no keyword; nil without any

	// The rules that need no keyword, by what leads to their values.
	iban          []*rule // by country, as validate.IBANs
	card          *rule
	phones        []*rule
	phoneByCode   [100]*rule // by the first two digits after + or 00
	name, address *rule

	// The identifiers whose values near a keyword start with a byte, and with a run of
	// so many digits or letters.
	first                 [256]idSet
	startKinds            [256]uint8 // by byte: bytes with the same identifiers share a number
	startBytes            []byte     // one byte of each number
	digitRuns, letterRuns [validate.MaxRun + 1]idSet
	customKeywords        bool                    // a custom identifier has keywords
	customNames           *customNames            // nil when none has one that may stand in names
	signs                 idSet                   // identifiers whose values may start with one or two signs before a letter or digit
	accented              idSet                   // those of them whose values may start with up to four, some outside ASCII: &ÑA010203AB1
	anywhere              idSet                   // those whose values may start with any number of signs
	phoneIDs              idSet                   // phone numbers
	phoneStart            [phoneStarts]idSet      // phone numbers without a plus sign by their first digits, see phoneKey
	phoneDigits           [maxPhoneText + 1]idSet // phone numbers with at most so many digits
	maxNear               int                     // bytes in the longest value that stands near a keyword
	lookbehind, lookahead int
}

// Compile builds a Set. It fails on an id that is not a managed identifier's and on
// one that is listed twice.
func Compile(c Config) (*Set, error) {
	s := &Set{allow: c.AllowLists}
	ids := append([]string(nil), c.Managed...)
	sort.Strings(ids)
	for i, id := range ids {
		m := managed.Find(id)
		if m == nil {
			return nil, fmt.Errorf("compile identifiers: there is no managed data identifier %q", id)
		}
		if i > 0 && ids[i-1] == id {
			return nil, fmt.Errorf("compile identifiers: managed data identifier %s is listed twice", id)
		}
		s.ids = append(s.ids, Identifier{ID: id, Category: m.Category, Managed: m})
	}
	s.managed = len(s.ids)
	for _, c := range c.Custom {
		s.ids = append(s.ids, Identifier{Category: CategoryCustom, Custom: c})
	}
	return s, nil
}

// Prepare makes what scanning takes, for whoever wants to have that behind him.
func (s *Set) Prepare() { s.ready() }

// ready makes what scanning takes, once, and returns the set.
func (s *Set) ready() *Set {
	s.once.Do(s.bind)
	return s
}

// Identifiers returns the identifiers; Match.Identifier is an index into it. The
// caller must not change it.
func (s *Set) Identifiers() []Identifier { return s.ids }

// Lookbehind is how many bytes before Block.Lo a block has to lend for results that
// do not depend on where blocks are cut.
func (s *Set) Lookbehind() int { return s.ready().lookbehind }

// Lookahead is the same after Block.Hi.
func (s *Set) Lookahead() int { return s.ready().lookahead }
