package publication

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// appendLines adds lines to a file and has them on the disk before it returns. What a program that died has left of a line is
// taken away first: its finding comes again.
func appendLines(path string, lines [][]byte) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := lastLine(f)
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	var text bytes.Buffer
	for _, line := range lines {
		text.Write(line)
		text.WriteByte('\n')
	}
	if _, err := f.WriteAt(text.Bytes(), end); err != nil {
		return err
	}
	return f.Sync()
}

// lastLine is where the last whole line of a file ends.
func lastLine(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("it is not a file")
	}
	block := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		begin := max(0, end-int64(len(block)))
		part := block[:end-begin]
		if _, err := io.ReadFull(io.NewSectionReader(f, begin, end-begin), part); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return begin + int64(i) + 1, nil
		}
		end = begin
	}
	return 0, nil
}
