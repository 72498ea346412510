package validate

import "sort"

// Func reports where the longest valid value that starts at text[start] ends, or
// -1 when none does. See the package comment for what it promises.
type Func func(text []byte, start int) (end int)

// Spec is what the engine needs to know of an identifier's value.
type Spec struct {
	// ID is Macie's name of the identifier.
	ID string
	// Func matches a value that stands near one of the identifier's keywords.
	// For an identifier that takes no keywords it equals Free.
	Func Func
	// Free matches a value that is reported without a keyword nearby. It is nil
	// where a keyword is always required. What Free accepts Func accepts too.
	Free Func
	// Shaped is Func for a caller that knows the [Shape] of the text; nil where that
	// would not help.
	Shaped ShapedFunc
	// Format is Func less the check: what only looks like a value, for whoever wants to
	// say why it is none. Nil where there is no check, or nothing left without it.
	Format Func
	// Phone is Func where those of several plans are asked in turn; nil for what is no
	// phone number.
	Phone PhoneFunc
	// MinLen and MaxLen bound the length of a value in bytes.
	MinLen, MaxLen int
	// First is the set of bytes that a value for Func starts with, FreeFirst the
	// same for Free.
	First, FreeFirst ByteSet
	// DigitRuns and LetterRuns say how long the run of digits, or of ASCII letters,
	// is that a value for Func starts with: bit n for n of them, the last bit for
	// as many or more. The run goes on to the first other byte of the text, so a
	// prefilter needs to know nothing of the format.
	DigitRuns, LetterRuns Runs
	// Family groups identifiers that share one matcher: "iban" ([IBAN] finds the
	// country), "card", "phone". Empty for the others.
	Family string
	// Local matches the domestic form where Func is the longer of that and the
	// family's: a BBAN beside an IBAN. Nil where there is none.
	Local Func
	// National has the digits that a phone number starts with in national form,
	// behind a parenthesis or not; empty for what is no phone number.
	National string
	// Code is the country code of a phone number, where that may stand without a plus
	// sign near a keyword; empty else.
	Code string
	// Checked says that a check digit or an equally strong rule stands behind
	// every form that Func accepts, or all but rare ones: one wrong digit makes it
	// no value. Where only some forms have one it is false.
	Checked bool
}

// Runs is a set of lengths.
type Runs uint32

// MaxRun is the last bit of Runs.
const MaxRun = 31

// Has reports whether a run of n is in the set.
func (r Runs) Has(n int) bool { return r>>min(n, MaxRun)&1 != 0 }

// anyRun has every length.
const anyRun = ^Runs(0)

// runs is the set of the lengths from lo to hi.
func runs(lo, hi int) (r Runs) {
	for n := lo; n <= hi; n++ {
		r |= 1 << min(n, MaxRun)
	}
	return r
}

// ByteSet is a set of bytes.
type ByteSet [4]uint64

// Has reports whether c is in the set.
func (s *ByteSet) Has(c byte) bool { return s[c>>6]>>(c&63)&1 != 0 }

func (s *ByteSet) add(c byte) { s[c>>6] |= 1 << (c & 63) }

func (s *ByteSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func setOf(chars string) (s ByteSet) {
	for i := range len(chars) {
		s.add(chars[i])
	}
	return s
}

// union returns the bytes of both sets.
func (s ByteSet) union(o ByteSet) ByteSet {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// All has a Spec for every managed data identifier.
var All = func() map[string]*Spec {
	m := make(map[string]*Spec, 170)
	for _, part := range [][]Spec{
		secretSpecs(), cardSpecs(), bankSpecs(), healthSpecs(), licenceSpecs(),
		nationalSpecs(), taxSpecs(), passportSpecs(), phoneSpecs(), miscSpecs(),
	} {
		for i := range part {
			s := &part[i]
			if m[s.ID] != nil {
				panic("validate: two specs for " + s.ID)
			}
			if s.DigitRuns == 0 && s.LetterRuns == 0 {
				s.DigitRuns, s.LetterRuns = anyRun, anyRun
			}
			if s.Free != nil && s.FreeFirst == (ByteSet{}) {
				s.FreeFirst = s.First
			}
			m[s.ID] = s
		}
	}
	return m
}()

// IDs returns the identifiers in All, sorted.
func IDs() []string {
	ids := make([]string, 0, len(All))
	for id := range All {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// keyword makes the Spec of an identifier that requires a keyword.
func keyword(id string, r *rule) Spec {
	s := r.spec()
	s.ID = id
	return s
}

// checked is keyword for a rule whose check catches any one wrong digit.
func checked(id string, r *rule) Spec {
	s := keyword(id, r)
	s.Checked = true
	return s
}
