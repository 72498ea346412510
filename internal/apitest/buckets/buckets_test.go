package buckets

import (
	"testing"

	"magpie/internal/inventory/s3/s3test"
)

// TestMoto holds the conversation with moto, which stands for AWS.
func TestMoto(t *testing.T) { Converse(t, s3test.Moto(t)) }

// TestStore holds it with the store that the environment names.
func TestStore(t *testing.T) { Converse(t, s3test.Named(t)) }
