package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// clientVerbs are all verbs that call an endpoint, each with arguments with which it does.
func clientVerbs(t *testing.T) map[string][]string {
	t.Helper()
	folder := t.TempDir()
	list, secret := filepath.Join(folder, "accounts.csv"), filepath.Join(folder, "secret")
	for name, text := range map[string]string{list: "444455556666,member@example.com\n", secret: "secret"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	more := map[string]string{ // beside what stands in the line of usage
		"invite": "444455556666=member@example.com", "members sync": list + " --yes",
		"findings triage": "F --state IN_WORK", "jobs create": "--bucket reports",
		"stores add":    "main --endpoint https://storage.example.com --access-key-id AKIA --secret-access-key-file " + secret,
		"stores update": "main --access-key-id AKIA --secret-access-key-file " + secret,
		"usage":         "444455556666", "discovery cycles": "C", "identifiers test": "--regex C-[0-9]{6} --sample-text x",
	}
	verbs := map[string][]string{}
	var walk func(c *cobra.Command, path string)
	walk = func(c *cobra.Command, path string) {
		for _, child := range c.Commands() {
			walk(child, strings.TrimSpace(path+" "+child.Name()))
		}
		if !c.Runnable() || c.Name() == "help" || path == "" {
			return
		}
		args := strings.Fields(path)
		given, special := more[path]
		switch {
		case c.GroupID == OperationsGroup:
			example := strings.TrimSpace(c.Example)
			args = Arguments(words(strings.TrimPrefix(example, "magpie ")))
		case special:
			args = append(args, strings.Fields(given)...)
		default:
			for _, word := range strings.Fields(c.Use)[1:] {
				if strings.ToUpper(word) == word && !strings.HasPrefix(word, "[") {
					args = append(args, "x")
				}
			}
		}
		verbs[path] = args
	}
	root := &cobra.Command{Use: "magpie"}
	AddCommands(root)
	walk(root, "")
	verbs["discovery cycles "], verbs["members status "] = []string{"discovery", "cycles"}, []string{"members", "status", "--file", list}
	return verbs
}

// words splits a command line as a shell does where it has no more than single quotes.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 0 {
			for j, word := range strings.Split(part, " ") {
				if j == 0 && len(all) > 0 && i > 0 {
					all[len(all)-1] += word
				} else {
					all = append(all, word)
				}
			}
		} else {
			all[len(all)-1] += part
		}
	}
	kept := all[:0]
	for _, word := range all {
		if word != "" {
			kept = append(kept, word)
		}
	}
	return kept
}

// patient are the verbs whose work is to ask again and again, with pauses: they are interrupted.
var patient = map[string]bool{"invite": true, "members sync": true, "jobs watch": true, "findings watch": true}

// No verb asks an endpoint for ever, reads without end, sends its signed call elsewhere or shows what moves the cursor, whatever the
// endpoint answers.
func TestHostileEndpoint(t *testing.T) {
	home := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "HOME": home, "XDG_STATE_HOME": home, "AWS_MAX_ATTEMPTS": "1",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_MACIE2": "", "AWS_ENDPOINT_URL_STS": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	usual := maxAnswer
	defer func() { maxAnswer = usual }()
	maxAnswer = 64 << 10
	const mostCalls, mostBytes = 400, 16 << 20 // the kernel holds some of what is not read

	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	const hostile = `"url":"http://e/\u001b]0;x\u0007","status":"\u009b2J","message":"\u202e\u001b[2J"`
	for _, mode := range []struct {
		name   string
		fails  bool // every verb does
		answer func(w http.ResponseWriter, n int64)
	}{
		{"the same token for ever", false, func(w http.ResponseWriter, _ int64) { fmt.Fprintf(w, `{"nextToken":"again",%s}`, hostile) }},
		{"empty pages for ever", false, func(w http.ResponseWriter, n int64) { fmt.Fprintf(w, `{"nextToken":"%d",%s}`, n, hostile) }},
		{"another address", true, func(w http.ResponseWriter, _ int64) {
			w.Header().Set("Location", other.URL+"/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}},
		{"an answer without end", false, func(w http.ResponseWriter, _ int64) {
			_, _ = io.WriteString(w, `{"x":"`)
			x := bytes.Repeat([]byte("x"), 32<<10)
			for sent := 0; ; sent += len(x) {
				if _, err := w.Write(x); err != nil {
					return
				}
				if sent > mostBytes {
					t.Errorf("more than %d bytes of an answer are read", sent)
					return
				}
			}
		}},
		{"a refusal without end", true, func(w http.ResponseWriter, _ int64) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
		}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			for verb, args := range clientVerbs(t) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				var calls atomic.Int64
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					n := calls.Add(1)
					if n > mostCalls || n > 4 && patient[verb] {
						cancel()
					}
					_ = r.ParseForm()
					if r.URL.Path == "/" && r.Form.Get("Action") == "GetCallerIdentity" && !mode.fails {
						_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>`+
							`<Arn>arn:aws:iam::111122223333:root</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
						return
					}
					w.Header().Set("Content-Type", "application/json")
					mode.answer(w, n)
				}))
				root := &cobra.Command{Use: "magpie", SilenceErrors: true, SilenceUsage: true}
				AddCommands(root)
				var out bytes.Buffer
				root.SetOut(&out)
				root.SetErr(&out)
				root.SetIn(strings.NewReader(""))
				root.SetArgs(append(append([]string{}, args...), "--endpoint-url", server.URL))
				err := root.ExecuteContext(ctx)
				switch n := calls.Load(); {
				case n == 0:
					t.Errorf("%s %q calls nothing: %v", verb, args, err)
				case n > mostCalls:
					t.Errorf("%s calls for ever", verb)
				case ctx.Err() != nil && !patient[verb]:
					t.Errorf("%s does not end", verb)
				case mode.fails && err == nil, verb == "console" && err == nil:
					t.Errorf("%s: no error; it shows\n%s", verb, &out)
				}
				shown(t, mode.name+": "+verb, out.String())
				cancel()
				server.CloseClientConnections()
				server.Close()
			}
			if n := elsewhere.Load(); n > 0 {
				t.Errorf("%d calls went elsewhere", n)
			}
		})
	}
}

// A link that signs in is shown only if it is one to a web page, and has the characters of a link.
func TestConsoleLinkIsPlain(t *testing.T) {
	const endpoint = "https://magpie.example.com"
	for link, good := range map[string]bool{
		endpoint + "/console/#token=abc_-&region=eu-west-1": true,
		"http://127.0.0.1:8484/console/":                    true,
		"https://u@magpie.example.com/console/":             false,
		endpoint + "/console/#\x1b]0;x\a":                   false,
		endpoint + "/console/#\u202ex":                      false,
		endpoint + "/console/# --flag":                      false,
		endpoint + "/\nhttps://example.net/":                false,
		"javascript:alert(1)":                               false,
		"":                                                  false,
	} {
		if err := plainLink(link); (err == nil) != good {
			t.Errorf("%q: %v", link, err)
		}
	}
	for link, host := range map[string]string{endpoint + "/console/": "", "https://MAGPIE.example.com/x": "", "https://magpie.example.com.example.net/": "magpie.example.com.example.net"} {
		if got := leadsElsewhere(link, endpoint); got != host {
			t.Errorf("%s leads to %q, want %q", link, got, host)
		}
	}
}
