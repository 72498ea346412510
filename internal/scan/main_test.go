package scan

import (
	"os"
	"testing"

	"magpie/internal/analyse"
	"magpie/internal/leak"
)

func TestMain(m *testing.M) {
	analyse.ServeBox()
	os.Exit(leak.Run(m))
}
