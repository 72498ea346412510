package extract

import (
	"fmt"
	"strings"
	"testing"
)

// What stands in markup where nothing is looked for is read too, in its place: each file holds so many numbers, and begins with its name.
func TestMarkupPassesOverNothing(t *testing.T) {
	const said = "SSN 527-22-8008"
	for file, want := range map[string]int{
		`a.xml <?xml version="1.0" note="` + said + `"?><a>x</a>`:                                                    1,
		`a.xml <?xml version="1.0" encoding="` + said + `"?><a>x</a>`:                                                1,
		`a.xml <?xml version="1.0"?><a>x</a><?xml ` + said + `?>`:                                                    1,
		`a.xml <?xml version="1.0"?><a>x</a ` + said + `>`:                                                           1,
		`a.xml <?xml version="1.0"?><a>x</SSN:527-22-8008></a>`:                                                      1,
		`a.xml <?xml version="1.0"?><a527-22-8008>x</a527-22-8008>`:                                                  0,
		`a.xml <?xml version="1.0"?><a>527-<tspan x="1" y="20">22-8008</tspan></a>`:                                  1,
		`a.xml <?xml version="1.0"?><a>527-<tspan x="` + said + `">22-1234</tspan></a>`:                              2,
		`a.xml <?xml version="1.0"?><!DOCTYPE a [ <!-- <!ENTITY x "` + said + `"> --> ]><a>x</a>`:                    1,
		`a.xml <?xml version="1.0"?><!DOCTYPE a [ <!-- <!ENTITY x "no"> --> <!ENTITY x "` + said + `"> ]><a>&x;</a>`: 1,
		`a.xml <?xml version="1.0"?><a><!-- <!ENTITY x "` + said + `"> --></a>`:                                      1,
		`a.html <html><p>x</p ` + said + `></html>`:                                                                  1,
		`a.html <html><p ` + said + `>x</p></html>`:                                                                  1,
		`a.html <html><p id="` + said + `" class=b>x</p></html>`:                                                     1,
		`a.html <html><p class="` + said + `">x</p></html>`:                                                          1,
		`a.html <html><img src="https://example.com/?ssn=527-22-8008"></html>`:                                       1,
		`a.html <html><path d="` + said + `"></path></html>`:                                                         1,
		`a.html <html><path d="M527-22-8008" transform="rotate(527-22-8008)"></path></html>`:                         0,
		`a.html <html><p id="a">527-<b class="b1">22-8008</b></p></html>`:                                            1,
		`a.html <html><script nonce="` + said + `">x</script></html>`:                                                1,
		`a.html <html><p>ask <527-22-8008@example.com> for it</html>`:                                                1,
		`a.html <html><p>ask <joe.527-22-8008@example.com> for it</html>`:                                            1,
		`a.html <html><p>SSN &#00000000000000053;27-22-8008</html>`:                                                  1,
		`a.html <html><p>SSN &#53&#50&#x37-22-8008</html>`:                                                           1,
		`a.html <html><p>&#; &#x; &#xg; &#99999999; 527-22-8008</html>`:                                              1,
		`a.html <html><!--` + strings.Repeat("x y ", 20_000) + `<p id="` + said + `">--></html>`:                     1,
		`a.html <html><script>` + strings.Repeat("a", 64*kib-15) + `</script><p title="` + said + `">x</html>`:       1,
		`a.html <html><p title="` + said + `" 1234x>x</p></html>`:                                                    1,
		`a.html <html><a title="` + said + `"" @click href=x (y) data-a="1" 527-45-6789>x</a></html>`:                2,
		`a.html <html><p class="a 378282 246310 005 527-22-8008">x</p></html>`:                                       1,
	} {
		name, text, _ := strings.Cut(file, " ")
		r := extractBytes(t, name, []byte(text), Options{})
		for _, h := range r.found {
			if i := int(h.loc.Column) - 1; h.loc.Line != 1 || !strings.HasPrefix(text[min(i, len(text)):], "527-") && !strings.HasPrefix(text[min(i, len(text)):], "&#") {
				t.Errorf("%.120s: found at %v", file, h.loc)
			}
		}
		if len(r.found) != want || r.status[""].Code != Complete {
			t.Errorf("%.120s: %v, found %d, want %d", file, r.status[""], len(r.found), want)
		}
	}
}

// The numbers that pages give their elements and pictures are like those of cards. Only what is written as people write it is read, and what
// stands in the parameters of an address.
func TestNumbersOfElementsAreNotRead(t *testing.T) {
	for text, told := range map[string]string{
		`<p id="post-4154567890123456">`:                                        "",
		`<p class="tweet 4154567890123456789 row-1">`:                           "",
		`<p id="t-4154567890123456-2">`:                                         "",
		`<img src="/v/t39.30808-6/415456_4154567890123456_n.jpg?oh=ab41&oe=6">`: "oh=ab41&oe=6",
		`<img src="/a.js?4154567890123456">`:                                    "",
		`<img srcset="/4154567890123456.jpg 2x">`:                               "",
		`<p id="card 4154-5678-9012-3456">`:                                     "4154-5678-9012-3456",
		`<p class="card 3782 822463 10005">`:                                    "3782 822463 10005",
		`<img src="/a?card=4154567890123456">`:                                  "card=4154567890123456",
		`<p id="4154567890@example.com">`:                                       "4154567890@example.com",
		`<p id="n.1.415-555-0134x">`:                                            "415-555-0134",
	} {
		r := extractBytes(t, "a.html", []byte("<html>"+text+"x</html>"), Options{})
		got := r.text[""].String()
		if told == "" && strings.ContainsAny(got, "0123456789") || !strings.Contains(got, told) || strings.Contains(got, "4154567890123456_") {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// An end tag may stand anywhere about the end of the buffer: what follows the script is markup again.
func TestScriptEndsAtBuffer(t *testing.T) {
	for cut := range 16 {
		text := "<html><script>" + strings.Repeat("a", 64*kib-24+cut) + "</script><p>527-<b>22</b>-8008</p></html>"
		if r := extractBytes(t, "a.html", []byte(text), Options{}); len(r.found) != 1 {
			t.Errorf("%s", fmt.Sprint(cut, ": ", r.report()))
		}
	}
}
