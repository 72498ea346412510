package analyse

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	hooks()
	ServeBox()
	os.Exit(m.Run())
}
