// Package journal owns the record that a run keeps of itself, so that one that was interrupted, by whatever, can go on where it was: a file of
// JSON lines that is only ever appended to. A line is on the disk when Sync returns. Lines that were being written when the power went are
// dropped on reading; what they told of, the server knows.
//
// Start at Create, Open and Journal.Append.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// ErrInUse says that another process has the journal open.
var ErrInUse = errors.New("another process is at work on this run")

// Journal is a journal that is open for appending. It is for use by any number of goroutines.
type Journal struct {
	file *os.File

	mu      sync.Mutex
	cond    *sync.Cond
	pending bytes.Buffer
	written uint64 // number of the last record handed in
	synced  uint64 // number of the last record known to be on the disk
	busy    bool   // somebody writes
	failed  error  // the first failure; nothing is written after it
}

const suffix = ".journal"

// Create begins the journal of a new run in a folder, which is made where it is not there.
func Create(folder, run string) (*Journal, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, run+suffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	j := begin(f)
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// The file's name is to survive too.
	if d, err := os.Open(folder); err == nil {
		_ = d.Sync() // not every system can
		_ = d.Close()
	}
	return j, nil
}

func begin(f *os.File) *Journal {
	j := &Journal{file: f}
	j.cond = sync.NewCond(&j.mu)
	return j
}

// Open opens the journal of a run to go on with it, after calling read for each of its records in order.
func Open(folder, run string, read func(line []byte) error) (*Journal, error) {
	path := filepath.Join(folder, run+suffix)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no run %q in %s", run, folder)
	} else if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	end, err := replay(f, read)
	if err == nil {
		if err = f.Truncate(end); err == nil {
			_, err = f.Seek(end, io.SeekStart)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read journal %s: %w", path, err), f.Close())
	}
	return begin(f), nil
}

// replay reads records up to the first that is not whole, and returns where that begins.
func replay(r io.Reader, read func([]byte) error) (int64, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	end := 0
	for {
		n := bytes.IndexByte(text[end:], '\n')
		if n < 0 || !json.Valid(text[end:end+n]) {
			return int64(end), nil
		}
		if err := read(text[end : end+n]); err != nil {
			return 0, err
		}
		end += n + 1
	}
}

// Append hands in a record. It is on the disk after the next Sync. A failure to write is told by Sync.
func (j *Journal) Append(record any) {
	line, err := json.Marshal(record)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.failed = errors.Join(j.failed, fmt.Errorf("write journal: %w", err))
		return
	}
	j.pending.Write(line)
	j.pending.WriteByte('\n')
	j.written++
}

// Sync returns when all that was handed in before is on the disk. Callers at the same time share a write.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	wanted := j.written
	for j.synced < wanted && j.failed == nil {
		if j.busy {
			j.cond.Wait()
			continue
		}
		j.busy = true
		text, upTo := slices.Clone(j.pending.Bytes()), j.written
		j.pending.Reset()
		j.mu.Unlock()
		_, err := j.file.Write(text)
		if err == nil {
			err = j.file.Sync()
		}
		j.mu.Lock()
		j.busy = false
		if err != nil {
			j.failed = fmt.Errorf("write journal: %w", err)
		} else {
			j.synced = upTo
		}
		j.cond.Broadcast()
	}
	return j.failed
}

// Close writes what is left and closes the file.
func (j *Journal) Close() error {
	return errors.Join(j.Sync(), j.file.Close())
}

// Runs lists the runs in a folder that have a journal, the latest last. Names of runs begin with their time.
func Runs(folder string) ([]string, error) {
	files, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), suffix); ok {
			runs = append(runs, name)
		}
	}
	return runs, nil
}

// Read calls read for each record of a run without opening its journal for more.
func Read(folder, run string, read func(line []byte) error) error {
	f, err := os.Open(filepath.Join(folder, run+suffix))
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	defer f.Close()
	_, err = replay(f, read)
	return err
}
