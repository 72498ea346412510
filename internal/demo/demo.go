package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"magpie/internal/cli"
	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/server"
	"magpie/internal/sigv4"
)

// The parties of the story.
const (
	region        = "eu-west-1"
	administrator = macie2.AccountID("111122223333")
	member        = macie2.AccountID("444455556666")
	stranger      = macie2.AccountID("777788889999")
	memberEmail   = "workload@example.com"
)

// Options say where the story goes and how it ends.
type Options struct {
	Out  io.Writer
	Exit bool // end when the story is told, instead of staying up for the reader
	// Folder is where the server keeps its data; empty means a fresh temporary folder, which is removed at the end.
	Folder string
}

// Run tells the story. It returns when the story is told, or with Exit unset when ctx ends.
func Run(ctx context.Context, o Options) error {
	folder := o.Folder
	if folder == "" {
		dir, err := os.MkdirTemp("", "magpie-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		folder = dir
	}
	mailDir := filepath.Join(folder, "mail")
	s, err := server.Start(ctx, server.Config{Listen: "127.0.0.1:0", Data: folder, MailDir: mailDir}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	t := &teller{out: o.Out, server: s, folder: folder}
	err = t.tell(ctx, mailDir)
	if err == nil && !o.Exit {
		err = t.stay(ctx)
	}
	return errors.Join(err, s.Close())
}

// teller prints the steps and makes the calls.
type teller struct {
	out    io.Writer
	server *server.Server
	folder string
	admin  *cli.Client
	member *cli.Client
}

func (t *teller) tell(ctx context.Context, mailDir string) error {
	t.say("Magpie speaks the Amazon Macie API. This one listens on %s, keeps its data in\n%s, and every answer below came over the wire.",
		t.server.URL(), t.folder)

	t.title("1. Two accounts, each with an access key")
	var err error
	if t.admin, err = t.account(ctx, administrator, "security@example.com", "Security"); err != nil {
		return err
	}
	if t.member, err = t.account(ctx, member, memberEmail, "Workload"); err != nil {
		return err
	}

	t.title("2. The administrator enables Macie and adds an account")
	if err := t.call(ctx, t.admin, "enable-macie", request{http.MethodPost, "/macie", map[string]any{}}, nil); err != nil {
		return err
	}
	added := map[string]any{"account": map[string]any{"accountId": member, "email": memberEmail}}
	if err := t.call(ctx, t.admin, fmt.Sprintf("create-member --account accountId=%s,email=%s", member, memberEmail),
		request{http.MethodPost, "/members", added}, nil); err != nil {
		return err
	}

	t.title("3. It invites that account, and one that it never added")
	invite := map[string]any{"accountIds": []macie2.AccountID{member, stranger}, "message": "Please join us."}
	if err := t.call(ctx, t.admin, fmt.Sprintf("create-invitations --account-ids %s %s --message 'Please join us.'", member, stranger),
		request{http.MethodPost, "/invitations", invite}, nil); err != nil {
		return err
	}
	t.say("One account was refused, and the answer says why and what to do. The other one gets a mail:")
	if err := t.showMail(ctx, mailDir); err != nil {
		return err
	}

	t.title("4. The invited account enables Macie, looks, and accepts")
	if err := t.call(ctx, t.member, "enable-macie", request{http.MethodPost, "/macie", map[string]any{}}, nil); err != nil {
		return err
	}
	var received struct {
		Invitations []struct{ InvitationID string }
	}
	if err := t.call(ctx, t.member, "list-invitations", request{http.MethodGet, "/invitations", nil}, &received); err != nil {
		return err
	}
	if len(received.Invitations) != 1 {
		return fmt.Errorf("expected one invitation, got %d", len(received.Invitations))
	}
	id := received.Invitations[0].InvitationID
	if err := t.call(ctx, t.member, fmt.Sprintf("accept-invitation --administrator-account-id %s --invitation-id %s", administrator, id),
		request{http.MethodPost, "/invitations/accept", map[string]any{"administratorAccountId": administrator, "invitationId": id}}, nil); err != nil {
		return err
	}

	t.title("5. Both sides see the same")
	if err := t.call(ctx, t.admin, "list-members", request{http.MethodGet, "/members", nil}, nil); err != nil {
		return err
	}
	if err := t.call(ctx, t.member, "get-administrator-account", request{http.MethodGet, "/administrator", nil}, nil); err != nil {
		return err
	}

	t.title("6. And the administrator can look up what happened")
	if err := t.history(ctx); err != nil {
		return err
	}
	return t.discover(ctx)
}

// account creates an account and a key for it, as `magpie account create` and `magpie key create` do.
func (t *teller) account(ctx context.Context, id macie2.AccountID, email, name string) (*cli.Client, error) {
	ids := t.server.Identity()
	now := time.Now().UTC()
	if _, err := ids.CreateAccount(ctx, id, email, name, now); err != nil {
		return nil, err
	}
	key, secret, err := ids.CreateKey(ctx, id, identity.DefaultUser, nil, now)
	if err != nil {
		return nil, err
	}
	t.command("operator     $ magpie account create %s --email %s --name %s --data %s", id, email, name, t.folder)
	t.command("operator     $ magpie key create %s --data %s", id, t.folder)
	fmt.Fprintf(t.out, "    access key %s\n", key.ID)
	return &cli.Client{Endpoint: t.server.URL(), Region: region,
		Credentials: sigv4.Credentials{AccessKeyID: key.ID, SecretAccessKey: secret.Reveal()}}, nil
}

// request is what a call sends.
type request struct {
	method, path string
	in           any
}

// call makes one call, and prints the equivalent AWS CLI line and the answer.
func (t *teller) call(ctx context.Context, as *cli.Client, line string, r request, out any) error {
	who := string(administrator)
	if as == t.member {
		who = string(member)
	}
	t.command("%s $ aws macie2 %s --region %s --endpoint-url %s", who, line, region, t.server.URL())
	var answer json.RawMessage
	if err := as.Call(ctx, r.method, r.path, nil, r.in, &answer); err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, answer, "    ", "  "); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "    %s\n", pretty.String())
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// showMail waits until the history tells that the mail was handed over, and prints its text.
func (t *teller) showMail(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var sent struct {
			Events []struct{ InvitationID string }
		}
		if err := t.admin.Call(ctx, http.MethodGet, "/magpie/v1/history", url.Values{"event": {"MailAccepted"}}, nil, &sent); err != nil {
			return fmt.Errorf("wait for the mail: %w", err)
		}
		if len(sent.Events) > 0 {
			return t.printMail(filepath.Join(dir, sent.Events[0].InvitationID+".eml"))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the mail of the invitation was not sent: %w", ctx.Err())
		}
	}
}

func (t *teller) printMail(file string) error {
	text, err := plainText(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\n    %s\n", file)
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Fprintf(t.out, "    %s\n", strings.TrimRight("| "+line, " \r\n"))
	}
	return nil
}

func (t *teller) history(ctx context.Context) error {
	t.command("%s $ magpie history --region %s --endpoint-url %s", administrator, region, t.server.URL())
	var table bytes.Buffer
	if err := cli.WriteHistory(ctx, &table, t.admin, cli.HistoryQuery{}, "table"); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) {
		fmt.Fprintf(t.out, "    %s\n", strings.TrimRight(line, " \n"))
	}
	return nil
}

// stay keeps the server up for the reader.
func (t *teller) stay(ctx context.Context) error {
	t.title("Now you")
	t.say("The server stays up until you press Ctrl-C. In a browser, signed in as the administrator, or as the member; each link is good once,\nfor 15 minutes:")
	for _, who := range []*cli.Client{t.admin, t.member} {
		link, err := cli.ConsoleLink(ctx, who, 900)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "\n    %s\n", link)
	}
	t.say("In another terminal, as the administrator:")
	fmt.Fprintf(t.out, "\n    export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n    export AWS_REGION=%s AWS_ENDPOINT_URL_MACIE2=%s\n    aws macie2 list-members\n",
		t.admin.Credentials.AccessKeyID, t.admin.Credentials.SecretAccessKey, region, t.server.URL())
	<-ctx.Done()
	return nil
}

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t.out, "\n"+format+"\n", args...) }
func (t *teller) title(text string) {
	fmt.Fprintf(t.out, "\n%s\n%s\n", text, strings.Repeat("-", len(text)))
}
func (t *teller) command(format string, args ...any) { fmt.Fprintf(t.out, "  "+format+"\n", args...) }
