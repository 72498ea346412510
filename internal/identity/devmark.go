package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// devFile is the file of a data folder which says that its last server ran in dev mode.
const devFile = "magpie.dev"

// MarkDev keeps for the folder of a server whether it runs in dev mode, so that programs that work
// on its store know that every account exists there.
func MarkDev(folder string, dev bool) error {
	path := filepath.Join(folder, devFile)
	if !dev {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("The last server of this folder ran with --dev: every account exists.\n"), 0o600)
}

// IsDev reports whether the last server of the folder ran in dev mode.
func IsDev(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, devFile))
	return err == nil
}
