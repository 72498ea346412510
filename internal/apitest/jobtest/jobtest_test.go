package jobtest

import (
	"testing"

	"magpie/internal/inventory/s3/s3test"
)

// TestMoto runs jobs over moto.
func TestMoto(t *testing.T) { Run(t, s3test.Moto(t)) }

// TestStore runs jobs over the store that the environment names.
func TestStore(t *testing.T) { Run(t, s3test.Named(t)) }
