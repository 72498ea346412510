package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func records(t *testing.T, folder, run string) (*Journal, []string) {
	t.Helper()
	var all []string
	j, err := Open(folder, run, func(line []byte) error {
		all = append(all, string(line))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return j, all
}

func TestGoesOnWhereItWas(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	j, err := Create(folder, "1")
	if err != nil {
		t.Fatal(err)
	}
	j.Append(map[string]int{"n": 1})
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, "1", nil); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	j.Append(map[string]int{"n": 2})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, all := records(t, folder, "1")
	j.Append(map[string]int{"n": 3})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if want := []string{`{"n":1}`, `{"n":2}`}; !slices.Equal(all, want) {
		t.Errorf("read %v", all)
	}
	j, all = records(t, folder, "1")
	if len(all) != 3 {
		t.Errorf("read %v", all)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if runs, err := Runs(folder); err != nil || !slices.Equal(runs, []string{"1"}) {
		t.Errorf("runs %v, %v", runs, err)
	}
	if runs, err := Runs(filepath.Join(folder, "none")); err != nil || runs != nil {
		t.Errorf("runs %v, %v", runs, err)
	}
	if _, err := Open(folder, "none", nil); err == nil || !strings.HasPrefix(err.Error(), `there is no run "none" in `) {
		t.Error(err)
	}
	if _, err := Create(folder, "1"); err == nil {
		t.Error("a run is created twice")
	}
}

// However much of the file reached the disk, what is read is whole records from the beginning, and appending goes on after them.
func TestTornEverywhere(t *testing.T) {
	whole := "{\"n\":1}\n{\"n\":2,\"s\":\"x\"}\n{\"n\":3}\n"
	for size := range len(whole) + 1 {
		folder := t.TempDir()
		path := filepath.Join(folder, "1"+suffix)
		if err := os.WriteFile(path, []byte(whole[:size]), 0o600); err != nil {
			t.Fatal(err)
		}
		j, all := records(t, folder, "1")
		j.Append("next")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := whole[:strings.LastIndexByte(whole[:size], '\n')+1] + "\"next\"\n"
		if string(text) != want || len(all) != strings.Count(want, "\n")-1 {
			t.Errorf("of %d bytes: read %v, then %q", size, all, text)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	folder := t.TempDir()
	j, err := Create(folder, "1")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			j.Append(fmt.Sprint(i))
			if err := j.Sync(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := Read(folder, "1", func([]byte) error { n++; return nil }); err != nil || n != 50 {
		t.Errorf("%d records, %v", n, err)
	}
	j.Append("late")
	if err := j.Sync(); err == nil {
		t.Error("a record in a closed file is said to be written")
	}
}
