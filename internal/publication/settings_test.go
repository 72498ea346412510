package publication

import (
	"errors"
	"testing"

	"magpie/internal/identity"
)

func TestSettings(t *testing.T) {
	hook := func(edit func(x *Settings)) Settings {
		x := Settings{Name: "hook", Region: region, Kind: Webhook, Endpoint: "https://siem.example.com/in?token=1", Secret: secret}
		edit(&x)
		return x
	}
	hub := func(edit func(x *Settings)) Settings {
		x := Settings{Name: "hub", Region: region, Kind: SecurityHub, AccessKeyID: "AKIDEXAMPLE", Secret: "secret"}
		edit(&x)
		return x
	}
	bucketOf := func(endpoint string) Settings {
		return Settings{Name: "b", Region: region, Kind: Bucket, Endpoint: endpoint}
	}
	for _, x := range []struct {
		name     string
		settings Settings
		wrong    string // the setting that is named; empty: none
	}{
		{"a webhook", hook(func(x *Settings) {}), ""},
		{"a webhook on this machine", hook(func(x *Settings) { x.Endpoint = "http://127.0.0.1:8080/" }), ""},
		{"a webhook over IPv6 on this machine", hook(func(x *Settings) { x.Endpoint = "http://[::1]:8080/" }), ""},
		{"HTTP to another machine", hook(func(x *Settings) { x.Endpoint = "http://siem.example.com/" }), "endpoint"},
		{"HTTP to another machine that is named like this one", hook(func(x *Settings) { x.Endpoint = "http://localhost.example.com/" }), "endpoint"},
		{"HTTP to another machine, wanted", hook(func(x *Settings) { x.Endpoint, x.Insecure = "http://siem.example.com/", true }), ""},
		{"a password in the URL", hook(func(x *Settings) { x.Endpoint = "https://a:b@siem.example.com/" }), "endpoint"},
		{"a fragment", hook(func(x *Settings) { x.Endpoint += "#a" }), "endpoint"},
		{"no host", hook(func(x *Settings) { x.Endpoint = "https:///in" }), "endpoint"},
		{"another scheme", hook(func(x *Settings) { x.Endpoint = "gopher://siem.example.com/" }), "endpoint"},
		{"no endpoint", hook(func(x *Settings) { x.Endpoint = "" }), "endpoint"},
		{"no secret", hook(func(x *Settings) { x.Secret = "" }), "secret"},
		{"a short secret", hook(func(x *Settings) { x.Secret = "whsec_MDEy" }), "secret"},
		{"a secret that is no Base64", hook(func(x *Settings) { x.Secret = "whsec_" + identity.Secret("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!") }), "secret"},
		{"a secret as it is", hook(func(x *Settings) { x.Secret = "twenty-four bytes or more" }), ""},
		{"another format", hook(func(x *Settings) { x.Format = "cef" }), "format"},
		{"OCSF", hook(func(x *Settings) { x.Format = FormatOCSF }), ""},
		{"a bad certificate", hook(func(x *Settings) { x.CA = "none" }), "ca"},
		{"no name", hook(func(x *Settings) { x.Name = "" }), "name"},
		{"no Region", hook(func(x *Settings) { x.Region = "nowhere" }), "region"},
		{"no kind", hook(func(x *Settings) { x.Kind = "mail" }), "kind"},
		{"Security Hub", hub(func(x *Settings) {}), ""},
		{"Security Hub without a key", hub(func(x *Settings) { x.AccessKeyID = "" }), "accessKeyId"},
		{"Security Hub with a format", hub(func(x *Settings) { x.Format = FormatOCSF }), "format"},
		{"Security Hub with another ARN", hub(func(x *Settings) { x.ProductARN = "arn:aws:s3:::a" }), "productArn"},
		{"EventBridge", hub(func(x *Settings) { x.Kind = EventBridge }), ""},
		{"EventBridge of AWS with a source of AWS", hub(func(x *Settings) { x.Kind, x.Source = EventBridge, "aws.macie" }), "source"},
		{"EventBridge elsewhere with a source of AWS", hub(func(x *Settings) {
			x.Kind, x.Source, x.Endpoint = EventBridge, "aws.macie", "https://events.example.com"
		}), ""},
		{"a file", Settings{Name: "file", Region: region, Kind: File, Endpoint: "file:///var/lib/findings.jsonl"}, ""},
		{"a relative file", Settings{Name: "file", Region: region, Kind: File, Endpoint: "file://findings.jsonl"}, "endpoint"},
		{"a folder", Settings{Name: "file", Region: region, Kind: File, Endpoint: "file:///var/lib/"}, "endpoint"},
		{"a bucket", bucketOf("s3://lake"), ""},
		{"a bucket with a prefix", bucketOf("s3://lake/security/magpie/"), ""},
		{"no bucket", bucketOf("s3://"), "endpoint"},
		{"a bucket with another name", bucketOf("s3://../lake"), "endpoint"},
		{"a prefix that leads out", bucketOf("s3://lake/a/../../b"), "endpoint"},
		{"a prefix of nothing", bucketOf("s3://lake//a"), "endpoint"},
		{"a bucket by HTTP", bucketOf("https://lake.example.com"), "endpoint"},
		{"a bucket with a secret", Settings{Name: "b", Region: region, Kind: Bucket, Endpoint: "s3://lake", Secret: secret}, "endpoint"},
	} {
		t.Run(x.name, func(t *testing.T) {
			err := x.settings.check(alice)
			setting, _ := errors.AsType[*SettingError](err)
			if (err != nil) != (x.wrong != "") || setting != nil && setting.Setting != x.wrong {
				t.Errorf("check: %v, want one about %q", err, x.wrong)
			}
		})
	}
}
