package publication

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magpie/internal/arn"
	"magpie/internal/identity"
	"magpie/internal/lazyregexp"
	"magpie/internal/macie2"
	"magpie/internal/sigv4"
)

// Kind is what a destination is.
type Kind string

// The kinds of destinations.
const (
	Webhook     Kind = "webhook"     // CloudEvents by HTTP, signed
	EventBridge Kind = "eventbridge" // PutEvents, of AWS or of any server that knows it
	SecurityHub Kind = "securityhub" // BatchImportFindings, likewise
	File        Kind = "file"        // JSON Lines on the disk of the node that delivers
	Bucket      Kind = "bucket"      // JSON Lines in objects of a bucket of the account
)

// Kinds are all of them.
var Kinds = []Kind{Webhook, EventBridge, SecurityHub, File, Bucket}

// Format is the shape that findings have in a webhook, a file or a bucket.
type Format string

// The formats.
const (
	FormatEvent Format = "event" // as Macie sends it to EventBridge
	FormatOCSF  Format = "ocsf"  // Data Security Finding of the Open Cybersecurity Schema Framework
)

// Settings say where a destination is and how to reach it. The secret stands apart.
type Settings struct {
	Name     string `json:"-"`
	Region   string `json:"-"`
	Kind     Kind   `json:"-"`
	Endpoint string `json:"endpoint"`
	Format   Format `json:"format,omitempty"`   // of a webhook, a file or a bucket
	Insecure bool   `json:"insecure,omitempty"` // HTTP to another machine
	CA       string `json:"ca,omitempty"`       // certificates that the server's is signed by, in PEM

	AccessKeyID   string `json:"accessKeyId,omitempty"` // of EventBridge and Security Hub
	SigningRegion string `json:"signingRegion,omitempty"`
	Bus           string `json:"bus,omitempty"`
	Source        string `json:"source,omitempty"`
	ProductARN    string `json:"productArn,omitempty"`

	Secret identity.Secret `json:"-"` // that webhooks are signed with, or of the access key
}

// Destination is one of an account, without its secret.
type Destination struct {
	Settings
	ID          string
	Account     macie2.AccountID
	Enabled     bool
	Problem     string // why the last attempt failed; empty when it did not
	Failures    int64  // in a row
	DueAt       time.Time
	Delivered   int64
	DeliveredAt time.Time // zero: nothing yet
	CreatedAt   time.Time
	Waiting     int64 // that are still to be delivered, those that are held back included
	Dead        int64

	sealed string
	fence  int64
}

// SettingError is a setting that cannot be used.
type SettingError struct{ Setting, Reason string }

func (e *SettingError) Error() string { return e.Setting + ": " + e.Reason }

func bad(setting, format string, args ...any) error {
	return &SettingError{setting, fmt.Sprintf(format, args...)}
}

// The errors of destinations, for errors.Is.
var (
	ErrNone   = errors.New("the account has no such destination")
	ErrExists = errors.New("the account has a destination of that name already")
)

// Bounds of settings.
const (
	maxDestinations = 20 // of an account
	maxCA           = 64 << 10
	maxEndpoint     = 2048
	maxPrefix       = 512
	leastSecret     = 24 // bytes of a webhook's, as Standard Webhooks asks for
)

var (
	namePattern   = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	keyPattern    = lazyregexp.New(`^[A-Za-z0-9_]{1,128}$`)
	bucketPattern = lazyregexp.New(`^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$`)
	busPattern    = lazyregexp.New(`^[A-Za-z0-9/._:-]{1,512}$`)
	sourcePattern = lazyregexp.New(`^[A-Za-z0-9._/-]{1,256}$`)
)

// check makes the settings of a destination of an account complete and refuses what cannot work.
func (x *Settings) check(account macie2.AccountID) error {
	if !namePattern.MatchString(x.Name) {
		return bad("name", "has 1 to 63 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit")
	}
	if !sigv4.IsRegion(x.Region) {
		return bad("region", "%q is none; they have names such as us-east-1", clip(x.Region))
	}
	switch x.Kind {
	case File:
		return x.checkFile()
	case Bucket:
		return x.checkBucket()
	}
	u, err := x.checkEndpoint()
	if err != nil {
		return err
	}
	switch x.Kind {
	case Webhook:
		return x.checkWebhook()
	case EventBridge, SecurityHub:
		return x.checkAWS(account, u)
	}
	return bad("kind", "is webhook, eventbridge, securityhub, file or bucket")
}

func (x *Settings) checkFile() error {
	path, ok := strings.CutPrefix(x.Endpoint, "file://")
	if !ok || !filepath.IsAbs(path) || strings.HasSuffix(path, "/") || len(path) > maxEndpoint || strings.ContainsFunc(path, unicode.IsControl) {
		return bad("endpoint", "is a file, such as file:///var/lib/magpie/findings.jsonl")
	}
	return x.checkLines("file")
}

// checkLines is what files and buckets have in common.
func (x *Settings) checkLines(kind string) error {
	if x.Secret != "" || x.CA != "" || x.AccessKeyID != "" || x.Bus != "" || x.Source != "" || x.ProductARN != "" || x.SigningRegion != "" {
		return bad("endpoint", "a %s has no keys, certificates, buses or products", kind)
	}
	if x.Format == "" {
		x.Format = FormatOCSF
	}
	return x.checkFormat()
}

// checkBucket asks for a bucket of the account, which its stores know how to reach, and perhaps a prefix of keys.
func (x *Settings) checkBucket() error {
	name, prefix := x.bucket()
	if !bucketPattern.MatchString(name) || len(prefix) > maxPrefix || strings.Contains(prefix, "//") || strings.HasPrefix(prefix, "/") ||
		strings.ContainsFunc(prefix, unicode.IsControl) || slices.Contains(strings.Split(prefix, "/"), "..") || !utf8.ValidString(prefix) {
		return bad("endpoint", "is a bucket of the account and perhaps a prefix, such as s3://security-lake/magpie")
	}
	return x.checkLines("bucket")
}

// bucket are the name of the bucket and the prefix of its keys, which is empty or ends with a slash.
func (x *Settings) bucket() (name, prefix string) {
	rest, ok := strings.CutPrefix(x.Endpoint, "s3://")
	if !ok {
		return "", ""
	}
	name, prefix, _ = strings.Cut(rest, "/")
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return name, prefix
}

func (x *Settings) checkFormat() error {
	if x.Format != FormatEvent && x.Format != FormatOCSF {
		return bad("format", "is event or ocsf")
	}
	return nil
}

func (x *Settings) checkEndpoint() (*url.URL, error) {
	u, err := url.Parse(x.Endpoint)
	switch {
	case x.Endpoint == "" && (x.Kind == EventBridge || x.Kind == SecurityHub):
		service := map[Kind]string{EventBridge: "events", SecurityHub: "securityhub"}[x.Kind]
		x.Endpoint = "https://" + service + "." + x.Region + "." + awsSuffix(x.Region)
		return url.Parse(x.Endpoint)
	case err != nil || len(x.Endpoint) > maxEndpoint || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, bad("endpoint", "is a URL, such as https://siem.example.com/magpie")
	case u.User != nil || u.Fragment != "":
		return nil, bad("endpoint", "has neither a name with a password nor a fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()) && !x.Insecure:
		return nil, bad("endpoint", "over HTTP anybody on the way reads what is sent; use https://, or say that this is wanted (--insecure)")
	case len(x.CA) > maxCA:
		return nil, bad("ca", "has more than %d bytes", maxCA)
	}
	if x.CA != "" {
		if _, err := pool(x.CA); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (x *Settings) checkWebhook() error {
	if x.AccessKeyID != "" || x.Bus != "" || x.Source != "" || x.ProductARN != "" || x.SigningRegion != "" {
		return bad("endpoint", "a webhook has no access keys, buses or products")
	}
	if x.Format == "" {
		x.Format = FormatEvent
	}
	if err := x.checkFormat(); err != nil {
		return err
	}
	_, err := webhookKey(x.Secret)
	return err
}

func (x *Settings) checkAWS(account macie2.AccountID, u *url.URL) error {
	atAWS := strings.HasSuffix(u.Hostname(), "."+awsSuffix(x.Region))
	if x.SigningRegion == "" {
		x.SigningRegion = x.Region
	}
	switch {
	case u.RawQuery != "":
		return bad("endpoint", "has no query")
	case x.Format != "":
		return bad("format", "that of EventBridge and of Security Hub is their own")
	case !sigv4.IsRegion(x.SigningRegion):
		return bad("signingRegion", "%q is none", clip(x.SigningRegion))
	case !keyPattern.MatchString(x.AccessKeyID):
		return bad("accessKeyId", "is missing, or has characters that a key's id cannot have")
	case x.Secret == "" || len(x.Secret) > 1024 || strings.ContainsFunc(x.Secret.Reveal(), unicode.IsControl):
		return bad("secret", "that of the access key is missing, or has characters that it cannot have")
	}
	if x.Kind == SecurityHub {
		return x.checkSecurityHub(account, atAWS)
	}
	if x.ProductARN != "" {
		return bad("productArn", "is Security Hub's")
	}
	if x.Source == "" {
		x.Source = "aws.macie"
		if atAWS {
			x.Source = "magpie.macie"
		}
	}
	switch {
	case x.Bus != "" && !busPattern.MatchString(x.Bus):
		return bad("bus", "is the name or the ARN of an event bus")
	case !sourcePattern.MatchString(x.Source):
		return bad("source", "has 1 to 256 letters, digits, dots, hyphens, underscores and slashes")
	case atAWS && strings.HasPrefix(x.Source, "aws."):
		return bad("source", "AWS takes events whose source begins with aws. from itself alone")
	}
	return nil
}

func (x *Settings) checkSecurityHub(account macie2.AccountID, atAWS bool) error {
	if x.Bus != "" || x.Source != "" {
		return bad("bus", "is EventBridge's")
	}
	if x.ProductARN == "" {
		x.ProductARN = "arn:" + arn.Partition(x.Region) + ":securityhub:" + x.Region + "::product/aws/macie"
		if atAWS { // who may send findings as Macie does is AWS alone
			x.ProductARN = "arn:" + arn.Partition(x.Region) + ":securityhub:" + x.SigningRegion + ":" + string(account) + ":product/" + string(account) + "/default"
		}
	}
	if !strings.HasPrefix(x.ProductARN, "arn:") || !strings.Contains(x.ProductARN, ":securityhub:") || len(x.ProductARN) > 512 ||
		strings.ContainsFunc(x.ProductARN, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return bad("productArn", "is not the ARN of a product of Security Hub")
	}
	return nil
}

func awsSuffix(region string) string {
	if arn.Partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// stored is the JSON form of the settings that have no column.
func (x *Settings) stored() (string, error) {
	b, err := json.Marshal(x)
	return string(b), err
}

// clip bounds what is repeated of something that was sent.
func clip(s string) string { return clipTo(s, 60) }

func clipTo(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
