package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// file is the newest of a folder's files. Files are named by the time of their first record, so
// that names sort. A file is begun with the first record, by this process: what a process that died
// has left half a line of is not written to again. It is for one goroutine, but for prune.
type file struct {
	dir  string
	most int64
	node string // the name of the folder, which the records in the database have too

	out  *os.File // nil before the first record
	w    *bufio.Writer
	size int64
}

const (
	prefix   = "audit-"
	suffix   = ".jsonl"
	nameTime = "20060102T150405.000000000Z"
)

// openFile makes the folder if it is not there.
func openFile(dir string, most int64) (*file, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	path := filepath.Join(dir, "node")
	name, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		name = []byte(uuid.NewString() + "\n")
		err = os.WriteFile(path, name, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return &file{dir: dir, most: most, node: strings.TrimSpace(string(name))}, nil
}

// write adds a line.
func (f *file) write(line string) error {
	if f.out != nil && f.size+int64(len(line)+1) > f.most {
		if err := f.close(); err != nil {
			return err
		}
	}
	if f.out == nil {
		path := filepath.Join(f.dir, prefix+time.Now().UTC().Format(nameTime)+suffix)
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		f.out, f.w, f.size = out, bufio.NewWriterSize(out, 64<<10), 0
	}
	n, err := f.w.WriteString(line)
	f.size += int64(n) + 1
	if err == nil {
		err = f.w.WriteByte('\n')
	}
	if err != nil { // a bufio.Writer that has failed goes on failing: the next line begins another file
		f.abandon()
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// flush hands what was written to the operating system.
func (f *file) flush() error {
	if f.out == nil {
		return nil
	}
	if err := f.w.Flush(); err != nil {
		f.abandon()
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

func (f *file) abandon() {
	_ = f.out.Close() // it has failed already
	f.out = nil
}

// close ends the file.
func (f *file) close() error {
	if err := f.flush(); err != nil || f.out == nil {
		return err
	}
	err := errors.Join(f.out.Sync(), f.out.Close())
	f.out = nil
	return err
}

// prune deletes the files whose last record is older than before.
func (f *file) prune(before time.Time) error {
	paths, err := filepath.Glob(filepath.Join(f.dir, prefix+"*"+suffix))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.ModTime().Before(before) {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}
