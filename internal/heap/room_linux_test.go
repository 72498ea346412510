package heap

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// TestMakeRoom fills room that was made: pages are huge where the kernel makes them for those who ask, and nothing is resident before.
func TestMakeRoom(t *testing.T) {
	const room = 64 << 20
	before := resident(t)
	MakeRoom(room)
	if after := resident(t); after > before+8<<20 {
		t.Errorf("%d bytes are resident before anything is written, %d before there was room", after, before)
	}
	was, lacked := huge(t), fallbacks(t)
	var keep [][]byte
	for range 48 {
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = byte(i)
		}
		keep = append(keep, piece)
	}
	got := huge(t) - was
	how, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	switch {
	case err != nil || bytes.Contains(how, []byte("[never]")):
		t.Log("this kernel makes no huge pages")
	case fallbacks(t) != lacked:
		t.Log("this machine's memory is in pieces")
	case got < 32<<20:
		t.Errorf("%d bytes of 48 MB are of huge pages", got)
	}
	runtime.KeepAlive(keep)
}

// fallbacks is how often the kernel has had no huge page to give.
func fallbacks(t *testing.T) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(stat, []byte("\nthp_fault_fallback "))
	n, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(n)
}

func resident(t *testing.T) int64 { return number(t, "Rss:") }

func huge(t *testing.T) int64 { return number(t, "AnonHugePages:") }

// number is what this process has of something, in bytes.
func number(t *testing.T, what string) int64 {
	t.Helper()
	rollup, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(rollup) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == what {
			kb, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("no %s in %s", what, rollup)
	return 0
}
