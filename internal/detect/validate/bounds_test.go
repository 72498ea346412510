package validate

import (
	"math/rand"
	"testing"
)

// TestBoundaries puts each valid value between neighbours that end a word and
// between ones that continue it.
func TestBoundaries(t *testing.T) {
	free := []struct{ left, right string }{
		{" ", " "}, {"\"", "\""}, {",", ","}, {"\t", "\n"}, {":", ";"}, {"=", "&"}, {"(", ")"}, {"“", "”"}, {"№", "。"}, {`\n`, " "}, {"'", "'"}, {">", "<"},
	}
	glued := []struct{ left, right string }{{"x", ""}, {"", "x"}, {"é", ""}, {"", "ж"}, {"_", ""}}
	for id, s := range All {
		for _, v := range examples[id].yes {
			for _, n := range free {
				// A parenthesis belongs to a phone number, and a cookie takes nearly any byte.
				if s.Family == "phone" && (n.left == "(" || n.left == "№") || id == "MEDICAL_DEVICE_UDI" || id == "HTTP_COOKIE" && n.right != " " {
					continue
				}
				text := []byte(n.left + v + n.right)
				if got := s.Func(text, len(n.left)); got != len(n.left)+len(v) {
					t.Errorf("%s in %q: end %d", id, text, got)
				}
			}
			if c := v[0]; !isAlnum(c) || v[len(v)-1] == '-' || v[len(v)-1] == '.' || id == "HTTP_COOKIE" || s.Family == "phone" {
				continue
			}
			for _, n := range glued {
				text := []byte(n.left + v + n.right)
				if got := s.Func(text, len(n.left)); got == len(n.left)+len(v) {
					t.Errorf("%s matches in %q", id, text)
				}
			}
		}
	}
}

// TestLongerNumbers: a piece of a longer number is no value.
func TestLongerNumbers(t *testing.T) {
	for _, c := range []struct{ id, left, value, right string }{
		{"USA_SOCIAL_SECURITY_NUMBER", "0.", "536904399", ""},
		{"USA_SOCIAL_SECURITY_NUMBER", "", "536904399", ".25"},
		{"USA_SOCIAL_SECURITY_NUMBER", "$", "536904399", ""},
		{"USA_SOCIAL_SECURITY_NUMBER", "12-", "536904399", ""},
		{"USA_SOCIAL_SECURITY_NUMBER", "", "536-90-4399", "-12"},
		{"BANK_ACCOUNT_NUMBER", "€", "123456789", ""},
		{"BANK_ACCOUNT_NUMBER", "£", "123456789", ""},
		{"CREDIT_CARD_NUMBER", "1", "4242424242424242", ""},
		{"CREDIT_CARD_NUMBER", "", "4242-4242-4242-4242", "-1111"},
	} {
		text := []byte(c.left + c.value + c.right)
		if got := All[c.id].Func(text, len(c.left)); got >= 0 {
			t.Errorf("%s in %q: %d", c.id, text, got)
		}
	}
}

// TestWindow holds every Func to the window its Spec promises: cutting the text
// outside of it changes nothing.
func TestWindow(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for id, s := range All {
		if s.Func == nil {
			continue
		}
		for range 200 {
			text, start := mutate(r, id)
			checkWindow(t, s, text, start)
		}
	}
}

const noise = " -.0179aAzZ/:(+\xc3\x91"

// mutate makes a text around one of the identifier's examples.
func mutate(r *rand.Rand, id string) (text []byte, start int) {
	ex := examples[id]
	all := append(append([]string{}, ex.yes...), ex.no...)
	left := "a 1-+.$(\"x\xc3\xa9 12:4_Proxy-Set- exp_month="
	left = left[r.Intn(len(left)):]
	v := []byte(all[r.Intn(len(all))])
	for range r.Intn(3) {
		v[r.Intn(len(v))] = noise[r.Intn(len(noise))]
	}
	right := " 12-34.5678 Mar 1999 ;/x\xc3\x97=(10)9"
	return []byte(left + string(v) + right[:r.Intn(len(right))]), len(left)
}

func checkWindow(t *testing.T, s *Spec, text []byte, start int) {
	t.Helper()
	checkShaped(t, s, text, start)
	checkShared(t, s, text, start)
	for _, f := range []Func{s.Func, s.Free} {
		if f == nil {
			continue
		}
		end := f(text, start)
		if end >= 0 && (end > len(text) || end-start < s.MinLen || end-start > s.MaxLen) {
			t.Fatalf("%s(%q, %d) = %d, outside %d to %d", s.ID, text, start, end, s.MinLen, s.MaxLen)
		}
		first := &s.First
		if end >= 0 && !first.Has(text[start]) {
			t.Fatalf("%s(%q, %d) = %d, but First lacks %q", s.ID, text, start, end, text[start])
		}
		if end >= 0 && !runOK(s, text, start) {
			t.Fatalf("%s(%q, %d) = %d starts with a run that is not in its set", s.ID, text, start, end)
		}
		lo, hi := max(0, start-LookBehind), min(len(text), start+s.MaxLen+LookAhead)
		if start < lo || start > hi {
			continue
		}
		cut := append([]byte{}, text[lo:hi]...)
		if got := f(cut, start-lo); got != end && got+lo != end {
			t.Fatalf("%s(%q, %d) = %d, in its window %d", s.ID, text, start, end, got+lo)
		}
	}
}

// checkShaped holds a ShapedFunc against the Func it stands for.
func checkShaped(t *testing.T, s *Spec, text []byte, start int) {
	t.Helper()
	text = text[:min(len(text), start+64)]
	if s.Shaped == nil || start >= len(text) {
		return
	}
	var shape Shape
	for i, c := range text[start:] {
		bit := uint64(1) << i
		switch {
		case isDigit(c):
			shape.Digits |= bit
		case isLetter(c):
			shape.Letters |= bit
			if c == upper(c) {
				shape.Capitals |= bit
			}
		case c == ' ':
			shape.Spaces |= bit
		case c == '-':
			shape.Hyphens |= bit
		case c >= 0x80 && c < 0xC0:
			return // may be a separator outside ASCII
		}
	}
	if got, want := s.Shaped(text, start, &shape), s.Func(text, start); got != want {
		t.Fatalf("%s(%q, %d) = %d, by its shape %d", s.ID, text, start, want, got)
	}
}

// checkShared holds a PhoneFunc against the Func it stands for, after another plan has
// been asked.
func checkShared(t *testing.T, s *Spec, text []byte, start int) {
	t.Helper()
	if s.Phone == nil {
		return
	}
	var p Phone
	for _, other := range plans {
		other.shared(text, start, &p)
		if got, want := s.Phone(text, start, &p), s.Func(text, start); got != want {
			t.Fatalf("%s(%q, %d) = %d, after %s %d", s.ID, text, start, want, other.id, got)
		}
	}
}

// runOK says whether the run of digits or letters at start is one of the Spec's.
func runOK(s *Spec, text []byte, start int) bool {
	set, same := s.DigitRuns, isDigit
	switch c := text[start]; {
	case isLetter(c):
		set, same = s.LetterRuns, isLetter
	case !isDigit(c):
		return true
	}
	n := 0
	for start+n < len(text) && same(text[start+n]) {
		n++
	}
	return set.Has(n)
}

// TestNoAllocation: matching never allocates.
func TestNoAllocation(t *testing.T) {
	for id, s := range All {
		if s.Func == nil {
			continue
		}
		for _, v := range append(append([]string{}, examples[id].yes...), examples[id].no...) {
			text := []byte(v + " 12")
			if n := testing.AllocsPerRun(5, func() { s.Func(text, 0) }); n > 0 {
				t.Errorf("%s(%q): %v allocations", id, v, n)
			}
		}
	}
}

func FuzzFunc(f *testing.F) {
	ids := IDs()
	for i, id := range ids {
		for _, v := range examples[id].yes {
			f.Add(uint8(i), []byte(v), 0)
			f.Add(uint8(i), []byte("no. "+v+"."), 4)
		}
	}
	f.Fuzz(func(t *testing.T, k uint8, text []byte, start int) {
		s := All[ids[int(k)%len(ids)]]
		if s.Func == nil {
			return
		}
		if start < 0 || start > len(text) {
			for _, fn := range []Func{s.Func, s.Free} {
				if fn != nil && fn(text, start) >= 0 {
					t.Fatalf("%s matches outside the text", s.ID)
				}
			}
			return
		}
		checkWindow(t, s, text, start)
		if s.Family == "iban" && s.Free != nil {
			if k, end := IBAN(text, start); IBANs()[k] == s.ID && s.Free(text, start) != end {
				t.Fatalf("IBAN and %s differ", s.ID)
			}
		}
	})
}
