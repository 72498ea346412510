package s3test

import (
	"os"
	"testing"

	"magpie/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// TestStore runs the suite against the store that the environment names.
func TestStore(t *testing.T) { Run(t, Named(t)) }

// TestMoto runs the suite against moto, which knows settings that others refuse.
func TestMoto(t *testing.T) { Run(t, Moto(t)) }
