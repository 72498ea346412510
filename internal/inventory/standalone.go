package inventory

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3"
)

// Standalone says which store to open for a program that has no server and no database.
type Standalone struct {
	// Endpoint is where the store is. "": where AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL says, or else Amazon S3.
	Endpoint string
	// Region is what requests are signed for. "": what the environment and the configuration files of AWS say, or else us-east-1.
	Region string
	// Profile is that of the configuration files. "": what the environment says.
	Profile string
	// VirtualHost puts the bucket before the endpoint's host. It is so at Amazon S3.
	VirtualHost bool
	// CA is a certificate in PEM that the store's is signed by; nil trusts those of the system.
	CA []byte
}

// OpenStandalone opens a store with the credentials that the AWS CLI would use: those of the environment, of the configuration files, or of
// the machine.
func OpenStandalone(ctx context.Context, o Standalone) (objectstore.Store, error) {
	var options []func(*config.LoadOptions) error
	if o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(o.Profile))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, errors.New("the configuration of AWS cannot be read: is there a profile of that name?")
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
		if o.Endpoint == "" {
			o.Endpoint = os.Getenv(name)
		}
	}
	if o.Region == "" {
		o.Region = c.Region
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Endpoint == "" {
		o.Endpoint, o.VirtualHost = awsEndpoint(o.Region), true
	}
	return s3.New(s3.Options{Endpoint: o.Endpoint, Region: o.Region, VirtualHost: o.VirtualHost, CA: o.CA, Credentials: endingWith(ctx, c)})
}
