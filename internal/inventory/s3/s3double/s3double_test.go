package s3double_test

import (
	"testing"

	"magpie/internal/inventory/s3/s3double"
	"magpie/internal/inventory/s3/s3test"
)

// The double is held to what real stores are held to.
func TestSuite(t *testing.T) {
	d := s3double.New()
	t.Cleanup(d.Close)
	s3test.Run(t, s3test.Target{Endpoint: d.URL, AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", Region: "us-east-1", Unsigned: true})
}
