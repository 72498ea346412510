package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/queue"
)

func (v verbs) store() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Connect accounts to object stores and folders",
		Long: `Connect accounts to the stores where their buckets are: any server with the interface of Amazon S3, AWS itself, or a folder of files.
What these commands change holds from the next call on, on every server that runs.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(v.storeAdd(), v.storeList(), v.storeShow(), v.storeTest(), v.storeUpdate(), v.storeRemove())
	return c
}

// inventory opens the database, with its master key, for as long as fn runs.
func (v verbs) inventory(c *cobra.Command, l *location, account macie2.AccountID, fn func(ctx context.Context, s *inventory.Service) error) (err error) {
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
	s := inventory.New(inventory.Options{
		DB: db, Queue: queue.Open(db, queue.Options{Logger: log}), Logger: log, Sealer: identity.NewSealer(key, identity.StoreSecretPurpose),
	})
	defer func() { err = errors.Join(err, s.Close()) }()
	err = fn(c.Context(), s)
	if setting, ok := errors.AsType[*inventory.SettingError](err); ok {
		if flag, ok := settingFlags[setting.Setting]; ok {
			return fmt.Errorf("--%s: %s", flag, setting.Reason)
		}
	}
	return hint(err)
}

// settingFlags are the flags by which settings are given.
var settingFlags = map[string]string{
	"region": "region", "endpoint": "endpoint", "signingRegion": "signing-region", "accessKeyId": "access-key-id",
	"secretAccessKey": "secret-access-key-file", "roleArn": "role-arn", "externalId": "external-id", "ca": "ca-file", "buckets": "buckets",
	"maxRequests": "max-requests", "maxBandwidth": "max-bandwidth",
}

// storeFlags are the settings of a store on the command line.
type storeFlags struct {
	x                   inventory.Settings
	aws                 bool
	secretFile, caFile  string
	requests, bandwidth string
}

func (f *storeFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.x.Endpoint, "endpoint", "", "`URL` of the store: https://storage.example.com, or file:///srv/data for a folder")
	c.Flags().StringVar(&f.x.AccessKeyID, "access-key-id", "", "the `ID` of an access key of the store")
	c.Flags().StringVar(&f.secretFile, "secret-access-key-file", "", "`file` with the key's secret, - for standard input")
	c.Flags().StringVar(&f.x.SigningRegion, "signing-region", "", "`region` that requests are signed for, as the store calls it (default us-east-1)")
	c.Flags().BoolVar(&f.x.VirtualHost, "virtual-host", false, "put the bucket's name before the endpoint's, and not into the path")
	c.Flags().StringVar(&f.caFile, "ca-file", "", "`file` with the certificate, in PEM, that the store's is signed by")
	c.Flags().BoolVar(&f.x.Insecure, "insecure", false, "allow HTTP to another machine: anybody on the way can read what is sent")
	c.Flags().StringVar(&f.x.RoleARN, "role-arn", "", "`ARN` of a role to assume at AWS")
	c.Flags().StringVar(&f.x.ExternalID, "external-id", "", "the external `ID` that the role asks for")
	c.Flags().StringArrayVar(&f.x.Buckets, "buckets", nil, "look only at buckets whose names match the `pattern`, such as data-*; may be repeated")
	c.Flags().StringVar(&f.requests, "max-requests", "", "the most requests a second that all servers together make, such as `200/s`")
	c.Flags().StringVar(&f.bandwidth, "max-bandwidth", "", "the most bytes a second that they read, such as `50MB/s`")
}

// read completes the settings from what the flags name.
func (f *storeFlags) read(c *cobra.Command) (err error) {
	if f.secretFile != "" {
		if f.x.Secret, err = readSecret(c, f.secretFile); err != nil {
			return fmt.Errorf("--secret-access-key-file: %w", err)
		}
	}
	if f.caFile != "" {
		text, err := os.ReadFile(f.caFile)
		if err != nil {
			return fmt.Errorf("--ca-file: %w", err)
		}
		f.x.CA = string(text)
	}
	if f.requests != "" {
		n, err := strconv.ParseInt(strings.TrimSuffix(f.requests, "/s"), 10, 64)
		if err != nil || n < 1 {
			return fmt.Errorf("--max-requests %q: must be a number of requests a second, such as 200/s", f.requests)
		}
		f.x.MaxRequests = n
	}
	if f.bandwidth != "" {
		if f.x.MaxBandwidth, err = parseBandwidth(f.bandwidth); err != nil {
			return fmt.Errorf("--max-bandwidth %q: %w", f.bandwidth, err)
		}
	}
	return nil
}

// readSecret reads the one line of a file.
func readSecret(c *cobra.Command, file string) (identity.Secret, error) {
	in := c.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 4096))
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(text))
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return "", errors.New("it must have one line, the secret")
	}
	return identity.Secret(line), nil
}

// parseBandwidth reads 50MB/s, 10MiB/s or 1000000.
func parseBandwidth(text string) (int64, error) {
	number := strings.TrimSuffix(text, "/s")
	factor := int64(1)
	for _, u := range []struct {
		suffix string
		n      int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}} {
		if n, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = n, u.n
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 1 || n > 1e15/factor {
		return 0, errors.New("must be a number of bytes a second, such as 50MB/s")
	}
	return n * factor, nil
}

func (v verbs) storeAdd() *cobra.Command {
	var l location
	var f storeFlags
	c := &cobra.Command{
		Use:   "add ACCOUNT NAME --region REGION --endpoint URL | --aws",
		Short: "Connect an account to a store",
		Long: `Connect an account to a store: its buckets are the account's buckets in that Region of Macie, visible within seconds once Macie is
enabled there. The secret is stored encrypted.

A folder is a store too: its subfolders are buckets, the files below them are objects. At AWS the server's own credentials are used,
as the AWS SDK finds them, or a role's that it assumes with them.

The account is to be created before, but for a server with --dev, where every account exists: in a folder that was served with --dev
nothing more is needed, before the first magpie serve --dev give --dev here too.`,
		Example: `  magpie store add 111122223333 main --region eu-west-1 --endpoint https://storage.example.com \
      --access-key-id AKIAEXAMPLE --secret-access-key-file secret.txt
  magpie store add 111122223333 files --region eu-west-1 --endpoint file:///srv/data
  magpie store add 111122223333 aws --region eu-west-1 --aws --role-arn arn:aws:iam::111122223333:role/Magpie`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			if f.aws == (f.x.Endpoint != "") {
				return errors.New("give either --endpoint or --aws")
			}
			if err := f.read(c); err != nil {
				return err
			}
			l.makes = l.dev
			x := f.x
			x.Name, x.Kind = args[1], inventory.KindOf(x.Endpoint)
			if f.aws {
				x.Kind = inventory.KindAWS
			}
			return v.inventory(c, &l, account, func(ctx context.Context, s *inventory.Service) error {
				added, err := s.AddStore(ctx, account, inventory.ByOperator, x, v.o.Now())
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "added store %s of account %s in %s; try it with: magpie store test %s %s\n",
					added.Name, account, added.Region, account, added.Name)
				return nil
			})
		},
	}
	f.flags(c)
	c.Flags().StringVar(&f.x.Region, "region", "", "`Region` of Macie in which the buckets are, such as us-east-1")
	c.Flags().BoolVar(&f.aws, "aws", false, "Amazon S3, with the credentials that this machine has")
	c.Flags().BoolVar(&l.dev, "dev", false, "the account need not have been created: for a server that is to run with --dev")
	_ = c.MarkFlagRequired("region") // it fails for a flag that is not there
	l.flags(c)
	return c
}

func (v verbs) storeUpdate() *cobra.Command {
	var l location
	var f storeFlags
	c := &cobra.Command{
		Use:   "update ACCOUNT NAME",
		Short: "Change settings of a store, such as its key",
		Long: `Change those settings of a store that are given; the others stay. Its Region stays too. With --buckets, the patterns replace those
that were there; --buckets "" takes them away. The store is looked at again at once.`,
		Example: "  magpie store update 111122223333 main --access-key-id AKIAOTHER --secret-access-key-file secret.txt",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			if err := f.read(c); err != nil {
				return err
			}
			return v.inventory(c, &l, account, func(ctx context.Context, s *inventory.Service) error {
				x, err := s.UpdateStore(ctx, account, args[1], v.o.Now(), func(x *inventory.Store) error { return f.change(c, &x.Settings) })
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "updated store %s of account %s\n", x.Name, account)
				return nil
			})
		},
	}
	f.flags(c)
	l.flags(c)
	return c
}

// change puts the settings that were given into those that are there.
func (f *storeFlags) change(c *cobra.Command, x *inventory.Settings) error {
	given := 0
	for flag, set := range map[string]func(){
		"endpoint": func() { x.Endpoint = f.x.Endpoint }, "access-key-id": func() { x.AccessKeyID = f.x.AccessKeyID },
		"secret-access-key-file": func() { x.Secret = f.x.Secret }, "signing-region": func() { x.SigningRegion = f.x.SigningRegion },
		"virtual-host": func() { x.VirtualHost = f.x.VirtualHost }, "ca-file": func() { x.CA = f.x.CA },
		"insecure": func() { x.Insecure = f.x.Insecure }, "role-arn": func() { x.RoleARN = f.x.RoleARN },
		"external-id": func() { x.ExternalID = f.x.ExternalID }, "buckets": func() { x.Buckets = f.x.Buckets },
		"max-requests": func() { x.MaxRequests = f.x.MaxRequests }, "max-bandwidth": func() { x.MaxBandwidth = f.x.MaxBandwidth },
	} {
		if c.Flags().Changed(flag) {
			given++
			set()
		}
	}
	if given == 0 {
		return errors.New("nothing to change: give a flag")
	}
	if len(x.Buckets) == 1 && x.Buckets[0] == "" {
		x.Buckets = nil
	}
	return nil
}

func (v verbs) storeRemove() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "remove ACCOUNT NAME",
		Short: "Disconnect an account from a store, and forget its key",
		Long: `Disconnect an account from a store, and forget its key. Its buckets are shown with an error for an hour, then they are gone from the
inventory. Nothing is changed in the store itself.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			account, err := accountID(args[0])
			if err != nil {
				return err
			}
			return v.inventory(c, &l, account, func(ctx context.Context, s *inventory.Service) error {
				if err := s.RemoveStore(ctx, account, args[1], v.o.Now()); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "removed store %s of account %s\n", args[1], account)
				return nil
			})
		},
	}
	l.flags(c)
	return c
}
