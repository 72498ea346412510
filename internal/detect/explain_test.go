package detect

import (
	"testing"

	"magpie/internal/detect/managed"
)

func TestExplain(t *testing.T) {
	ticket, err := CompileCustom(CustomConfig{Regex: "TCK-[0-9]{4}", Keywords: []string{"ticket"}, IgnoreWords: []string{"TCK-0000"}, MaximumMatchDistance: new(20)})
	if err != nil {
		t.Fatal(err)
	}
	allow, err := AllowWords([]byte("536-90-4311\n"))
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"USA_SOCIAL_SECURITY_NUMBER", "CREDIT_CARD_NUMBER", "CREDIT_CARD_NUMBER_(NO_KEYWORD)", "GERMANY_BANK_ACCOUNT_NUMBER", "UK_NHS_NUMBER", "CREDIT_CARD_SECURITY_CODE"}
	set, err := Compile(Config{Managed: ids, Custom: []*Custom{ticket}, AllowLists: []*AllowList{allow}})
	if err != nil {
		t.Fatal(err)
	}
	scanner, explainer := set.NewScanner(), set.NewExplainer()
	for _, c := range []struct {
		text, value, id string
		why             Why
		distance        int
	}{
		{"my ssn is 536-90-4399", "", "", 0, 0},
		{"number 536-90-4399", "536-90-4399", "USA_SOCIAL_SECURITY_NUMBER", WhyKeyword, -1},
		{"ssn and then more than thirty characters later 536-90-4399", "536-90-4399", "USA_SOCIAL_SECURITY_NUMBER", WhyKeyword, 44},
		{"my ssn is 666-12-3456", "666-12-3456", "USA_SOCIAL_SECURITY_NUMBER", WhyCheck, 0},
		{"my ssn is 536-90-4311", "536-90-4311", "USA_SOCIAL_SECURITY_NUMBER", WhyAllowed, 0},
		{"credit card 4012888888881881", "4012888888881881", "CREDIT_CARD_NUMBER", WhyTest, 0},
		{"paid 4012 8888 8888 1881 now", "4012 8888 8888 1881", "CREDIT_CARD_NUMBER_(NO_KEYWORD)", WhyTest, 0},
		{"credit card 4539148803436468", "4539148803436468", "CREDIT_CARD_NUMBER", WhyCheck, 0},
		{"to DE89 3704 0044 0532 0130 01 please", "DE89 3704 0044 0532 0130 01", "GERMANY_BANK_ACCOUNT_NUMBER", WhyCheck, 0},
		{"nhs number 9434765918", "9434765918", "UK_NHS_NUMBER", WhyCheck, 0},
		{"order TCK-1234", "TCK-1234", "", WhyKeyword, -1},
		{"ticket of the day before yesterday TCK-1234", "TCK-1234", "", WhyKeyword, 37},
		{"ticket TCK-0000", "TCK-0000", "", WhyIgnored, 0},
		{"SCHEMAV_CVC_ELT = 185", "185", "CREDIT_CARD_SECURITY_CODE", WhyPart, 0},
		{"call +49 30 1234567", "+49 30 1234567", "GERMANY_PHONE_NUMBER", WhyNotAsked, 0},
		{"page 185 of 200", "", "", 0, 0}, // three digits may be anything
	} {
		b := &Block{Text: []byte(c.text), Hi: len(c.text), Start: true, End: true}
		var found []Match
		scanner.Scan(b, func(m Match) { found = append(found, m) })
		var got []Missed
		explainer.Explain(b, nil, found, func(m Missed) bool { got = append(got, m); return true })
		if c.why == 0 {
			if len(got) > 0 {
				t.Errorf("%s: %+v", c.text, got)
			}
			continue
		}
		right := 0
		for _, m := range got {
			want := m.Managed == nil && m.Custom == ticket
			if c.id != "" {
				want = m.Managed == managed.Find(c.id)
			}
			if want && c.text[m.Start:m.End] == c.value && m.Why == c.why && m.Distance == c.distance {
				right++
			}
		}
		if right != 1 {
			t.Errorf("%s: %+v, want %s with %d, %d", c.text, got, c.value, c.why, c.distance)
		}
	}
}

// Whatever the text, what is told of lies in the block and is in order.
func FuzzExplain(f *testing.F) {
	set := compileAll(f)
	explainer := set.NewExplainer()
	f.Add([]byte("my ssn is 666-12-3456 DE89370400440532013001 4539148803436468"))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = text[:min(len(text), 4<<10)]
		b := &Block{Text: text, Hi: len(text), Start: true, End: true}
		last := 0
		explainer.Explain(b, nil, nil, func(m Missed) bool {
			if m.Start < last || m.End <= m.Start || m.End > len(text) || !m.Why.Valid() || m.Managed == nil {
				t.Errorf("%+v", m)
			}
			last = m.Start
			return true
		})
	})
}
