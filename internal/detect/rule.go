package detect

import (
	"slices"
	"unicode/utf8"

	"magpie/internal/detect/managed"
	"magpie/internal/detect/validate"
)

// rule says how the values of one managed identifier are found.
type rule struct {
	id   int
	info *managed.Identifier
	// near matches a value that has a keyword near it, free one that has none.
	// Either may be nil.
	near, free validate.Func
	shaped     validate.ShapedFunc // near where the shape is known; may be nil
	phone      validate.PhoneFunc  // near for a phone number; else nil
	// local is the form of near that shared does not find: a BBAN. shared says that
	// what free matches has been looked for already when near is asked, and near
	// matches that or local.
	local                validate.Func
	shared               bool
	nearFirst, freeFirst validate.ByteSet
	minLen, maxLen       int
	// lead is how many bytes of a value may precede its first digit: a value near a
	// keyword always holds a digit.
	lead int
	// absent marks the identifier that is reported only where no keyword is near:
	// CREDIT_CARD_NUMBER_(NO_KEYWORD). The keywords it owns are those of
	// CREDIT_CARD_NUMBER.
	absent bool
	weight uint8 // evidence of a value near a keyword, see beats
	strong bool  // a free value proves itself
	// weak says that a plain value, letters and digits without a separator or a check, is
	// so common that a keyword must end the name it stands in, see lastWord.
	weak bool
}

const (
	idCard          = "CREDIT_CARD_NUMBER"
	idCardNoKeyword = "CREDIT_CARD_NUMBER_(NO_KEYWORD)"

	// maxReach is how far a keyword may be from a value, in characters.
	maxReach = 30
	// maxLead is rule.lead of all but the credentials, where digits come at random.
	maxLead = 24
	// signReach is how far before its first letter or digit a value may start with
	// signs; accentReach is the same where those may be outside ASCII.
	signReach   = 2
	accentReach = 8
	// maxKeyword bounds a keyword in the text, in bytes, gaps included. The longest
	// has fewer than 60 characters.
	maxKeyword = 320
)

// keywordTable finds the keywords of managed identifiers.
type keywordTable struct {
	trie    *trie
	owners  []idSet // by form of a keyword
	longest []int   // by form: bytes in the longest value of its owners
}

// bind compiles the rules, keywords and literals of the identifiers of the set.
func (s *Set) bind() {
	s.keywords.trie = newTrie()
	byForm := map[string]int{}
	for i, id := range s.ids[:s.managed] {
		r := s.bindRule(i, id.Managed)
		s.rules = append(s.rules, r)
		keywords := id.Managed.AllKeywords()
		if r.absent {
			keywords = managed.Find(idCard).Keywords
		}
		for _, k := range keywords {
			s.addKeyword(byForm, k, i)
		}
	}
	for i := range s.ids[s.managed:] {
		c := s.ids[s.managed+i].Custom
		c.enter(&s.filter, i)
		s.customKeywords = s.customKeywords || c.trie != nil
	}
	s.bindPhones()
	s.fieldFilter = s.filter.clone()
	s.enterParts()
	customs := make([]*Custom, 0, len(s.ids)-s.managed)
	for _, id := range s.ids[s.managed:] {
		customs = append(customs, id.Custom)
	}
	s.customNames = newCustomNames(customs)
	s.fingers, s.freeFingers = newFingers(customs, true), newFingers(customs, false)
	s.lookbehind = max(4*(maxKeyword+maxReach)+validate.LookBehind, 4*(MaxMatchDistance+MaxKeywordLength)+utf8.UTFMax)
	s.lookahead = MaxCustomMatch
	for _, r := range s.rules {
		if r.free != nil {
			s.lookahead = max(s.lookahead, r.maxLen)
		}
		if r.near != nil {
			s.maxNear = max(s.maxNear, r.maxLen)
			for c := range 256 {
				if r.nearFirst.Has(byte(c)) {
					s.first[c].add(r.id)
				}
			}
			spec := validate.All[r.info.ID]
			for n := range validate.MaxRun + 1 {
				if spec.DigitRuns.Has(n) {
					s.digitRuns[n].add(r.id)
				}
				if spec.LetterRuns.Has(n) {
					s.letterRuns[n].add(r.id)
				}
			}
			switch {
			case spec.Family == "phone":
				s.phoneIDs.add(r.id)
				s.signs.add(r.id)
			case spec.ID == "AWS_CREDENTIALS" || spec.ID == "MEDICAL_DEVICE_UDI":
				s.anywhere.add(r.id)
			case spec.First.Has('+') || spec.First.Has('&') || spec.First.Has('(') || spec.First.Has('%') || spec.First.Has(';') ||
				spec.First.Has('-') || spec.First.Has('/') || spec.First.Has('='):
				s.signs.add(r.id)
			}
			if spec.First.Has(0xC3) {
				s.accented.add(r.id)
			}
		}
	}
	s.keywords.longest = make([]int, len(s.keywords.owners))
	for k := range s.keywords.owners {
		s.keywords.owners[k].each(func(id int) {
			s.keywords.longest[k] = max(s.keywords.longest[k], s.rules[id].maxLen)
		})
	}
	s.lookahead += 4 * (s.maxNear + maxReach)
	s.bindStarts()
}

// minPhoneDigits is how many digits the shortest phone number has, its prefix included.
const minPhoneDigits = 6

// bindPhones says which numbering plans have numbers that start with what digits, and
// which have some with no more digits than so many.
func (s *Set) bindPhones() {
	for _, r := range s.rules {
		spec := validate.All[r.info.ID]
		for _, d := range spec.National {
			for next := range 10 {
				s.phoneStart[int(d-'0')*10+next].add(r.id)
			}
			s.phoneStart[phoneAlone+int(d-'0')].add(r.id)
		}
		if c := spec.Code; c != "" {
			s.phoneStart[int(c[0]-'0')*10+int(c[1]-'0')].add(r.id)
		}
		if spec.Family == "phone" {
			for n := max(spec.MinLen, minPhoneDigits); n <= maxPhoneText; n++ {
				s.phoneDigits[n].add(r.id)
			}
		}
	}
}

// addKeyword enters every surface form of a keyword. Owners are kept by form, not by
// keyword: "passportno" is a keyword of one identifier and a form of another's
// "passport no".
func (s *Set) addKeyword(byForm map[string]int, keyword string, owner int) {
	for _, form := range surfaces(keyword) {
		n, ok := byForm[form]
		if !ok {
			n = len(s.keywords.owners)
			byForm[form] = n
			s.keywords.owners = append(s.keywords.owners, idSet{})
			s.keywords.trie.add(form, n)
			s.filter.add(form, func(b *bucket) { b.managed = true })
		}
		s.keywords.owners[n].add(owner)
	}
}

func (s *Set) bindRule(i int, m *managed.Identifier) *rule {
	r := &rule{id: i, info: m, weight: weightFormat}
	spec := validate.All[m.ID]
	if spec == nil {
		return r
	}
	r.near, r.nearFirst, r.minLen, r.maxLen = spec.Func, spec.First, spec.MinLen, spec.MaxLen
	r.free, r.freeFirst, r.shaped, r.phone = spec.Free, spec.FreeFirst, spec.Shaped, spec.Phone
	if spec.Checked {
		r.weight = weightChecked
	}
	r.weak = !spec.Checked && m.Category != "CREDENTIALS"
	if r.lead = min(spec.MaxLen, maxLead); m.Category == "CREDENTIALS" {
		r.lead = spec.MaxLen
	}
	switch {
	case m.ID == idCardNoKeyword:
		r.near, r.absent = nil, true
	case m.Keyword == managed.KeywordNone:
		r.near = nil
	}
	switch m.ID {
	case "NAME":
		r.free, r.maxLen = fullName, maxName
	case "ADDRESS":
		r.free, r.maxLen = mailingAddress, maxAddress
	}
	if m.ID == "JSON_WEB_TOKEN" {
		r.free = compactJWT
	}
	// A Luhn digit is a check, not a proof: one number in ten has it.
	r.strong = r.free != nil && !r.absent && (spec.Checked || m.Category == "CREDENTIALS")
	s.bindTrigger(r, spec)
	return r
}

// bindTrigger says what leads to the values of a rule that need no keyword.
func (s *Set) bindTrigger(r *rule, spec *validate.Spec) {
	literals := func(offset int, texts ...string) {
		for _, text := range texts {
			l := literal{text, offset, r}
			s.filter.add(text, func(b *bucket) { b.literals = append(b.literals, l) })
		}
	}
	switch {
	case r.free == nil:
	case r.info.ID == "NAME":
		s.name = r
	case r.info.ID == "ADDRESS":
		s.address = r
		// Four digits are mostly years, so those of Australia are found from the state, but for its code in capitals.
		for _, state := range []string{"nsw", "vic", "qld", "tas", "act", "wales", "victoria", "queensland", "tasmania", "australia", "territory"} {
			literals(len(state)+1, state+" ")
			literals(len(state)+2, state+", ")
		}
	case spec.Family == "iban":
		countries := validate.IBANs()
		if s.iban == nil {
			s.iban = make([]*rule, len(countries))
		}
		s.iban[slices.Index(countries, r.info.ID)] = r
		r.shared, r.local = true, spec.Local
	case spec.Family == "card":
		s.card = r
	case spec.Family == "phone":
		s.phones = append(s.phones, r)
		code := map[string]string{
			"PHONE_NUMBER": "1", "BRAZIL_PHONE_NUMBER": "55", "FRANCE_PHONE_NUMBER": "33", "GERMANY_PHONE_NUMBER": "49",
			"ITALY_PHONE_NUMBER": "39", "SPAIN_PHONE_NUMBER": "34", "UK_PHONE_NUMBER": "44",
		}[r.info.ID]
		for c := range 10 {
			if i := int(code[0]-'0') * 10; len(code) == 1 {
				s.phoneByCode[i+c] = r
			} else if int(code[1]-'0') == c {
				s.phoneByCode[i+c] = r
			}
		}
	case r.info.ID == "HTTP_BASIC_AUTH_HEADER":
		literals(0, "authorization", "proxy-authorization")
	case r.info.ID == "HTTP_COOKIE":
		literals(0, "cookie", "set-cookie")
	case r.info.ID == "JSON_WEB_TOKEN":
		literals(0, "ey")
	case r.info.ID == "STRIPE_CREDENTIALS":
		literals(0, "sk_", "rk_", "pk_")
	case r.info.ID == "PUTTY_PRIVATE_KEY":
		literals(0, "putty-user-key-file-")
	default: // the PEM blocks
		literals(-len("-----"), "begin ", "begin%20", "begin+") // the latter two in a URL
	}
}

// compactJWT is validate.JWT for headers that begin as encoders write them, with {"
// or "{ ", and not with a line break.
func compactJWT(text []byte, start int) int {
	if start+1 >= len(text) || text[start+1] != 'y' {
		return -1
	}
	return validate.JWT(text, start)
}
