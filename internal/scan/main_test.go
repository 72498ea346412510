package scan

import (
	"os"
	"testing"

	"magpie/internal/analyse"
)

func TestMain(m *testing.M) {
	analyse.ServeBox()
	os.Exit(m.Run())
}
