package analyse

import (
	"os"
	"testing"

	"magpie/internal/leak"
)

func TestMain(m *testing.M) {
	hooks()
	ServeBox()
	os.Exit(leak.Run(m))
}
