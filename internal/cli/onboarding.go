package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"magpie/internal/cli/journal"
	"magpie/internal/cli/onboard"
	"magpie/internal/cli/region"
	"magpie/internal/cli/roster"
	"magpie/internal/printable"
)

// onboarding is what magpie invite and magpie members sync have in common: a list of accounts, Regions, a run, its report.
type onboarding struct {
	verb     string
	target   Target
	options  onboard.Options
	regions  string
	file     string
	dryRun   bool
	yes      bool
	confirm  bool // show the plan and ask
	resume   string
	stateDir string
	report   string
	format   string
	inFlight int
	patience time.Duration
}

func (o *onboarding) bind(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.regions, "regions", "", "Regions, separated by commas, or all: every Region in which your account has Macie (default: --region)")
	f.StringVar(&o.options.Message, "message", "", "text for the invitation mail, up to 80 characters")
	f.BoolVar(&o.options.NoEmail, "no-email", false, "send no mail; the invitation shows in the account alone")
	f.StringVar(&o.options.AcceptRole, "accept-role", "", "name of a role to assume in each account, to enable Macie there and accept")
	f.BoolVar(&o.options.Enable, "enable-macie", false, "enable Macie for your own account where it is not")
	f.DurationVar(&o.options.Wait, "wait", onboard.DefaultWait, "how long to wait for the verification of an address; 0s does not wait")
	if o.confirm {
		f.BoolVar(&o.options.Remove, "remove", false, "remove members that are not in the list")
		f.BoolVar(&o.options.Reinvite, "reinvite", false, "invite those again that resigned")
		f.BoolVar(&o.yes, "yes", false, "do what the plan says without asking")
	}
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, and do nothing")
	f.StringVar(&o.resume, "resume", "", "go on with a run that was interrupted: its name, or latest")
	f.StringVar(&o.stateDir, "state-dir", "", "folder of the journals (default: magpie/runs in XDG_STATE_HOME, or in ~/.local/state)")
	f.StringVar(&o.report, "report", "", "write the whole report into this file too, as CSV")
	f.StringVar(&o.format, "output", "table", "table, json or csv")
	f.IntVar(&o.inFlight, "concurrency", onboard.DefaultInFlight, "calls at one time, at most")
	f.DurationVar(&o.patience, "patience", onboard.DefaultPatience, "how long a Region may be silent before it is given up")
	mustComplete(c, "output", formats)
	o.target.bind(c)
}

// run does it all.
func (o *onboarding) run(c *cobra.Command, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	folder, err := o.folder()
	if err != nil {
		return err
	}
	if o.resume != "" {
		if len(args) > 0 || o.file != "" {
			return refused("--resume goes on with the list of the run; give no other")
		}
		return o.goOn(c, folder)
	}
	entries, err := o.read(c.InOrStdin(), args)
	if err != nil {
		return withCode(ExitRefused, err)
	}
	names, err := o.regionNames(c.Context())
	if err != nil {
		return err
	}
	spec := onboard.Spec{Run: onboard.NewName(time.Now()), Verb: o.verb, Endpoint: o.target.EndpointURL, Regions: names, Entries: entries,
		Options: o.options, Begun: time.Now().UTC().Truncate(time.Second)}
	service, administrator, err := o.service(c.Context())
	if err != nil {
		return err
	}
	spec.Administrator = administrator
	if client := service.Macie(names[0]); !o.dryRun && isTerminal(c.ErrOrStderr()) && client.Options().BaseEndpoint == nil {
		fmt.Fprintf(c.ErrOrStderr(), "AWS, account %s, %s\n", administrator, someRegions(names))
	}
	r := onboard.New(spec, service, o.inFlight)
	r.Patience = o.patience
	if err := o.prepare(c, r); err != nil {
		return err
	}
	if o.dryRun {
		return o.showPlan(c.OutOrStdout(), r)
	}
	if o.confirm {
		if err := o.ask(c, r); err != nil {
			return err
		}
	}
	if err := r.Record(folder); err != nil {
		return err
	}
	return o.finish(c, r)
}

// check refuses what cannot be, before anything is sent.
func (o *onboarding) check() error {
	message := o.options.Message
	switch {
	case !slices.Contains(formats, o.format):
		return refused("--output: %q is none of table, json, csv", o.format)
	case utf8.RuneCountInString(message) > 80:
		return refused("--message: %d characters; Macie takes 80", utf8.RuneCountInString(message))
	case strings.ContainsFunc(message, unicode.IsControl):
		return refused("--message: must not contain line breaks or control characters")
	case o.options.Wait < 0 || o.patience < 0:
		return refused("--wait and --patience must not be negative")
	case o.inFlight < 1 || o.inFlight > 1000:
		return refused("--concurrency: must be from 1 to 1000")
	case strings.Contains(o.options.AcceptRole, ":"):
		return refused("--accept-role: give the role's name, not its ARN; it is arn:aws:iam::ACCOUNT:role/NAME in each account")
	}
	return nil
}

func (o *onboarding) folder() (string, error) {
	if o.stateDir != "" {
		return o.stateDir, nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "magpie", "runs"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the journal: give --state-dir: %w", err)
	}
	return filepath.Join(home, ".local", "state", "magpie", "runs"), nil
}

// read reads the list from arguments, a file, or standard input.
func (o *onboarding) read(stdin io.Reader, args []string) ([]roster.Entry, error) {
	switch {
	case o.file != "" && len(args) > 0:
		return nil, errors.New("give accounts as arguments or by --file, not both")
	case o.file == "-" || len(args) == 1 && args[0] == "-":
		return roster.Read("standard input", stdin)
	case o.file != "":
		f, err := os.Open(o.file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return roster.Read(o.file, f)
	case len(args) == 0:
		return nil, errors.New("no accounts: give ID=EMAIL, or --file FILE, or - for standard input")
	}
	return roster.Arguments(args)
}

// regionNames are the Regions of a run.
func (o *onboarding) regionNames(ctx context.Context) ([]string, error) {
	switch o.regions {
	case "all":
		o.options.SkipOff = !o.options.Enable
		return region.Names(), nil
	case "":
		cfg, err := o.target.load(ctx, 1)
		if err != nil {
			return nil, err
		}
		return []string{cfg.Region}, nil
	}
	names, err := region.Parse(o.regions)
	return names, withCode(ExitRefused, err)
}

// service makes the clients of a run, and tells whose they are.
func (o *onboarding) service(ctx context.Context) (onboard.Service, string, error) {
	if o.target.Region == "" && o.regions != "" && o.regions != "all" {
		o.target.Region, _, _ = strings.Cut(o.regions, ",") // STS needs one
	} else if o.target.Region == "" && o.regions == "all" && os.Getenv("AWS_REGION")+os.Getenv("AWS_DEFAULT_REGION") == "" {
		o.target.Region = "us-east-1"
	}
	cfg, err := o.target.load(ctx, o.inFlight)
	if err != nil {
		return onboard.Service{}, "", err
	}
	id, err := o.target.sts(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return onboard.Service{}, "", serviceError("GetCallerIdentity", cfg.Region, err)
	}
	return onboard.Service{Macie: o.clients(cfg), STS: o.target.sts(cfg, func(so *sts.Options) { so.Retryer = aws.NopRetryer{} })}, aws.ToString(id.Account), nil
}

// clients makes one client for each Region, without retries: the run has its own.
func (o *onboarding) clients(cfg aws.Config) func(string) *macie2.Client {
	var mu sync.Mutex
	made := map[string]*macie2.Client{}
	return func(name string) *macie2.Client {
		mu.Lock()
		defer mu.Unlock()
		if made[name] == nil {
			made[name] = o.target.macie(cfg, func(mo *macie2.Options) { mo.Region, mo.Retryer = name, aws.NopRetryer{} })
		}
		return made[name]
	}
}

// prepare decides, and tells which Regions were left out.
func (o *onboarding) prepare(c *cobra.Command, r *onboard.Run) error {
	if err := r.Prepare(c.Context()); err != nil {
		if c.Context().Err() != nil {
			return withCode(ExitInterrupted, errors.New("interrupted; nothing was done"))
		}
		return fmt.Errorf("nothing was done:\n%w", err)
	}
	left := r.LeftOut()
	byReason := map[string][]string{}
	for _, name := range r.Spec.Regions {
		if reason := left[name]; reason != "" {
			byReason[reason] = append(byReason[reason], name)
		}
	}
	for reason, names := range byReason {
		fmt.Fprintf(c.ErrOrStderr(), "left out, since %s: %s\n", printable.Line(reason), strings.Join(names, " "))
	}
	if len(left) == len(r.Spec.Regions) {
		return errors.New("there is no Region in which your account has Macie: magpie enable-macie, or give --enable-macie")
	}
	return nil
}

func (o *onboarding) showPlan(w io.Writer, r *onboard.Run) error {
	results := r.Results()
	switch o.format {
	case "json":
		return writeJSON(w, map[string]any{"plan": results})
	case "csv":
		return planRows(results).CSV(w)
	}
	t := planTable(results)
	if len(t.Rows) > 0 {
		if err := t.Text(w, styleOf(w)); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintln(w, planSummary(results))
	return err
}

// ask shows the plan and goes on only after a yes.
func (o *onboarding) ask(c *cobra.Command, r *onboard.Run) error {
	changes := slices.ContainsFunc(r.Results(), func(x onboard.Result) bool {
		return x.Action.Sends() || x.Action == onboard.Remove || x.Action == onboard.Accept
	})
	talk := c.ErrOrStderr()
	plan := *o
	plan.format = "table"
	if err := plan.showPlan(talk, r); err != nil {
		return err
	}
	if o.yes || !changes {
		return nil
	}
	if !isTerminal(c.InOrStdin()) || o.file == "-" {
		return refused("nothing was done: there is nobody to ask; give --yes to do what the plan says")
	}
	fmt.Fprint(talk, "Do this? Only yes is taken for yes: ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(c.InOrStdin()).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case a := <-answer:
		if a == "yes" {
			return nil
		}
		return refused("nothing was done")
	case <-c.Context().Done():
		return withCode(ExitInterrupted, errors.New("interrupted; nothing was done"))
	}
}

// goOn resumes a run.
func (o *onboarding) goOn(c *cobra.Command, folder string) error {
	name := o.resume
	if name == "latest" {
		runs, err := journal.Runs(folder)
		if err != nil {
			return err
		}
		slices.Reverse(runs)
		i := slices.IndexFunc(runs, func(run string) bool {
			spec, err := onboard.Unfinished(folder, run)
			return err == nil && spec != nil && spec.Verb == o.verb
		})
		if i < 0 {
			return refused("there is no run of magpie %s to resume in %s", o.verb, folder)
		}
		name = runs[i]
	}
	r, err := onboard.Resume(folder, name, func(spec onboard.Spec) (onboard.Service, error) {
		if spec.Verb != o.verb {
			return onboard.Service{}, refused("run %s is one of magpie %s", name, spec.Verb)
		}
		o.target.EndpointURL = cmp.Or(o.target.EndpointURL, spec.Endpoint)
		o.regions = strings.Join(spec.Regions, ",")
		service, administrator, err := o.service(c.Context())
		if err == nil && administrator != spec.Administrator {
			err = refused("run %s is one of account %s, and these credentials are of account %s", name, spec.Administrator, administrator)
		}
		return service, err
	}, o.inFlight)
	if err != nil {
		return err
	}
	r.Patience = o.patience
	if err := o.prepare(c, r); err != nil {
		return errors.Join(err, r.Close())
	}
	return o.finish(c, r)
}

// finish executes a prepared run and reports.
func (o *onboarding) finish(c *cobra.Command, r *onboard.Run) error {
	begun := time.Now()
	talk := c.ErrOrStderr()
	stop := showProgress(talk, o.verb, r.Progress)
	err := r.Execute(c.Context())
	stop()
	err = errors.Join(err, r.Close())
	results := r.Results()
	if reportErr := o.writeReports(c.OutOrStdout(), results); reportErr != nil {
		return errors.Join(err, reportErr)
	}
	p := r.Progress()
	open := p.Pairs - p.Ended
	fmt.Fprintf(talk, "%d of %d done in %s, with %d calls%s\n", p.Ended, p.Pairs, time.Since(begun).Round(100*time.Millisecond), p.Calls, troubles(p))
	resume := fmt.Sprintf("magpie %s --resume %s", o.verb, r.Spec.Run)
	switch {
	case c.Context().Err() != nil:
		return withCode(ExitInterrupted, fmt.Errorf("interrupted; what is done is done. To go on: %s", resume))
	case err != nil:
		return fmt.Errorf("%w\nTo go on: %s", err, resume)
	case open > 0:
		return withCode(ExitPartly, fmt.Errorf("%d were not done, as the report says. To go on: %s", open, resume))
	case p.Failed > 0:
		return withCode(ExitPartly, fmt.Errorf("%d of %d need attention, as the report says", p.Failed, p.Pairs))
	}
	return nil
}

func troubles(p onboard.Progress) string {
	s := ""
	if p.Throttled > 0 {
		s += fmt.Sprintf(", of which %d were throttled", p.Throttled)
	}
	if p.Troubled > 0 {
		s += fmt.Sprintf(", of which %d had no answer", p.Troubled)
	}
	return s
}

func (o *onboarding) writeReports(w io.Writer, results []onboard.Result) error {
	if err := writeReport(w, o.format, results); err != nil {
		return err
	}
	if o.report == "" {
		return nil
	}
	f, err := os.Create(o.report)
	if err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return errors.Join(reportTable(results).CSV(f), f.Close())
}
