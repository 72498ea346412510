package analyse

import (
	"cmp"
	"errors"
	"fmt"
	"os"
)

// spool is a temporary file that is gone when it is closed or, where the system lets an open file be
// removed, when the process ends. Where system and file system can, it never has a name.
type spool struct {
	*os.File
	removed bool
}

func newSpool(dir string) (*spool, error) {
	if f := unnamed(cmp.Or(dir, os.TempDir())); f != nil {
		return &spool{f, true}, nil
	}
	f, err := os.CreateTemp(dir, "magpie-*")
	if err != nil {
		return nil, fmt.Errorf("make room for a file inside an archive: %w", err)
	}
	return &spool{f, os.Remove(f.Name()) == nil}, nil
}

func (s *spool) Close() error {
	err := s.File.Close()
	if !s.removed {
		err = errors.Join(err, os.Remove(s.Name()))
	}
	return err
}
