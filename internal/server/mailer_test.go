package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What is wrong with the mail of a server shows when it starts, not with the first invitation.
func TestMailAtStart(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		warns  string // in the log; "" for no warning
		fails  string // in the error; "" for none
	}{
		"a folder":                       {config: Config{MailDir: t.TempDir()}},
		"a folder in dev mode":           {config: Config{Dev: true}},
		"a relay":                        {config: Config{SMTPURL: "smtp://127.0.0.1:1"}, warns: "set --public-url"},
		"neither":                        {config: Config{}, warns: "neither --smtp-url nor --mail-dir is set"},
		"an address for nobody":          {config: Config{Listen: "0.0.0.0:0", MailDir: t.TempDir()}, warns: "set --public-url"},
		"the same, with another":         {config: Config{Listen: "0.0.0.0:0", MailDir: t.TempDir(), PublicURL: "https://macie.example.com"}},
		"both":                           {config: Config{SMTPURL: "smtp://127.0.0.1:1", MailDir: t.TempDir()}, fails: "--smtp-url and --mail-dir"},
		"a relay that cannot be read":    {config: Config{SMTPURL: "127.0.0.1:25"}, fails: "--smtp-url: mail relay: "},
		"a sender that is no address":    {config: Config{MailDir: t.TempDir(), MailFrom: "magpie"}, fails: "mail sender"},
		"a console that is no address":   {config: Config{MailDir: t.TempDir(), PublicURL: "macie.example.com"}, fails: "URL"},
		"a worker without an address":    {config: Config{WorkerOnly: true, MailDir: t.TempDir()}, fails: "--public-url is missing"},
		"a worker with a public address": {config: Config{WorkerOnly: true, MailDir: t.TempDir(), PublicURL: "https://macie.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := test.config
			c.Data = dataFolder(t)
			if c.Listen == "" {
				c.Listen = "127.0.0.1:0"
			}
			var log bytes.Buffer
			s, err := Start(t.Context(), c, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
			if err == nil {
				err = s.Close()
			}
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("error %v, want %q", err, test.fails)
			}
			var said string
			for line := range strings.Lines(log.String()) {
				if !strings.Contains(line, "objects are analysed in this process") { // a test's program has no boxes
					said += line
				}
			}
			if test.warns == "" && test.fails == "" && said != "" || !strings.Contains(said, test.warns) {
				t.Errorf("logged %q, want %q", said, test.warns)
			}
		})
	}
}
