package apitest

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"magpie/internal/sigv4"
)

// flood sends calls that nobody may make, over so many connections, until stop: unknown keys, and keys that exist with wrong secrets.
func flood(t *testing.T, url string, existing string, connections int) (stop func() (refused int64)) {
	t.Helper()
	var refused, begun atomic.Int64
	var group sync.WaitGroup
	end := make(chan struct{})
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	client := &http.Client{Transport: transport}
	for i := range connections {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-end:
					return
				default:
				}
				as := sigv4.Credentials{AccessKeyID: fmt.Sprintf("AKIAFLOOD%011d", n*connections+i), SecretAccessKey: "wrong"}
				if i%3 == 0 {
					as.AccessKeyID = existing
				}
				status, err := get(client, url, as)
				if err != nil || status != http.StatusForbidden && status != http.StatusTooManyRequests {
					t.Errorf("a stranger is answered %d, %v", status, err)
					return
				}
				refused.Add(1)
				begun.Add(1)
			}
		})
	}
	eventually(t, "the flood is there", func() bool { return begun.Load() > int64(3*connections) }) // beyond what is answered at once
	return func() int64 {
		close(end)
		group.Wait()
		transport.CloseIdleConnections()
		return refused.Load()
	}
}

// get asks for the caller's session.
func get(c *http.Client, url string, as sigv4.Credentials) (status int, err error) {
	r, err := http.NewRequest(http.MethodGet, url+"/macie", nil)
	if err != nil {
		return 0, err
	}
	if err := sigv4.Sign(r, as, region, "macie2", nil, time.Now()); err != nil {
		return 0, err
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func plain(c aws.Credentials) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}
}

// A flood of calls by strangers, some of them by the very key that is in use and from the same address, takes nothing from those who can
// prove who they are: all their calls are answered, those of a key that the node has not seen before too. How much slower they are is
// printed.
func TestFlood(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.play()
		c.enable(c.admin)
		honest := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
		goodput := func() float64 {
			const callers, each = 4, 150
			began := time.Now()
			var group sync.WaitGroup
			for range callers {
				group.Go(func() {
					for range each {
						if status, err := get(honest, c.url, plain(c.keys[adminID])); status != http.StatusOK {
							t.Errorf("an honest call is answered %d, %v", status, err)
							return
						}
					}
				})
			}
			group.Wait()
			return callers * each / time.Since(began).Seconds()
		}
		goodput() // connections are made
		before := goodput()
		began := time.Now()
		stop := flood(t, c.url, c.keys[adminID].AccessKeyID, 48)
		during := goodput()
		if status, err := get(honest, c.url, plain(newKey(t, c.ids, adminID))); status != http.StatusOK {
			t.Errorf("a key that is new to the node is answered %d, %v", status, err)
		}
		refused := stop()
		t.Logf("goodput: %.0f/s alone, %.0f/s in a flood of %.0f/s: %.2f", before, during, float64(refused)/time.Since(began).Seconds(), during/before)
		honest.CloseIdleConnections()
	})
}
