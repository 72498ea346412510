// Package shipped owns the program that tests run as its users do. It is built once for the tests of a package, when the first of them
// asks for it, and is gone after the last.
//
// A package whose tests ask for [Binary] has a TestMain that calls [Main].
package shipped

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"magpie/internal/leak"
)

// folder is where the binary is, while the tests run.
var folder string

// Folder is where a test keeps what others of its package use too, until the last has ended.
func Folder() string { return folder }

// Main runs the tests of a package, takes the binary away and ends the process.
func Main(m *testing.M) {
	dir, err := os.MkdirTemp("", "magpie-shipped-")
	if err != nil {
		panic(err)
	}
	folder = dir
	code := leak.Run(m)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// Binary returns the path of the program, which the first call builds.
var Binary = sync.OnceValues(func() (string, error) {
	if folder == "" {
		return "", errors.New("build: the package has no TestMain that calls shipped.Main")
	}
	binary := filepath.Join(folder, "magpie")
	if out, err := exec.Command("go", "build", "-o", binary, "magpie/cmd/magpie").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, nil
})
