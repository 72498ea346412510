package mail_test

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/mail"
)

func TestParseRelay(t *testing.T) {
	for address, want := range map[string]string{
		"smtp://relay.example.com":                          "smtp://relay.example.com:25",
		"smtp://relay.example.com/":                         "smtp://relay.example.com:25",
		"smtp://relay.example.com:2525":                     "smtp://relay.example.com:2525",
		"smtps://relay.example.com":                         "smtps://relay.example.com:465",
		"smtps://relay.example.com?tls=required":            "smtps://relay.example.com:465",
		"smtp://[::1]:25":                                   "smtp://[::1]:25",
		"smtp://user:s3cret@relay.example.com":              "smtp://…@relay.example.com:587",
		"smtp://user:s3cret@relay.example.com?tls=required": "smtp://…@relay.example.com:587?tls=required",
		"smtp://u%40example.com:s3cret%2F@relay:25?tls=off": "smtp://…@relay:25?tls=off",
		"smtp://relay?connections=3&helo=magpie.example":    "smtp://relay:25",
	} {
		relay, err := mail.ParseRelay(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		for _, shown := range []string{relay.String(), fmt.Sprint(relay), fmt.Sprintf("%#v", relay), fmt.Sprintf("%+v", relay)} {
			if shown != want {
				t.Errorf("%s is shown as %s, want %s", address, shown, want)
			}
		}
	}
}

func TestParseRelayRefuses(t *testing.T) {
	for _, address := range []string{
		"", "relay.example.com", "relay.example.com:25", "http://relay.example.com", "smtp:relay", "smtp://", "smtp://:25",
		"smtp://user@relay", "smtp://user:@relay", "smtp://:s3cret@relay", "smtp://user:s3cret%00@relay",
		"smtp://user:s3cret/with@relay", "smtp://user:s3cret#with@relay", "smtp://user:s3cret%zz@relay", "smtp://user:s3 cret@re lay",
		"smtp://relay:0", "smtp://relay:65536", "smtp://relay:s3cret", "smtp://relay/folder", "smtp://relay#x",
		"smtp://relay?tls=maybe", "smtp://relay?tls=required&tls=off", "smtps://relay?tls=off", "smtp://relay?TLS=required",
		"smtp://relay?connections=0", "smtp://relay?connections=1000", "smtp://relay?helo=", "smtp://relay?helo=a%0d%0ab", "smtp://relay?x=%zz",
	} {
		relay, err := mail.ParseRelay(address)
		switch {
		case err == nil:
			t.Errorf("%q is accepted as %s", address, relay)
		case strings.Contains(err.Error(), "s3") || strings.Contains(err.Error(), "cret"):
			t.Errorf("%q: the error repeats the password: %v", address, err)
		case !strings.HasPrefix(err.Error(), "mail relay: "):
			t.Errorf("%q: the error does not say what it is about: %v", address, err)
		}
	}
}

func FuzzParseRelay(f *testing.F) {
	f.Add("smtp://user:s3cret@relay.example.com:587?tls=required&connections=4&helo=a.example")
	f.Add("smtps://[::1%25eth0]")
	f.Add("smtp://u%40:p%2F@h?tls=off")
	f.Fuzz(func(t *testing.T, address string) {
		relay, err := mail.ParseRelay(address)
		if err != nil {
			if len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Fatalf("error text %q", err)
			}
			return
		}
		if relay.Host == "" || relay.Port < 1 || relay.Port > 65535 || relay.Connections < 1 {
			t.Fatalf("%q gives %s", address, relay)
		}
		if strings.ContainsAny(relay.Host+relay.Helo, " \r\n\x00") {
			t.Fatalf("%q gives host %q and helo %q", address, relay.Host, relay.Helo)
		}
		// What is shown can be parsed again, and is then the same relay less
		// its password.
		again, err := mail.ParseRelay(strings.Replace(relay.String(), "…@", "", 1))
		if err != nil || again.Host != relay.Host || again.Port != relay.Port || again.TLS != relay.TLS {
			t.Fatalf("%q is shown as %s, which gives %s, %v", address, relay, again, err)
		}
	})
}
