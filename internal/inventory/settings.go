package inventory

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"magpie/internal/arn"
	"magpie/internal/identity"
	"magpie/internal/inventory/folder"
	"magpie/internal/inventory/s3"
	"magpie/internal/lazyregexp"
	"magpie/internal/sigv4"
)

// Kind is what a store speaks.
type Kind string

// The kinds of stores.
const (
	KindS3     Kind = "s3"     // any server with the interface of S3
	KindAWS    Kind = "aws"    // Amazon S3, with credentials that the server finds by itself
	KindFolder Kind = "folder" // a folder of this machine
)

// Origin is who added a store.
type Origin string

// The origins of a store.
const (
	ByOperator Origin = "operator"
	ByAccount  Origin = "account"
)

// Settings are what is told of a store.
type Settings struct {
	Name          string
	Region        string // of Macie, in which its buckets are
	Kind          Kind
	Endpoint      string
	SigningRegion string // "" is us-east-1, at AWS the Region
	VirtualHost   bool
	Insecure      bool // HTTP to other machines
	AccessKeyID   string
	Secret        identity.Secret // "" leaves the one that is there
	RoleARN       string
	ExternalID    string
	CA            string   // PEM
	Buckets       []string // patterns of the names of the buckets that are looked at; none is all
	MaxRequests   int64    // a second, by all nodes together; 0 is what the store bears
	MaxBandwidth  int64    // bytes a second, likewise
}

// SettingError says which setting cannot be, and why.
type SettingError struct{ Setting, Reason string }

func (e *SettingError) Error() string { return e.Setting + ": " + e.Reason }

func badSetting(setting, format string, args ...any) error {
	return &SettingError{setting, fmt.Sprintf(format, args...)}
}

var (
	storeName  = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	regionWord = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)
	roleARN    = lazyregexp.New(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$`)
	externalID = lazyregexp.New(`^[A-Za-z0-9+=,.@:/_-]+$`)
)

// Bounds of settings.
const (
	maxStores   = 100 // of an account
	maxPatterns = 100
	maxCA       = 64 << 10
	maxRate     = 1_000_000
)

// check makes the settings complete and refuses what cannot work.
func (x *Settings) check() error {
	if !storeName.MatchString(x.Name) {
		return badSetting("name", "has 1 to 63 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit")
	}
	if !sigv4.IsRegion(x.Region) {
		return badSetting("region", "%q is none; they have names such as us-east-1", clip(x.Region))
	}
	if len(x.Buckets) > maxPatterns {
		return badSetting("buckets", "has more than %d patterns", maxPatterns)
	}
	for _, p := range x.Buckets {
		if _, err := path.Match(p, ""); err != nil || p == "" || len(p) > 255 {
			return badSetting("buckets", "%q is not a pattern such as data-*", clip(p))
		}
	}
	switch {
	case x.MaxRequests < 0 || x.MaxRequests > maxRate:
		return badSetting("maxRequests", "is a number of requests a second, up to %d", maxRate)
	case x.MaxBandwidth < 0:
		return badSetting("maxBandwidth", "is a number of bytes a second")
	}
	switch x.Kind {
	case KindFolder:
		return x.checkFolder()
	case KindAWS:
		return x.checkAWS()
	case KindS3:
		return x.checkS3()
	}
	return badSetting("kind", "is s3, aws or folder")
}

func (x *Settings) checkFolder() error {
	p, err := folder.ParseEndpoint(x.Endpoint)
	if err != nil {
		return badSetting("endpoint", "%v", err)
	}
	if x.AccessKeyID != "" || x.Secret != "" || x.CA != "" || x.SigningRegion != "" || x.VirtualHost || x.RoleARN != "" || x.ExternalID != "" {
		return badSetting("endpoint", "a folder has no keys, roles, regions or certificates")
	}
	x.Endpoint = (&url.URL{Scheme: "file", Path: filepath.ToSlash(p)}).String()
	return nil
}

func (x *Settings) checkAWS() error {
	if x.AccessKeyID != "" || x.Secret != "" {
		return badSetting("accessKeyId", "the server's own credentials are used at AWS; for keys name the endpoint https://s3.%s.%s", x.Region, awsSuffix(x.Region))
	}
	if x.RoleARN != "" && !roleARN.MatchString(x.RoleARN) {
		return badSetting("roleArn", "is not the ARN of a role, such as arn:aws:iam::111122223333:role/Magpie")
	}
	if x.ExternalID != "" && (!externalID.MatchString(x.ExternalID) || len(x.ExternalID) < 2 || len(x.ExternalID) > 1224 || x.RoleARN == "") {
		return badSetting("externalId", "has 2 to 1,224 letters, digits and +=,.@:/_-, and goes with a role")
	}
	if x.CA != "" || x.Insecure || x.Endpoint != "" && x.Endpoint != awsEndpoint(x.Region) {
		return badSetting("endpoint", "that of AWS is known")
	}
	x.Endpoint, x.SigningRegion, x.VirtualHost = awsEndpoint(x.Region), x.Region, true
	return nil
}

func awsEndpoint(region string) string { return "https://s3." + region + "." + awsSuffix(region) }

func awsSuffix(region string) string {
	if arn.Partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func (x *Settings) checkS3() error {
	u, err := s3.ParseEndpoint(x.Endpoint)
	if err != nil {
		return badSetting("endpoint", "%v", err)
	}
	x.Endpoint = u.String()
	if u.Scheme == "http" && !s3.IsLoopback(x.Endpoint) && !x.Insecure {
		return badSetting("endpoint", "over HTTP anybody on the way reads what is sent; use https://, or say that this is wanted (--insecure)")
	}
	if x.SigningRegion == "" {
		x.SigningRegion = "us-east-1"
	}
	switch {
	case !regionWord.MatchString(x.SigningRegion):
		return badSetting("signingRegion", "%q cannot be a region", clip(x.SigningRegion))
	case x.RoleARN != "" || x.ExternalID != "":
		return badSetting("roleArn", "roles are assumed at AWS only")
	case x.AccessKeyID == "" || len(x.AccessKeyID) > 256 || strings.ContainsFunc(x.AccessKeyID, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' || r == ',' }):
		return badSetting("accessKeyId", "is missing, or has characters that a key's id cannot have")
	case len(x.Secret) > 1024 || strings.ContainsFunc(x.Secret.Reveal(), unicode.IsControl):
		return badSetting("secretAccessKey", "has more than 1,024 characters, or ones that a secret cannot have")
	case len(x.CA) > maxCA:
		return badSetting("ca", "has more than %d bytes", maxCA)
	}
	if _, err := s3.New(s3.Options{Endpoint: x.Endpoint, CA: []byte(x.CA)}); err != nil {
		return badSetting("ca", "%v", err)
	}
	return nil
}

// KindOf is the kind that an endpoint is of.
func KindOf(endpoint string) Kind {
	if strings.HasPrefix(endpoint, "file:") {
		return KindFolder
	}
	return KindS3
}

// wants reports whether a bucket is one of those that are looked at.
func (x *Settings) wants(bucket string) bool {
	if len(x.Buckets) == 0 {
		return true
	}
	for _, p := range x.Buckets {
		if ok, _ := path.Match(p, bucket); ok { // the patterns were checked
			return true
		}
	}
	return false
}

// Endpoints is the operator's list of endpoints that accounts may name.
type Endpoints []string

// ParseEndpoints reads a list of https://HOST[:PORT], in which a host may begin with *. for all below it.
func ParseEndpoints(list []string) (Endpoints, error) {
	for _, e := range list {
		u, err := s3.ParseEndpoint(strings.Replace(e, "://*.", "://any.", 1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q: %w", clip(e), err)
		case u.Path != "":
			return nil, fmt.Errorf("%q: an endpoint that accounts may name has no path", clip(e))
		case strings.Contains(u.Host, "*"):
			return nil, fmt.Errorf("%q: a star stands for the first part of a host's name, as in https://*.example.com", clip(e))
		}
	}
	return list, nil
}

// allows reports whether accounts may name an endpoint: a host of the list, and nothing behind it. What
// is no host's name is below none.
func (list Endpoints) allows(endpoint string) bool {
	u, err := s3.ParseEndpoint(endpoint)
	if err != nil || u.Path != "" || !isHostName(u.Hostname()) {
		return false
	}
	for _, e := range list {
		any := strings.Contains(e, "://*.")
		allowed, err := s3.ParseEndpoint(strings.Replace(e, "://*.", "://", 1))
		if err != nil || allowed.Scheme != u.Scheme || portOf(allowed) != portOf(u) {
			continue
		}
		if !any && u.Hostname() == allowed.Hostname() || any && strings.HasSuffix(u.Hostname(), "."+allowed.Hostname()) {
			return true
		}
	}
	return false
}

// reaches reports whether accounts may add a store that is asked in a way: with a virtual host, the names of its buckets, which accounts
// choose, stand before the host's, so all below it has to be allowed.
func (list Endpoints) reaches(endpoint string, virtualHost bool) bool {
	if !list.allows(endpoint) {
		return false
	}
	if !virtualHost {
		return true
	}
	u, err := s3.ParseEndpoint(endpoint)
	if err != nil {
		return false
	}
	u.Host = "bucket." + u.Host
	return list.allows(u.String())
}

// isHostName reports whether a name consists of labels as DNS has them, or is an address.
func isHostName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) < 1 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// clip bounds what is repeated of something that was sent.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}

// The errors of stores, for errors.Is.
var (
	ErrNoStore     = errors.New("there is no such store")
	ErrStoreExists = errors.New("the account has a store of that name already")
	ErrNotAllowed  = errors.New("accounts may not name this endpoint")
	ErrNoBucket    = errors.New("the account has no such bucket in the Region")
)
