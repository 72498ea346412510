package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	contract "magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/sigv4"
	"magpie/internal/store"
)

// operator works on stores as the operator's verbs do.
func (h *house) operator(db *store.DB) *inventory.Service {
	h.t.Helper()
	key, err := identity.LoadMasterKey(h.t.Context(), db, identity.MasterKeySource{Folder: h.config.Data, Logger: logger(h.t)})
	if err != nil {
		h.t.Fatal(err)
	}
	s := inventory.New(inventory.Options{DB: db, Queue: queue.Open(db, queue.Options{Logger: logger(h.t)}), Logger: logger(h.t),
		Sealer: identity.NewSealer(key, identity.StoreSecretPurpose)})
	h.t.Cleanup(func() { s.Close() })
	return s
}

// A folder is added while the server runs; its buckets are visible, counted, and hold a list of words.
func TestStores(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		node := h.node()
		db := h.open()
		service := h.identity(db)
		settle(t, service, memberID)
		key := newKey(t, service, memberID)
		c, ctx := client(node.URL(), key, region), t.Context()
		must(t)(c.EnableMacie(ctx, &macie2.EnableMacieInput{}))
		if out, err := c.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{}); err != nil || len(out.Buckets) != 0 {
			t.Fatalf("without a store there are %v, %v", out, err)
		}
		dir := t.TempDir()
		for name, text := range map[string]string{"hr-data/staff.csv": "name,ssn\n", "hr-data/words.txt": "alpha\nbeta\n", "sales/q1.txt": "x"} {
			file := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		_, err := h.operator(db).AddStore(ctx, contract.AccountID(memberID), inventory.ByOperator,
			inventory.Settings{Name: "files", Region: region, Kind: inventory.KindFolder, Endpoint: "file://" + dir}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		counted := func() bool {
			out, err := c.DescribeBuckets(ctx, &macie2.DescribeBucketsInput{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, b := range out.Buckets {
				if b.ObjectCount != nil {
					n++
				}
			}
			return n == 2
		}
		for !counted() {
			if time.Since(began) > time.Minute {
				t.Fatal("the buckets are not counted after a minute")
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		t.Logf("counted after %v", time.Since(began))

		list, err := c.CreateAllowList(ctx, &macie2.CreateAllowListInput{ClientToken: aws.String("t"), Name: aws.String("words"),
			Criteria: &types.AllowListCriteria{S3WordsList: &types.S3WordsList{BucketName: aws.String("hr-data"), ObjectKey: aws.String("words.txt")}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			do   func() error
			want types.AllowListStatusCode
		}{
			{func() error { return nil }, types.AllowListStatusCodeOk},
			{func() error { return os.WriteFile(filepath.Join(dir, "hr-data", "words.txt"), nil, 0o644) }, types.AllowListStatusCodeS3ObjectEmpty},
			{func() error { return os.Remove(filepath.Join(dir, "hr-data", "words.txt")) }, types.AllowListStatusCodeS3ObjectNotFound},
			{func() error { return os.WriteFile(filepath.Join(dir, "hr-data", "words.txt"), []byte("gamma"), 0o644) }, types.AllowListStatusCodeOk},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if got, err := c.GetAllowList(ctx, &macie2.GetAllowListInput{Id: list.Id}); err != nil || got.Status.Code != step.want {
				t.Errorf("the list's status is %+v, %v, want %s", got, err, step.want)
			}
		}
		if python, err := exec.LookPath("python3"); err == nil && exec.Command(python, "-c", "import boto3").Run() == nil {
			cmd := exec.Command(python, "testdata/buckets.py", node.URL())
			cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+key.SecretAccessKey, "AWS_DEFAULT_REGION="+region)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("boto3: %v\n%s", err, out)
			}
		} else {
			t.Log("boto3 is not installed: its part does not run")
		}
	})
}

// ask sends a signed request of our own.
func ask(t *testing.T, url string, c aws.Credentials, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	err = sigv4.Sign(r, sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, region, "macie2", []byte(body), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// An account adds a store by itself where the operator lets it name the endpoint, and nowhere else.
func TestStoresOfAnAccount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.config.StoreEndpoints = []string{"https://*.example.com", "http://127.0.0.1:9"}
		node := h.node()
		db := h.open()
		service := h.identity(db)
		settle(t, service, memberID, secondID)
		key, other := newKey(t, service, memberID), newKey(t, service, secondID)
		reader := newKey(t, service, memberID, "AmazonMacieReadOnlyAccess")
		const good = `{"endpoint":"https://storage.example.com","accessKeyId":"AKIDEXAMPLE","secretAccessKey":"never-shown","maxRequests":5}`
		must(t)(h.operator(db).AddStore(t.Context(), contract.AccountID(memberID), inventory.ByOperator,
			inventory.Settings{Name: "ops", Region: region, Kind: inventory.KindFolder, Endpoint: "file:///srv"}, time.Now()))
		for _, c := range []struct {
			name, method, path, body string
			as                       aws.Credentials
			status                   int
			want                     string
		}{
			{"another endpoint", "POST", "/magpie/v1/stores?name=a", strings.Replace(good, "storage.example.com", "storage.example.net", 1), key, 403, "does not let accounts name"},
			{"a name that ends alike", "POST", "/magpie/v1/stores?name=a", strings.Replace(good, "storage.example.com", "evilexample.com", 1), key, 403, "does not let accounts name"},
			{"another port", "POST", "/magpie/v1/stores?name=a", strings.Replace(good, "storage.example.com", "storage.example.com:8443", 1), key, 403, "does not let accounts name"},
			{"another scheme", "POST", "/magpie/v1/stores?name=a", strings.Replace(good, "https", "http", 1), key, 403, "does not let accounts name"},
			{"credentials in it", "POST", "/magpie/v1/stores?name=a", strings.Replace(good, "https://", "https://a:b@", 1), key, 403, "does not let accounts name"},
			{"a folder", "POST", "/magpie/v1/stores?name=a", `{"endpoint":"file:///etc"}`, key, 403, "does not let accounts name"},
			{"metadata", "POST", "/magpie/v1/stores?name=a", strings.Replace(good, "storage.example.com", "169.254.169.254", 1), key, 403, "does not let accounts name"},
			{"no name", "POST", "/magpie/v1/stores", good, key, 400, "name: is missing"},
			{"a member that there is not", "POST", "/magpie/v1/stores?name=a", `{"roleArn":"x"}`, key, 400, "nothing else"},
			{"no JSON", "POST", "/magpie/v1/stores?name=a", `{"secretAccessKey":"never-shown"`, key, 400, "must be a JSON object"},
			{"no secret", "POST", "/magpie/v1/stores?name=a", `{"endpoint":"https://storage.example.com","accessKeyId":"A"}`, key, 400, "secretAccessKey: is missing"},
			{"a name that cannot be", "POST", "/magpie/v1/stores?name=../x", good, key, 400, "name: "},
			{"who may only read", "POST", "/magpie/v1/stores?name=a", good, reader, 403, "magpie:AddStore"},
			{"it is added", "POST", "/magpie/v1/stores?name=a", good, key, 200, `"addedBy":"account"`},
			{"it is there", "POST", "/magpie/v1/stores?name=a", good, key, 409, "already"},
			{"it is listed", "GET", "/magpie/v1/stores", "", reader, 200, `"name":"a"`},
			{"another account's list", "GET", "/magpie/v1/stores", "", other, 200, `{"stores":[]}`},
			{"another account removes it", "DELETE", "/magpie/v1/stores?name=a", "", other, 404, "no store"},
			{"it moves without its secret", "PATCH", "/magpie/v1/stores?name=a", `{"endpoint":"https://evil.example.com"}`, key, 400, "has to be given again"},
			{"it changes", "PATCH", "/magpie/v1/stores?name=a", `{"maxRequests":7,"buckets":["x-*"]}`, key, 200, `"maxRequests":7`},
			{"the operator's is listed", "GET", "/magpie/v1/stores?name=ops", "", key, 200, `"addedBy":"operator"`},
			{"the operator's stays", "PATCH", "/magpie/v1/stores?name=ops", `{"maxRequests":7}`, key, 403, "operator"},
			{"the operator's is not removed", "DELETE", "/magpie/v1/stores?name=ops", "", key, 403, "operator"},
			{"it is tried, and is not there", "POST", "/magpie/v1/stores/test?name=none", "", key, 404, "no store"},
			{"it is removed", "DELETE", "/magpie/v1/stores?name=a", "", key, 200, `{}`},
			{"it is gone", "DELETE", "/magpie/v1/stores?name=a", "", key, 404, "no store"},
			{"an endpoint of this machine, which the operator has named", "POST", "/magpie/v1/stores?name=l", strings.Replace(good, "https://storage.example.com", "http://127.0.0.1:9", 1), key, 200, `"kind":"s3"`},
			{"it is tried", "POST", "/magpie/v1/stores/test?name=l", "", key, 200, `"outcome":"failed"`},
		} {
			status, text := ask(t, node.URL(), c.as, c.method, c.path, c.body)
			if status != c.status || !strings.Contains(text, c.want) {
				t.Errorf("%s: %d %s", c.name, status, text)
			}
			if strings.Contains(text, "never-shown") {
				t.Errorf("%s shows the secret: %s", c.name, text)
			}
			if status == 200 && !json.Valid([]byte(text)) {
				t.Errorf("%s is no JSON: %s", c.name, text)
			}
		}
		var records bytes.Buffer
		err := db.View(t.Context(), func(tx *store.Tx) error {
			records.Reset()
			return tx.Query(t.Context(), func(row store.Row) error {
				var text string
				err := row.Scan(&text)
				records.WriteString(text)
				return err
			}, "select record from audit where operation = $1", "magpie:AddStore")
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(records.String(), `"name":"a"`) || strings.Contains(records.String(), "never-shown") {
			t.Errorf("the audit says %.600s", records.String())
		}
	})
}
