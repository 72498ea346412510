package mail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Dir writes each mail as a file named after its invitation, such as
// d8bdad0e203fd1242e0a4721b0c3f3e2.eml, which mail programs open. A file appears
// whole or not at all, and Send returns when it is on the disk. A mail that is
// delivered again replaces its file.
type Dir struct{ path string }

const unfinished = ".eml-unfinished"

// NewDir makes the folder if it is not there, and clears away what a crash left
// unfinished in it.
func NewDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("mail folder: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("mail folder: %w", err)
	}
	for _, entry := range entries {
		// Other nodes may share the folder: what is young may be theirs.
		if info, err := entry.Info(); err == nil && strings.HasSuffix(entry.Name(), unfinished) &&
			time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(path, entry.Name())) // the next start tries again
		}
	}
	return &Dir{path: path}, nil
}

// Send writes the file. All failures are temporary: disks get space again.
func (d *Dir) Send(ctx context.Context, m *Composed) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, &Failure{Kind: Temporary, Step: "write file", Err: err}
	}
	name := m.InvitationID + ".eml"
	if err := d.write(name, m.data); err != nil {
		return Reply{}, &Failure{Kind: Temporary, Step: "write file", Err: err}
	}
	return Reply{Text: "written to " + name}, nil
}

func (d *Dir) write(name string, data []byte) (err error) {
	f, err := os.CreateTemp(d.path, "*"+unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // nothing more can be learnt from it
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(d.path, name)); err != nil {
		return err
	}
	return syncFolder(d.path)
}

// syncFolder makes a rename in the folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
