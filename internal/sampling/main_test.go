package sampling

import (
	"os"
	"testing"

	"magpie/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
