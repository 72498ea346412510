package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"magpie/internal/cli/region"
	"magpie/internal/sigv4"
)

// Target says which endpoint a verb talks to, and as whom. Empty members are taken from where AWS's own tools take them: the environment,
// the shared configuration files, the profile, single sign-on, the machine's role.
type Target struct {
	EndpointURL string
	Region      string
	Profile     string
}

// bind gives a command the flags of a target.
func (t *Target) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.EndpointURL, "endpoint-url", "", "endpoint to call (default: MAGPIE_ENDPOINT_URL, AWS_ENDPOINT_URL_MACIE2, AWS_ENDPOINT_URL, or AWS itself)")
	f.StringVar(&t.Region, "region", "", "Region (default: AWS_REGION, or the profile's)")
	f.StringVar(&t.Profile, "profile", "", "profile of the shared AWS configuration")
	mustComplete(c, "region", region.Names())
}

// load reads the AWS configuration. connections is how many calls are made at once.
func (t Target) load(ctx context.Context, connections int) (aws.Config, error) {
	plain := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.MaxIdleConnsPerHost = max(connections, tr.MaxIdleConnsPerHost)
		tr.MaxIdleConns = max(4*connections, tr.MaxIdleConns)
	})
	options := []func(*config.LoadOptions) error{config.WithAppID("magpie"), config.WithHTTPClient(plain), config.WithRetryer(retryer)}
	if t.Region != "" {
		options = append(options, config.WithRegion(t.Region))
	}
	if t.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(t.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, fmt.Errorf("read AWS configuration: %w", err)
	}
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient) // with the certificate authorities of AWS_CA_BUNDLE
	if !ok {
		return cfg, fmt.Errorf("read AWS configuration: the HTTP client is a %T", cfg.HTTPClient)
	}
	cfg.HTTPClient = &http.Client{Transport: bounded{client.GetTransport()}, Timeout: client.GetTimeout()}
	if cfg.Region == "" {
		return cfg, refused("no Region: give --region, or set AWS_REGION")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil && ctx.Err() == nil {
		const next = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (magpie key create prints them), or give --profile"
		if profile := cmp.Or(t.Profile, os.Getenv("AWS_PROFILE")); profile != "" {
			return cfg, fmt.Errorf("no credentials in profile %s: %w", profile, err)
		}
		return cfg, errors.New("no credentials: " + next)
	}
	return cfg, nil
}

// retryer is the SDK's, but that it does not try again where nobody listens.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		refusedIsFinal := retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, errElsewhere) || errors.Is(err, errEndless) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})
		o.Retryables = append([]retry.IsErrorRetryable{refusedIsFinal}, o.Retryables...)
	})
}

// sayAWS tells somebody at a terminal, before something is changed, that the endpoint is AWS itself, and whose account it is.
func (t Target) sayAWS(c *cobra.Command, cfg aws.Config, client *macie2.Client) {
	if client.Options().BaseEndpoint != nil || !isTerminal(c.ErrOrStderr()) {
		return
	}
	account := "unknown"
	if id, err := t.sts(cfg).GetCallerIdentity(c.Context(), &sts.GetCallerIdentityInput{}); err == nil {
		account = aws.ToString(id.Account)
	}
	fmt.Fprintf(c.ErrOrStderr(), "AWS, account %s, %s\n", account, cfg.Region)
}

// macie is the API's client in a Region. The endpoint is, in this order: the flag, AWS_ENDPOINT_URL_MACIE2, AWS_ENDPOINT_URL, the profile's,
// AWS.
func (t Target) macie(cfg aws.Config, more ...func(*macie2.Options)) *macie2.Client {
	if t.EndpointURL != "" {
		more = append([]func(*macie2.Options){func(o *macie2.Options) { o.BaseEndpoint = &t.EndpointURL }}, more...)
	}
	return macie2.NewFromConfig(cfg, more...)
}

// sts is the client of the Security Token Service: that of --endpoint-url, unless AWS_ENDPOINT_URL_STS names another.
func (t Target) sts(cfg aws.Config, more ...func(*sts.Options)) *sts.Client {
	if t.EndpointURL != "" && os.Getenv("AWS_ENDPOINT_URL_STS") == "" {
		more = append([]func(*sts.Options){func(o *sts.Options) { o.BaseEndpoint = &t.EndpointURL }}, more...)
	}
	return sts.NewFromConfig(cfg, more...)
}

// Connect returns a client for what Magpie serves beside Macie's API.
func Connect(ctx context.Context, t Target) (*Client, error) {
	cfg, err := t.load(ctx, 1)
	if err != nil {
		return nil, err
	}
	return t.beside(ctx, cfg)
}

// beside is Connect with the configuration read already.
func (t Target) beside(ctx context.Context, cfg aws.Config) (*Client, error) {
	endpoint := cmp.Or(t.EndpointURL, os.Getenv("AWS_ENDPOINT_URL_MACIE2"))
	if endpoint == "" && cfg.BaseEndpoint != nil {
		endpoint = *cfg.BaseEndpoint
	}
	if endpoint == "" {
		return nil, errors.New("no endpoint: give --endpoint-url, or set MAGPIE_ENDPOINT_URL or AWS_ENDPOINT_URL_MACIE2")
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile: %w", err)
	}
	return &Client{Endpoint: endpoint, Region: cfg.Region, HTTP: httpClient(cfg), Credentials: sigv4.Credentials{
		AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken,
	}}, nil
}

// httpClient is the client of the configuration.
func httpClient(cfg aws.Config) *http.Client {
	if client, ok := cfg.HTTPClient.(*http.Client); ok {
		return client
	}
	return &http.Client{Transport: bounded{http.DefaultTransport}}
}
