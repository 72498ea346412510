package leak

import (
	"runtime"
	"strings"
	"testing"
)

// A goroutine of Magpie's counts until it has ended.
func TestOurs(t *testing.T) {
	of := func() (n int) {
		for _, stack := range ours() {
			if strings.Contains(stack, "leak.stay") {
				n++
			}
		}
		return n
	}
	end, started := make(chan struct{}), make(chan struct{})
	go stay(started, end)
	<-started
	if n := of(); n != 1 {
		t.Errorf("%d goroutines count, want 1", n)
	}
	close(end)
	for of() > 0 {
		runtime.Gosched()
	}
}

func stay(started, end chan struct{}) {
	close(started)
	<-end
}
