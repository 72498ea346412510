// Package jobtest holds jobs over a real store: what boto3 sees of them. The store is any that package s3test can name: moto, versitygw, Ceph.
package jobtest

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/inventory/s3/s3test"
	"magpie/internal/macie2"
	"magpie/internal/server"
)

//go:embed jobs.py
var conversation []byte

const (
	account = macie2.AccountID("111122223333")
	region  = "eu-west-1"
)

// Run starts a server whose account has the store, fills a bucket of it, and lets boto3 run jobs over that.
func Run(t *testing.T, x s3test.Target) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import boto3").Run() != nil {
		t.Skip("boto3 is not installed")
	}
	c := x.Client(t)
	bucket := x.Bucket(t, c)
	for key, content := range contents(t) {
		if _, err := c.Put(t.Context(), bucket, key, content, objectstore.PutOptions{}); err != nil {
			t.Fatalf("put %q: %v", key, err)
		}
	}
	s, err := server.Start(t.Context(), server.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Rates: []string{"CreateClassificationJob=1000"}},
		slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	now := time.Now().UTC()
	if _, err := s.Identity().CreateAccount(t.Context(), account, "owner@example.com", "", now); err != nil {
		t.Fatal(err)
	}
	key, secret, err := s.Identity().CreateKey(t.Context(), account, "", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Inventory().AddStore(t.Context(), account, inventory.ByOperator, inventory.Settings{Name: "store", Region: region, Kind: inventory.KindS3,
		Endpoint: x.Endpoint, SigningRegion: x.Region, Insecure: true, AccessKeyID: x.AccessKeyID, Secret: identity.Secret(x.SecretAccessKey), CA: string(x.CA),
		Buckets: []string{bucket}}, now)
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "jobs.py")
	if err := os.WriteFile(script, conversation, 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "AWS_ACCESS_KEY_ID="+key.ID, "AWS_SECRET_ACCESS_KEY="+secret.Reveal(), "AWS_DEFAULT_REGION="+region, "PYTHONDONTWRITEBYTECODE=1")
	const enable = `import sys, time, boto3
macie = boto3.client("macie2", endpoint_url=sys.argv[1])
macie.enable_macie()
until = time.monotonic() + 60
while not macie.describe_buckets()["buckets"]:
    assert time.monotonic() < until, "the bucket is not known after a minute"
    time.sleep(0.1)
`
	for _, args := range [][]string{{"-c", enable, s.URL()}, {script, s.URL(), string(account), bucket}} {
		cmd := exec.Command(python, args...)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("boto3: %v\n%s", err, out)
		}
	}
}

// contents are objects of several kinds. jobs.py knows in which of them something is found.
func contents(t *testing.T) map[string][]byte {
	t.Helper()
	const card = "credit card number 4539 1488 0343 6467\n"
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("inside.txt")
	if err == nil {
		_, err = w.Write([]byte(card))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"in/customers.csv": []byte("name,credit card number\nA,4539148803436467\n"), "in/notes.json": []byte(`{"credit card number": "4539148803436467"}`),
		"in/packed.zip": packed.Bytes(), "in/+plus+ and blank.txt": []byte(card), "in/clean.txt": []byte("nothing\n"), "in/empty.txt": {},
		"in/picture.png": []byte(card), "other/large.txt": []byte(strings.Repeat("nothing to be seen here\n", 400_000) + card),
	}
}
