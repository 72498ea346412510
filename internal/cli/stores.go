package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/cli/table"
)

const storesPath = "/magpie/v1/stores"

// ownStore is a store as /magpie/v1/stores answers it.
type ownStore struct {
	AccountID          string   `json:"accountId"`
	Name               string   `json:"name"`
	Region             string   `json:"region"`
	Kind               string   `json:"kind"`
	Endpoint           string   `json:"endpoint"`
	SigningRegion      string   `json:"signingRegion,omitempty"`
	VirtualHost        bool     `json:"virtualHost,omitempty"`
	Insecure           bool     `json:"insecure,omitempty"`
	AccessKeyID        string   `json:"accessKeyId,omitempty"`
	RoleARN            string   `json:"roleArn,omitempty"`
	ExternalID         string   `json:"externalId,omitempty"`
	OwnCertificate     bool     `json:"ownCertificate,omitempty"`
	Buckets            []string `json:"buckets,omitempty"`
	MaxRequests        int64    `json:"maxRequests,omitempty"`
	MaxBandwidth       int64    `json:"maxBandwidth,omitempty"`
	AddedBy            string   `json:"addedBy"`
	Status             string   `json:"status"`
	StatusDetail       string   `json:"statusDetail,omitempty"`
	BucketCount        int64    `json:"bucketCount"`
	FailingBucketCount int64    `json:"failingBucketCount"`
	LookedAt           string   `json:"lookedAt,omitempty"`
	CreatedAt          string   `json:"createdAt"`
	UpdatedAt          string   `json:"updatedAt"`
}

// Stores is the verb about the stores of the caller's account.
func Stores() *cobra.Command {
	c := &cobra.Command{
		Use:   "stores",
		Short: "Connect your account to its object stores, where the server's operator allows their endpoints",
		Long: `Connect the account whose credentials are used to its object stores, in one Region. Only endpoints that the server's operator has
listed (--store-endpoints) can be named; stores that the operator has connected are shown, and cannot be changed here. On the
machine of the server, magpie store does the same for any account.`,
	}
	c.AddCommand(storesList(), storesShow(), storesAdd(), storesUpdate(), storesTest(), storesRemove())
	return c
}

func storesList() *cobra.Command {
	var v view
	c := &cobra.Command{
		Use:   "list",
		Short: "List the stores of the account",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				got, err := fetchStores(ctx, client, nil)
				if err != nil {
					return nil, nil, err
				}
				t := &table.Table{Columns: []string{"name", "endpoint", "added by", "status", "buckets", "looked at"}}
				for _, x := range got.Stores {
					t.Add(x.Name, x.Endpoint, x.AddedBy, x.Status, strconv.FormatInt(x.BucketCount, 10), x.LookedAt)
				}
				return got, t, nil
			})
		},
	}
	v.bind(c, "", formats...)
	return c
}

func storesShow() *cobra.Command {
	var v view
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a store's settings and how it was at the last look",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				got, err := fetchStores(ctx, client, url.Values{"name": args})
				if err != nil {
					return nil, nil, err
				}
				if len(got.Stores) == 0 {
					return nil, nil, fmt.Errorf("the account has no store %s in this Region", args[0])
				}
				return got.Stores[0], got.Stores[0].table(), nil
			})
		},
	}
	v.bind(c, "table", "table", "json")
	return c
}

type ownStores struct {
	Stores []ownStore `json:"stores"`
}

// fetchStores asks for the stores of the account, or for the one that a query names.
func fetchStores(ctx context.Context, client *Client, query url.Values) (got ownStores, err error) {
	err = client.Call(ctx, http.MethodGet, storesPath, query, nil, &got)
	return got, err
}

// table is a store, a setting a line; those that say nothing are left out.
func (x *ownStore) table() *table.Table {
	t := &table.Table{Columns: []string{"what", "is"}}
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	yes := func(is bool) string {
		if is {
			return "yes"
		}
		return ""
	}
	for _, row := range [][2]string{
		{"name", x.Name}, {"region", x.Region}, {"kind", x.Kind}, {"endpoint", x.Endpoint}, {"access key", x.AccessKeyID}, {"role", x.RoleARN},
		{"signing region", x.SigningRegion}, {"virtual host", yes(x.VirtualHost)}, {"own certificate", yes(x.OwnCertificate)},
		{"only buckets", strings.Join(x.Buckets, " ")}, {"requests a second", number(x.MaxRequests)}, {"bytes a second", number(x.MaxBandwidth)},
		{"added by", x.AddedBy}, {"status", x.Status}, {"why", x.StatusDetail}, {"buckets", strconv.FormatInt(x.BucketCount, 10)},
		{"of these failing", number(x.FailingBucketCount)}, {"looked at", x.LookedAt}, {"created", x.CreatedAt}, {"updated", x.UpdatedAt},
	} {
		if row[1] != "" {
			t.Add(row[0], row[1])
		}
	}
	return t
}

// storeSettings are the settings of a store on the command line.
type storeSettings struct {
	endpoint, accessKeyID, secretFile, signingRegion, caFile string
	virtualHost                                              bool
	buckets                                                  []string
	maxRequests, maxBandwidth                                int64
}

func (s *storeSettings) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.endpoint, "endpoint", "", "`URL` of the store, such as https://storage.example.com")
	f.StringVar(&s.accessKeyID, "access-key-id", "", "the `ID` of an access key of the store")
	f.StringVar(&s.secretFile, "secret-access-key-file", "", "`file` with the key's secret, - for standard input")
	f.StringVar(&s.signingRegion, "signing-region", "", "`region` that requests are signed for, as the store calls it (default us-east-1)")
	f.BoolVar(&s.virtualHost, "virtual-host", false, "put the bucket's name before the endpoint's, and not into the path")
	f.StringVar(&s.caFile, "ca-file", "", "`file` with the certificate, in PEM, that the store's is signed by")
	f.StringArrayVar(&s.buckets, "buckets", nil, "look only at buckets whose names match the `pattern`, such as data-*; may be repeated")
	f.Int64Var(&s.maxRequests, "max-requests", 0, "the most requests a second")
	f.Int64Var(&s.maxBandwidth, "max-bandwidth", 0, "the most bytes a second")
}

// body is what was given, as the operations take it: what is absent stays as it is.
func (s *storeSettings) body(c *cobra.Command) (map[string]any, error) {
	body := map[string]any{}
	for flag, member := range map[string]struct {
		name  string
		value any
	}{
		"endpoint": {"endpoint", s.endpoint}, "access-key-id": {"accessKeyId", s.accessKeyID}, "signing-region": {"signingRegion", s.signingRegion},
		"virtual-host": {"virtualHost", s.virtualHost}, "max-requests": {"maxRequests", s.maxRequests}, "max-bandwidth": {"maxBandwidth", s.maxBandwidth},
	} {
		if c.Flags().Changed(flag) {
			body[member.name] = member.value
		}
	}
	if c.Flags().Changed("buckets") {
		patterns := []string{}
		for _, p := range s.buckets {
			if p != "" {
				patterns = append(patterns, p)
			}
		}
		body["buckets"] = patterns
	}
	if s.caFile != "" {
		text, err := os.ReadFile(s.caFile)
		if err != nil {
			return nil, refused("--ca-file: %v", err)
		}
		body["certificate"] = string(text)
	}
	if s.secretFile != "" {
		secret, err := secretLine(c, s.secretFile)
		if err != nil {
			return nil, refused("--secret-access-key-file: %v", err)
		}
		body["secretAccessKey"] = secret
	}
	return body, nil
}

// secretLine reads the one line of a file.
func secretLine(c *cobra.Command, name string) (string, error) {
	in := c.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
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
	return line, nil
}

func storesAdd() *cobra.Command {
	var target Target
	var s storeSettings
	c := &cobra.Command{
		Use:   "add NAME --endpoint URL --access-key-id ID --secret-access-key-file FILE",
		Short: "Connect the account to a store",
		Example: `  magpie stores add main --endpoint https://storage.example.com --access-key-id AKIAEXAMPLE \
      --secret-access-key-file secret.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return changeStore(c, target, &s, http.MethodPost, "added", args[0])
		},
	}
	target.bind(c)
	s.bind(c)
	return c
}

func storesUpdate() *cobra.Command {
	var target Target
	var s storeSettings
	c := &cobra.Command{
		Use:   "update NAME",
		Short: "Change settings of a store, such as its key; those that are not given stay",
		Long: `Change those settings of a store that are given; the others stay. With another endpoint the secret has to be given again. With
--buckets, the patterns replace those that were there; --buckets "" takes them away. The store is looked at again at once.`,
		Example: "  magpie stores update main --access-key-id AKIAOTHER --secret-access-key-file secret.txt",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return changeStore(c, target, &s, http.MethodPatch, "updated", args[0])
		},
	}
	target.bind(c)
	s.bind(c)
	return c
}

func changeStore(c *cobra.Command, target Target, s *storeSettings, method, done, name string) error {
	body, err := s.body(c)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return refused("nothing is given: see %s --help", c.CommandPath())
	}
	client, err := Connect(c.Context(), target)
	if err != nil {
		return err
	}
	var got ownStore
	if err := client.Call(c.Context(), method, storesPath, url.Values{"name": {name}}, body, &got); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s store %s in %s; try it with: magpie stores test %s\n", done, got.Name, got.Region, got.Name)
	return nil
}

func storesTest() *cobra.Command {
	var v view
	var bucket string
	c := &cobra.Command{
		Use:   "test NAME",
		Short: "Try every call that Magpie makes to a store, from the server",
		Long: `Have the server try every call that it makes to a store, and show what came of each: whether it works, is not implemented there, is
not permitted, or is answered with something else, and what is not known for that reason. Nothing is written. It fails when the
buckets, or the objects of the one that is tried, cannot be listed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var failed error
			err := v.show(c, func(ctx context.Context, client *Client) (any, *table.Table, error) {
				query := url.Values{"name": args}
				if bucket != "" {
					query.Set("bucket", bucket)
				}
				var got triedStore
				if err := client.Call(ctx, http.MethodPost, storesPath+"/test", query, nil, &got); err != nil {
					return nil, nil, err
				}
				failed = got.failed()
				return got, got.table(), nil
			})
			return errors.Join(err, failed)
		},
	}
	v.bind(c, "", formats...)
	c.Flags().StringVar(&bucket, "bucket", "", "`name` of the bucket to try (default: the first one)")
	return c
}

// triedStore is what came of each call to a store.
type triedStore struct {
	Calls []struct {
		Call         string `json:"call"`
		Bucket       string `json:"bucket,omitempty"`
		Outcome      string `json:"outcome"`
		Detail       string `json:"detail,omitempty"`
		NotKnown     string `json:"notKnown,omitempty"`
		Milliseconds int64  `json:"milliseconds"`
	} `json:"calls"`
}

// failed is why the store cannot be used, if it cannot.
func (x *triedStore) failed() (err error) {
	for _, c := range x.Calls {
		if c.Outcome != "works" && (c.Call == "ListBuckets" || c.Call == "ListObjectsV2") {
			err = fmt.Errorf("%s: %s: the store cannot be used", c.Call, c.Outcome)
		}
	}
	return err
}

func (x *triedStore) table() *table.Table {
	t := &table.Table{Columns: []string{"call", "bucket", "outcome", "detail", "not known then"}}
	for _, c := range x.Calls {
		t.Add(c.Call, c.Bucket, c.Outcome, c.Detail, c.NotKnown)
	}
	return t
}

func storesRemove() *cobra.Command {
	var target Target
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Disconnect the account from a store, and have its key forgotten",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			if err := client.Call(c.Context(), http.MethodDelete, storesPath, url.Values{"name": args}, nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "removed store %s\n", args[0])
			return nil
		},
	}
	target.bind(c)
	return c
}
