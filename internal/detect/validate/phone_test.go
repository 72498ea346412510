package validate

import (
	"strings"
	"testing"
)

// phonesIn returns which plans find a number in a text, near a keyword or without one,
// with what they find.
func phonesIn(text string, near bool) map[string]string {
	found := map[string]string{}
	for _, pl := range plans {
		f := pl.free
		if near {
			f = pl.any
		}
		for i := range text {
			if end := f([]byte(text), i); end >= 0 {
				found[pl.id] = text[i:end]
				break
			}
		}
	}
	return found
}

// TestCountryCodeAlone: near a keyword the country code needs no plus sign; without one
// it does.
func TestCountryCodeAlone(t *testing.T) {
	for id, national := range map[string]string{
		"UK_PHONE_NUMBER":      "44 20 7946 0958|44 7911 123456|44 (0)20 7946 0958|442079460958|44-20-7946-0958|(44) 20 7946 0958|44.20.7946.0958",
		"FRANCE_PHONE_NUMBER":  "33 1 23 45 67 89|33 6 12 34 56 78|33123456789|33-1-23-45-67-89|(33) 1 23 45 67 89|33 (0)1 23 45 67 89",
		"GERMANY_PHONE_NUMBER": "49 30 12345678|49 171 1234567|493012345678|49-30-12345678|(49) 30 12345678|49 (0)30 12345678",
		"ITALY_PHONE_NUMBER":   "39 06 12345678|39 347 123 4567|390612345678|39-347-1234567|(39) 347 1234567",
		"SPAIN_PHONE_NUMBER":   "34 612 345 678|34 91 123 45 67|34612345678|34-612-345-678|(34) 612 345 678",
		"BRAZIL_PHONE_NUMBER":  "55 11 91234-5678|55 (11) 91234-5678|5511912345678|55-11-91234-5678|(55) 11 3123-4567",
		"PHONE_NUMBER":         "1 212 555 0123|12125550123|1-212-555-0123|1 (212) 555-0123",
	} {
		for _, n := range strings.Split(national, "|") {
			for _, text := range []string{n, "tel: " + n + ".", "phone=" + n + ";", "(" + n + " "} {
				if got := phonesIn(text, true); got[id] != n {
					t.Errorf("%q near a keyword: %v", text, got)
				}
			}
			if id == "PHONE_NUMBER" {
				continue
			}
			if got := phonesIn("id "+n+" x", false); len(got) != 0 {
				t.Errorf("%q without a keyword: %v", n, got)
			}
			if got := phonesIn("+"+strings.TrimPrefix(n, "("), false); n[0] != '(' && got[id] == "" {
				t.Errorf("+%s: %v", n, got)
			}
		}
	}
}

// TestNoPhone: what looks like a phone number in part.
func TestNoPhone(t *testing.T) {
	for _, text := range []string{
		// The tail of another country's number.
		"+41 44 668 18 00", "+353 1 234 5678", "+61 2 9374 4000", "+7 495 123-45-67", "+52 55 5234 5678", "+91 98765 43210", "+86 212 555 0123",
		"+351 212 555 0123", "0041 44 668 18 00", "0052 55 5234 5678", "+971-4-212-5555", "41 44 668 18 00", "+358 9 0301 2345", "+380 44 123 45 67",
		"+31 (0)20 794 6095", "+32 2 212 55 50", "+48 612 345 678", "+420 612 345 678", "+351 91 234 5678", "+46 8 612 34 56",
		// A decimal, a negative number.
		"0.2125550123", "3.1415926535", "12.3456789012", "212.5550123", "-2125550123", "-0301234567", "-612345678", "= -3471234567", "\u22122125550123",
		"0.612345678", "91.1234567", "+4.9123456789", "-73.2125550123", "2125550123.5",
		// A date, with a time or a zone.
		"2026-11-30", "2026-11-30 08", "02.12.2026 08", "30/11/2026 0814", "08:14:16 +1245 200 1234", "01-02-2003 04", "2026-11-30T08:14:16+0100",
		"Sun, 06 Nov 1994 08:49:37 +0200 11 22", "2026.11.30.081416", "20:15:00 -0300 11",
	} {
		if got := phonesIn(text, true); len(got) != 0 {
			t.Errorf("%q near a keyword: %v", text, got)
		}
	}
	for _, text := range []string{"+44.1234567890", "+1.2125550123", "+49.30123456", "lat +49.1234567"} {
		if got := phonesIn(text, false); len(got) != 0 {
			t.Errorf("%q without a keyword: %v", text, got)
		}
	}
	for text, id := range map[string]string{
		"+44.2079460958": "UK_PHONE_NUMBER", "06.12345678": "ITALY_PHONE_NUMBER", "555.1234": "PHONE_NUMBER", "212.555.0123": "PHONE_NUMBER",
		"12 030 1234567": "GERMANY_PHONE_NUMBER", "42 212-555-0123": "PHONE_NUMBER", "+41 44 668 18 00 030 1234567": "GERMANY_PHONE_NUMBER",
		"+41 44 668 18 00, 212-555-0123": "PHONE_NUMBER", "Phone-212-555-0123 or - 212-555-0123": "PHONE_NUMBER", "+1 212 555 0123 +44 20 7946 0958": "UK_PHONE_NUMBER",
	} {
		if got := phonesIn(text, true); got[id] == "" {
			t.Errorf("%q: %v, want %s", text, got, id)
		}
	}
}
