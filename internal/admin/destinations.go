package admin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"magpie/internal/finding"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/publication"
	"magpie/internal/queue"
)

func (v verbs) destinations() *cobra.Command {
	c := &cobra.Command{
		Use:   "destinations",
		Short: "Tell others of findings: webhooks, EventBridge, Security Hub, files, buckets",
		Long: `Tell others of an account's findings in a Region, from the next one on. Each finding is delivered at least once, in the order in which
findings were recorded, and with the same id when it comes again. A destination that fails is tried again after a time that doubles up
to an hour; what it refuses for good becomes a dead letter. What these commands change holds at once, on every server that runs.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(v.destinationsAdd(), v.destinationsList(), v.destinationsTest(), v.destinationsRetry(), v.destinationsRemove())
	return c
}

// publication opens the database, with its master key, for as long as fn runs.
func (v verbs) publication(c *cobra.Command, l *location, account macie2.AccountID, fn func(ctx context.Context, s *publication.Service) error) (err error) {
	log := talk(c)
	db, err := l.open(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	key, err := identity.LoadMasterKey(c.Context(), db, identity.MasterKeySource{Env: v.o.MasterKey, Folder: l.data, Logger: log})
	if err != nil {
		return err
	}
	if account != "" && !l.dev && !identity.IsDev(l.data) {
		if _, err := identity.NewDirectory(db, identity.Options{}).Account(c.Context(), account); err != nil {
			return hint(err)
		}
	}
	stores := inventory.New(inventory.Options{
		DB: db, Queue: queue.Open(db, queue.Options{Logger: log}), Logger: log, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose),
	})
	defer func() { err = errors.Join(err, stores.Close()) }()
	err = fn(c.Context(), publication.New(publication.Options{
		DB: db, Logger: log, Sealer: identity.NewSealer(key, identity.DestinationSecretPurpose),
		Bucket: func(ctx context.Context, region string, account macie2.AccountID, name string) (finding.Bucket, error) {
			b, err := stores.Open(ctx, region, account, name)
			if err != nil {
				return nil, err
			}
			return b, nil
		},
	}))
	if setting, ok := errors.AsType[*publication.SettingError](err); ok {
		if flag, ok := destinationFlags[setting.Setting]; ok {
			return fmt.Errorf("--%s: %s", flag, setting.Reason)
		}
	}
	return hint(err)
}

// destinationFlags are the flags by which settings are given.
var destinationFlags = map[string]string{
	"region": "region", "kind": "kind", "endpoint": "endpoint", "format": "format", "secret": "secret-file", "ca": "ca-file",
	"accessKeyId": "access-key-id", "signingRegion": "signing-region", "bus": "bus", "source": "source", "productArn": "product-arn",
}

func (v verbs) destinationsAdd() *cobra.Command {
	var l location
	var x publication.Settings
	var kind, format, secretFile, caFile string
	c := &cobra.Command{
		Use:   "add ACCOUNT NAME --region REGION --kind KIND --endpoint URL",
		Short: "Add a destination of an account's findings",
		Long: `Add a destination of an account's findings in a Region.

webhook      CloudEvents 1.0 by HTTPS, signed as Standard Webhooks say with the secret of --secret-file: 24 bytes or more, or whsec_ and
             the Base64 form of as many.
eventbridge  PutEvents of AWS, or of the server of --endpoint, with an access key whose secret is in --secret-file.
securityhub  BatchImportFindings, likewise. Which findings it gets is set with put-findings-publication-configuration.
file         JSON Lines on the disk of the server that delivers: --endpoint file:///var/lib/magpie/findings.jsonl
bucket       JSON Lines in objects PREFIX/YYYY/MM/DD/UUID.jsonl of a bucket that a store of the account has in the Region:
             --endpoint s3://security-lake/magpie. An object that is written again has the same name.`,
		Example: `  magpie destinations add 111122223333 siem --region us-east-1 --kind webhook \
      --endpoint https://siem.example.com/magpie --secret-file secret.txt
  magpie destinations add 111122223333 log --region us-east-1 --kind file --endpoint file:///var/lib/magpie/findings.jsonl`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			x.Name, x.Kind, x.Format = args[1], publication.Kind(kind), publication.Format(format)
			if secretFile != "" {
				if x.Secret, err = readSecret(c, secretFile); err != nil {
					return fmt.Errorf("--secret-file: %w", err)
				}
			}
			if caFile != "" {
				text, err := os.ReadFile(caFile)
				if err != nil {
					return fmt.Errorf("--ca-file: %w", err)
				}
				x.CA = string(text)
			}
			return v.publication(c, &l, account, func(ctx context.Context, s *publication.Service) error {
				d, err := s.Add(ctx, account, x, v.o.Now())
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "added destination %s of account %s in %s; try it with: magpie destinations test %s %s\n",
					d.Name, account, d.Region, account, d.Name)
				return nil
			})
		},
	}
	c.Flags().StringVar(&x.Region, "region", "", "`Region` of Macie whose findings are told, such as us-east-1")
	c.Flags().StringVar(&kind, "kind", "", "`kind`: webhook, eventbridge, securityhub, file or bucket")
	c.Flags().StringVar(&x.Endpoint, "endpoint", "", "`URL` to send to (eventbridge and securityhub: default that of AWS in the Region)")
	c.Flags().StringVar(&format, "format", "", "`format` of a webhook (default event), a file or a bucket (default ocsf): event or ocsf")
	c.Flags().StringVar(&secretFile, "secret-file", "", "`file` with the secret, - for standard input")
	c.Flags().StringVar(&caFile, "ca-file", "", "`file` with the certificate, in PEM, that the server's is signed by")
	c.Flags().BoolVar(&x.Insecure, "insecure", false, "allow HTTP to another machine: anybody on the way can read what is sent")
	c.Flags().StringVar(&x.AccessKeyID, "access-key-id", "", "the `ID` of an access key for eventbridge or securityhub")
	c.Flags().StringVar(&x.SigningRegion, "signing-region", "", "`region` that requests are signed for (default --region)")
	c.Flags().StringVar(&x.Bus, "bus", "", "`name` or ARN of the event bus (default: the account's default bus)")
	c.Flags().StringVar(&x.Source, "source", "", "`source` of events by eventbridge (default aws.macie; at AWS magpie.macie, as it refuses the other)")
	c.Flags().StringVar(&x.ProductARN, "product-arn", "", "`ARN` of the product in Security Hub (default Macie's; at AWS the account's own)")
	_ = c.MarkFlagRequired("region") // it fails for a flag that is not there
	_ = c.MarkFlagRequired("kind")   // likewise
	l.flags(c)
	return c
}

// destinationDescription is what is shown of a destination.
type destinationDescription struct {
	AccountID   string `json:"accountId"`
	Name        string `json:"name"`
	Region      string `json:"region"`
	Kind        string `json:"kind"`
	Endpoint    string `json:"endpoint"`
	Format      string `json:"format,omitempty"`
	Status      string `json:"status"`
	Problem     string `json:"problem,omitempty"`
	NextAttempt string `json:"nextAttempt,omitempty"`
	Delivered   int64  `json:"delivered"`
	DeliveredAt string `json:"deliveredAt,omitempty"`
	Waiting     int64  `json:"waiting"`
	DeadLetters int64  `json:"deadLetters"`
}

func describeDestination(d *publication.Destination) destinationDescription {
	x := destinationDescription{
		AccountID: string(d.Account), Name: d.Name, Region: d.Region, Kind: string(d.Kind), Endpoint: d.Endpoint, Format: string(d.Format),
		Status: "Ready", Problem: d.Problem, Delivered: d.Delivered, Waiting: d.Waiting, DeadLetters: d.Dead,
	}
	switch {
	case !d.Enabled:
		x.Status = "Off"
	case d.Failures > 0:
		x.Status, x.NextAttempt = "Failing", d.DueAt.Format(time.RFC3339)
	}
	if !d.DeliveredAt.IsZero() {
		x.DeliveredAt = d.DeliveredAt.Format(time.RFC3339)
	}
	return x
}

func (v verbs) destinationsList() *cobra.Command {
	var l location
	var f format
	var dead string
	c := &cobra.Command{
		Use:   "list [ACCOUNT]",
		Short: "List destinations, of one account or of all, or the dead letters of one",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := optionalAccount(args)
			if err != nil {
				return err
			}
			if dead != "" && account == "" {
				return errors.New("--dead-letters: name the destination's account too")
			}
			return v.publication(c, &l, account, func(ctx context.Context, s *publication.Service) error {
				if dead != "" {
					return listDeadLetters(c, &f, s, account, dead)
				}
				list, err := s.List(ctx, account)
				if err != nil {
					return err
				}
				out := []destinationDescription{}
				rows := [][]string{{"ACCOUNT", "NAME", "REGION", "KIND", "ENDPOINT", "STATUS", "DELIVERED", "WAITING", "DEAD", "PROBLEM"}}
				for i := range list {
					d := describeDestination(&list[i])
					out = append(out, d)
					rows = append(rows, []string{d.AccountID, d.Name, d.Region, d.Kind, d.Endpoint, d.Status, strconv.FormatInt(d.Delivered, 10),
						strconv.FormatInt(d.Waiting, 10), strconv.FormatInt(d.DeadLetters, 10), d.Problem})
				}
				return f.show(c, map[string]any{"destinations": out}, rows)
			})
		},
	}
	c.Flags().StringVar(&dead, "dead-letters", "", "list what the destination of this `name` refused for good")
	l.flags(c)
	f.flags(c)
	return c
}

// maxDeadLetters is how many are listed.
const maxDeadLetters = 1000

func listDeadLetters(c *cobra.Command, f *format, s *publication.Service, account macie2.AccountID, name string) error {
	letters, err := s.DeadLetters(c.Context(), account, name, maxDeadLetters)
	if err != nil {
		return err
	}
	out := []map[string]any{}
	rows := [][]string{{"FINDING", "EVENT", "REFUSED AT", "REASON"}}
	for _, x := range letters {
		at := x.DiedAt.Format(time.RFC3339)
		out = append(out, map[string]any{"findingId": x.FindingID, "eventId": x.EventID, "refusedAt": at, "reason": x.Reason})
		rows = append(rows, []string{x.FindingID, x.EventID, at, x.Reason})
	}
	return f.show(c, map[string]any{"deadLetters": out}, rows)
}

func (v verbs) destinationsTest() *cobra.Command {
	return v.destinationVerb("test", "Send something harmless to a destination, from this machine",
		`Send something harmless to a destination, from this machine: a webhook gets a message of the type magpie.test.v1, EventBridge and Security
Hub a sample finding. A file is opened, and nothing is written. It fails when the destination does not accept it.`,
		func(ctx context.Context, s *publication.Service, account macie2.AccountID, name string) (string, error) {
			list, err := s.List(ctx, account)
			if err != nil {
				return "", err
			}
			region := ""
			for i := range list {
				if list[i].Name == name {
					region = list[i].Region
				}
			}
			return "tested", s.Test(ctx, account, name, finding.Sample(region, account, v.o.Now()))
		})
}

func (v verbs) destinationsRetry() *cobra.Command {
	return v.destinationVerb("retry", "Switch a destination on, try it at once, and deliver its dead letters again",
		`Switch a destination on that has asked for no more, try it at once if it failed, and deliver its dead letters again, before all else.`,
		func(ctx context.Context, s *publication.Service, account macie2.AccountID, name string) (string, error) {
			n, err := s.Retry(ctx, account, name)
			return fmt.Sprintf("%d dead letters are delivered again to", n), err
		})
}

func (v verbs) destinationsRemove() *cobra.Command {
	return v.destinationVerb("remove", "Forget a destination, its secret and what was still to be delivered to it", "",
		func(ctx context.Context, s *publication.Service, account macie2.AccountID, name string) (string, error) {
			return "removed", s.Remove(ctx, account, name)
		})
}

// destinationVerb is a command about one destination; fn says what it did.
func (v verbs) destinationVerb(name, short, long string, fn func(ctx context.Context, s *publication.Service, account macie2.AccountID, name string) (string, error)) *cobra.Command {
	var l location
	c := &cobra.Command{
		Use: name + " ACCOUNT NAME", Short: short, Long: long, Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.publication(c, &l, account, func(ctx context.Context, s *publication.Service) error {
				did, err := fn(ctx, s, account, args[1])
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "%s destination %s of account %s\n", did, args[1], account)
				return nil
			})
		},
	}
	l.flags(c)
	return c
}
