package analyse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/extract"
)

// together has objects wait until all of them are there, and be taken at once.
func together(t *testing.T, p *Pool, ctx context.Context, srcs []Source) []Outcome {
	t.Helper()
	s := search(t)
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	out := make([]Outcome, len(srcs))
	var group sync.WaitGroup
	for i := range srcs {
		group.Go(func() { out[i].Result, out[i].Err = p.Analyse(ctx, srcs[i], s) })
	}
	for waiting := 0; waiting < len(srcs) && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		p.mu.Lock()
		if l := p.lines[s.key]; l != nil {
			waiting = len(l.waiting)
		}
		p.mu.Unlock()
	}
	for range cap(p.slots) {
		<-p.slots
	}
	group.Wait()
	return out
}

func contents(n int, bad map[int]string) []Source {
	srcs := make([]Source, n)
	for i := range srcs {
		name := fmt.Sprintf("good%d.txt", i)
		if bad[i] != "" {
			name = bad[i]
		}
		srcs[i] = Source{Name: name, Size: int64(len(plain)), Content: []byte(plain)}
	}
	return srcs
}

// An object that ends its box costs nobody else a result, and is not tried a third time; nor is one whose result was lost with the box.
func TestBoxCompany(t *testing.T) {
	for _, name := range []string{"exit.txt", "hog-memory.txt", "panic-value.txt", "lie-kind.txt"} {
		p := New(Options{Workers: 1, Memory: 64 << 20})
		for i, o := range together(t, p, t.Context(), contents(40, map[int]string{17: name})) {
			want := extract.Complete
			if i == 17 {
				want = extract.Skipped
			}
			if o.Err != nil || o.Result.Status.Code != want {
				t.Errorf("%s: %d: %+v, %v", name, i, o.Result, o.Err)
			}
		}
		s := p.Stats()
		ended := s.Ended[CauseCrash] + s.Ended[CauseMemory] + s.Ended[CausePanic] + s.Ended[CauseProtocol]
		if ended != 2 || s.Objects != 40 || s.Lost != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		p.Close()
		if len(p.lines) > 0 {
			t.Errorf("%s: %d lines are left", name, len(p.lines))
		}
	}
}

// All objects of a line may be bad: each gets its status after two tries.
func TestBoxBadCompany(t *testing.T) {
	p := New(Options{Workers: 1, Memory: 64 << 20})
	defer p.Close()
	bad := map[int]string{0: "exit.a.txt", 1: "exit.b.txt", 2: "exit.c.txt", 3: "exit.d.txt"}
	for i, o := range together(t, p, t.Context(), contents(4, bad)) {
		if o.Err != nil || o.Result.Status.Code != extract.Skipped {
			t.Errorf("%d: %+v, %v", i, o.Result, o.Err)
		}
	}
	if s := p.Stats(); s.Ended[CauseCrash] > 8 || s.Objects != 4 || s.Lost != 4 {
		t.Errorf("%+v", s)
	}
}

// Objects in company have the results that they have alone, whatever they are and however many there are.
func TestBoxCompanyAgrees(t *testing.T) {
	p := New(Options{Workers: 2, Memory: 96 << 20})
	defer p.Close()
	s := search(t)
	var srcs []Source
	for i := range 300 {
		text := strings.Repeat("x", i*i%5000) + " ssn 536-90-4399 TCK-1234\n"
		if i%7 == 0 {
			text = ""
		}
		srcs = append(srcs, Source{Name: fmt.Sprintf("%d.txt", i), Size: int64(len(text)), Content: []byte(text)})
	}
	srcs = append(srcs, Source{Name: "large.txt", Size: 3 << 20, Content: bytes.Repeat([]byte("line TCK-1234\n"), 3<<20/14+1)[:3<<20]})
	for i, o := range together(t, p, t.Context(), srcs[:300]) {
		alone, err := p.Analyse(t.Context(), Source{Name: srcs[i].Name, Size: srcs[i].Size, ReaderAt: bytes.NewReader(srcs[i].Content)}, s)
		if err != nil || o.Err != nil {
			t.Fatal(err, o.Err)
		}
		if a, b := fmt.Sprintf("%+v", alone.Wire(nil)), fmt.Sprintf("%+v", o.Result.Wire(nil)); len(alone.Detections) != len(o.Result.Detections) ||
			alone.Status != o.Result.Status || alone.Classified != o.Result.Classified || len(a) != len(b) {
			t.Errorf("%d: alone %+v, in company %+v", i, alone, o.Result)
		}
	}
	// One that is larger than what both see.
	large, err := p.Analyse(t.Context(), srcs[300], s)
	if err != nil || large.Classified != 3<<20 || len(large.Detections) != 1 || large.Detections[0].Count != 3<<20/14 {
		t.Errorf("%+v, %v", large, err)
	}
}

// A caller who gives up is answered at once, and the others have their results. When all have given up, so does the box.
func TestBoxCompanyCancelled(t *testing.T) {
	p := New(Options{Workers: 1, Memory: 64 << 20})
	defer p.Close()
	s := search(t)
	ctx, cancel := context.WithCancel(t.Context())
	srcs := contents(3, map[int]string{1: "hang.txt"})
	began := make(chan struct{})
	var group sync.WaitGroup
	for i := range srcs {
		group.Go(func() {
			if i == 1 {
				close(began)
			}
			if _, err := p.Analyse(ctx, srcs[i], s); i == 1 && !errors.Is(err, context.Canceled) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	<-began
	cancel()
	group.Wait()
	// The worker is to be had again.
	if r, err := p.Analyse(t.Context(), contents(1, nil)[0], s); err != nil || r.Status.Code != extract.Complete {
		t.Errorf("%+v, %v", r, err)
	}
}
