package server

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// heldFile is the file of a data folder that its server holds, and says in who it is.
const heldFile = "magpie.serving"

// errHeld says that another process holds the file.
var errHeld = errors.New("held by another process")

// hold keeps other servers from the folder of an embedded store until it is closed or the process
// ends, however it ends. SQLite would let several work on one file, but the files of the audit, the
// mails and the master key in the folder are one node's.
func hold(folder, listen string) (io.Closer, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	path := filepath.Join(folder, heldFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	switch err := lock(f); {
	case errors.Is(err, errHeld):
		who, _ := io.ReadAll(io.LimitReader(f, 1024)) // it may be empty for a moment
		f.Close()
		return nil, fmt.Errorf("--data %s: it is served already, by %s; stop that one, or give this one another folder, or both --database-url",
			folder, cmp.Or(strings.TrimSpace(string(who)), "another process"))
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("--data: hold %s: %w", path, err)
	}
	who := fmt.Sprintf("process %d, which listens on %s, since %s\n", os.Getpid(), listen, time.Now().UTC().Format(time.RFC3339))
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(who), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("--data: %w", err)
	}
	return f, nil
}
