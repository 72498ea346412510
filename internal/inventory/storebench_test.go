package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"magpie/internal/inventory/folder"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3/s3test"
)

// BenchmarkCensusOfFolder counts the files of a folder, and beside it walks the folder and asks for the size of each file, and no more.
func BenchmarkCensusOfFolder(b *testing.B) {
	const objects = 200_000
	root := b.TempDir()
	for i := range objects {
		dir := filepath.Join(root, "data", strconv.Itoa(i/1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%09d.csv", i)), []byte("a,b\n"), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("raw", func(b *testing.B) {
		for b.Loop() {
			n := 0
			err := filepath.WalkDir(filepath.Join(root, "data"), func(_ string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				n++
				_, err = d.Info()
				return err
			})
			if err != nil || n != objects {
				b.Fatal(n, err)
			}
		}
		b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
	b.Run("census", func(b *testing.B) {
		f, err := folder.Open("file://"+root, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		for b.Loop() {
			if n := countAll(b, &Bucket{BucketName{region, alice, "data"}, f, nil}, &censusState{Ranges: []*censusRange{{At: EncodeKey("")}}}); n != objects {
				b.Fatalf("counted %d", n)
			}
		}
		b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
}

// BenchmarkCensusOfStore counts a bucket of the store that the environment names (see scripts/stores), and beside it asks for the same pages,
// as many at once, and throws the answers away. MAGPIE_BENCH_STORE_OBJECTS says how many objects are put there first, 100,000 if it says
// nothing. Their keys are known, so the raw listing needs nothing of an answer to ask for the next page.
func BenchmarkCensusOfStore(b *testing.B) {
	x := s3test.Named(b)
	objects := 100_000
	if text := os.Getenv("MAGPIE_BENCH_STORE_OBJECTS"); text != "" {
		var err error
		if objects, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	const bucket = "magpie-test-census"
	c := x.Client(b)
	x.Do(b, http.MethodPut, "/"+bucket, "", "", nil) // it may be there
	each := func(do func(key string) error) {
		var next atomic.Int64
		var w sync.WaitGroup
		for range 16 {
			w.Go(func() {
				for i := int(next.Add(1)) - 1; i < objects; i = int(next.Add(1)) - 1 {
					if err := do(madeUpKey(i)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		w.Wait()
	}
	each(func(key string) error {
		_, err := c.Put(b.Context(), bucket, key, []byte("a,b\n"), objectstore.PutOptions{})
		return err
	})
	if b.Failed() {
		return
	}
	b.Cleanup(func() {
		each(func(key string) error { return c.Delete(context.Background(), bucket, key) })
		x.Do(b, http.MethodDelete, "/"+bucket, "", "", nil)
	})
	b.Run("raw", func(b *testing.B) {
		for b.Loop() {
			rawListing(b, x, bucket, objects)
		}
		b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
	b.Run("census", func(b *testing.B) {
		for b.Loop() {
			if n := countAll(b, &Bucket{BucketName{region, alice, bucket}, c, nil}, rangesOf(objects)); n != int64(objects) {
				b.Fatalf("counted %d", n)
			}
		}
		b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	})
}

// countAll is a census of a bucket; it returns the number of its objects.
func countAll(b *testing.B, bucket *Bucket, state *censusState) int64 {
	b.Helper()
	x, err := newCount(bucket, state)
	if err != nil {
		b.Fatal(err)
	}
	if err := x.run(b.Context(), time.Hour, func(*censusState) error { return nil }); err != nil {
		b.Fatal(err)
	}
	return x.result().Totals.Objects
}

// rawListing asks for all pages of a bucket, as many at once as a census does, and throws the answers away.
func rawListing(b *testing.B, x s3test.Target, bucket string, objects int) {
	region := x.Region
	if region == "" {
		region = "us-east-1"
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	none := sha256.Sum256(nil)
	hash := hex.EncodeToString(none[:])
	pages := make(chan int)
	var w sync.WaitGroup
	for range censusWorkers {
		w.Go(func() {
			for from := range pages {
				q := url.Values{"list-type": {"2"}, "max-keys": {"1000"}}
				if from > 0 {
					q.Set("start-after", madeUpKey(from-1))
				}
				request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, x.Endpoint+"/"+bucket+"?"+q.Encode(), nil)
				if err == nil {
					request.Header.Set("X-Amz-Content-Sha256", hash)
					err = signer.SignHTTP(b.Context(), aws.Credentials{AccessKeyID: x.AccessKeyID, SecretAccessKey: x.SecretAccessKey}, request, hash, "s3",
						region, time.Now())
				}
				if err != nil {
					b.Error(err)
					continue
				}
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					b.Error(err)
					continue
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
					b.Error(response.Status, err)
				}
				response.Body.Close()
			}
		})
	}
	for from := 0; from < objects; from += 1000 {
		pages <- from
	}
	close(pages)
	w.Wait()
}
