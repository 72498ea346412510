package sigv4

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Limits on what a stranger can make us work on. Each is several times what
// any SDK sends; the request's total header size is for the server to bound.
const (
	maxAuthorization = 4 << 10   // bytes of the Authorization header
	maxAccessKeyID   = 128       // AWS's own limit
	maxSignedHeaders = 64        // names in SignedHeaders
	maxHeaderBytes   = 64 << 10  // signed names and values together
	maxPath          = 16 << 10  // bytes of the path as sent
	maxQuery         = 128 << 10 // 50 tag keys of 128 characters, percent-encoded, are 60 KB
	maxQueryParams   = 512
	maxToken         = 8 << 10 // bytes of a session token
)

// Skew is how far a client's clock may be from ours, either way.
const Skew = 5 * time.Minute

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	basicISO   = "20060102T150405Z"
	basicDate  = "20060102"
)

// Signature is what an Authorization header claims. Nothing in it is proven
// until Verify has said so.
type Signature struct {
	AccessKeyID   string
	Date          string // of the credential scope, YYYYMMDD
	Region        string // looks like a Region; whether there is one is not asked
	Service       string
	SignedHeaders string    // "host;x-amz-date": lower case, sorted, no duplicates
	SecurityToken string    // of temporary credentials, or empty
	Time          time.Time // when it was signed, UTC, within Skew of the server's clock

	stamp     string // Time as it is signed
	signature [32]byte
}

// Parse reads the signature of a request and checks all that can be checked
// without a key: form, scope, clock. The error is an *Error.
func Parse(r *http.Request, now time.Time) (*Signature, error) {
	if hasQueryAuth(r) {
		return nil, incomplete("Authentication in the query string (a presigned URL) is not supported. Sign the request in its Authorization header.")
	}
	values := r.Header["Authorization"]
	if len(values) == 0 || strings.TrimSpace(values[0]) == "" {
		return nil, &Error{Code: CodeMissingToken, Message: "Missing Authentication Token"}
	}
	if len(values) > 1 {
		return nil, incomplete("The request has %d Authorization headers; exactly one is expected.", len(values))
	}
	header := values[0]
	if len(header) > maxAuthorization {
		return nil, incomplete("The Authorization header has %d bytes; at most %d are accepted.", len(header), maxAuthorization)
	}
	fields, err := splitAuthorization(r, header)
	if err != nil {
		return nil, err
	}
	s := &Signature{SignedHeaders: fields.signedHeaders}
	if err := s.readCredential(fields.credential); err != nil {
		return nil, err
	}
	if err := s.readSignedHeaders(r); err != nil {
		return nil, err
	}
	if err := s.readTime(r); err != nil {
		return nil, err
	}
	if err := s.checkScope(now); err != nil {
		return nil, err
	}
	if !decodeLowerHex(s.signature[:], fields.signature) {
		return nil, invalid(mismatch)
	}
	return s, nil
}

// RequireService refuses a signature scoped to another service than name.
func (s *Signature) RequireService(name string) error {
	if s.Service != name {
		return invalid("Credential should be scoped to correct service: '%s'. ", name)
	}
	return nil
}

// WrongRegion refuses a signature that is scoped to a Region that is not served.
func (s *Signature) WrongRegion() error { return wrongRegion(s.Region) }

func wrongRegion(region string) error {
	return invalid("Credential should be scoped to a valid region, not '%s'. ", printable(region))
}

// RequireSigned refuses a request that has a header which its signature does not cover: anybody on
// the way could have put it there, or changed it.
func (s *Signature) RequireSigned(r *http.Request, header string) error {
	if _, there := r.Header[header]; there && !s.signs(strings.ToLower(header)) {
		return invalid("'%s' must be a 'SignedHeader' in the AWS Authorization.", header)
	}
	return nil
}

// signs reports whether the signature covers a header, whose name is in lower case.
func (s *Signature) signs(name string) bool {
	for signed := range strings.SplitSeq(s.SignedHeaders, ";") {
		if signed == name {
			return true
		}
	}
	return false
}

// requireOwnSigned refuses a request that has a header of AWS's which its signature does not cover.
// They say what is asked for, and in whose name. (What proxies and tracers add begins otherwise.)
func (s *Signature) requireOwnSigned(r *http.Request) error {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") {
			if name == "X-Amz-Date" || name == "X-Amz-Content-Sha256" {
				continue // are signed as such, whether they are among the headers or not
			}
			if err := s.RequireSigned(r, name); err != nil {
				return err
			}
		}
	}
	return nil
}

type authorization struct{ credential, signedHeaders, signature string }

// splitAuthorization takes the header apart. A header of any other scheme is
// read the same way, which yields just the answers AWS gives to those.
func splitAuthorization(r *http.Request, header string) (a authorization, err error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if scheme != algorithm && strings.HasPrefix(scheme, "AWS4-") {
		return a, incomplete("Unsupported AWS 'algorithm': '%s'. %s", printable(scheme), fingerprint(header))
	}
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, ",")
		if pair = strings.Trim(pair, " \t"); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return a, incomplete("Invalid key=value pair (missing equal-sign) in Authorization header. %s", fingerprint(header))
		}
		var to *string
		switch name {
		case "Credential":
			to = &a.credential
		case "SignedHeaders":
			to = &a.signedHeaders
		case "Signature":
			to = &a.signature
		default:
			continue // as AWS does: what it does not know it does not mind
		}
		if *to != "" {
			return a, incomplete("Authorization header has more than one '%s' parameter. %s", name, fingerprint(header))
		}
		*to = value
	}
	var missing []string
	for _, p := range []struct{ name, value string }{
		{"Credential", a.credential}, {"Signature", a.signature}, {"SignedHeaders", a.signedHeaders},
	} {
		if p.value == "" {
			missing = append(missing, "Authorization header requires '"+p.name+"' parameter.")
		}
	}
	if r.Header.Get("X-Amz-Date") == "" && r.Header.Get("Date") == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if scheme != algorithm && len(missing) == 0 {
		return a, incomplete("Unsupported AWS 'algorithm': '%s'. %s", printable(scheme), fingerprint(header))
	}
	if len(missing) > 0 {
		return a, incomplete("%s %s", strings.Join(missing, " "), fingerprint(header))
	}
	return a, nil
}

func (s *Signature) readCredential(credential string) error {
	var part [5]string
	rest, found := credential, true
	for i := range part {
		if !found {
			return badCredential()
		}
		part[i], rest, found = strings.Cut(rest, "/")
	}
	if found {
		return badCredential()
	}
	s.AccessKeyID, s.Date, s.Region, s.Service = part[0], part[1], part[2], part[3]
	if n := len(s.AccessKeyID); n == 0 || n > maxAccessKeyID || !isGraphic(s.AccessKeyID) {
		return incomplete("The access key ID of the Credential must have 1 to %d printable characters.", maxAccessKeyID)
	}
	if part[4] != terminator {
		return invalid("Credential should be scoped with a valid terminator: '%s', not '%s'. ", terminator, printable(part[4]))
	}
	if !isService(s.Service) {
		return invalid("Credential should be scoped to a valid service, not '%s'. ", printable(s.Service))
	}
	if !IsRegion(s.Region) {
		return wrongRegion(s.Region)
	}
	return nil
}

func badCredential() error {
	return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
}

// readSignedHeaders checks the list itself and that what has to be signed is.
func (s *Signature) readSignedHeaders(r *http.Request) error {
	previous, count, host := "", 0, false
	for name := range strings.SplitSeq(s.SignedHeaders, ";") {
		if count++; count > maxSignedHeaders {
			return incomplete("'SignedHeaders' names more than %d headers.", maxSignedHeaders)
		}
		if !isLowerToken(name) || name <= previous {
			return incomplete("'SignedHeaders' must be a list of header names in lower case, sorted, each once, with ';' between them.")
		}
		previous = name
		host = host || name == "host"
	}
	if !host {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	// Headers that can mean one thing only must not come twice: which of the two
	// counts would be for each program on the way to decide.
	for _, name := range []string{"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Content-Type", "Host"} {
		if len(r.Header[name]) > 1 {
			return incomplete("The request has more than one '%s' header.", name)
		}
	}
	if s.SecurityToken = r.Header.Get("X-Amz-Security-Token"); len(s.SecurityToken) > maxToken {
		return &Error{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	}
	return s.requireOwnSigned(r)
}

// readTime takes x-amz-date or else Date, which may be in HTTP's own form.
func (s *Signature) readTime(r *http.Request) error {
	text := r.Header.Get("X-Amz-Date")
	fromDate := text == ""
	if fromDate {
		text = r.Header.Get("Date")
	}
	t, ok := parseBasicISO(text)
	if !ok && fromDate {
		var err error
		t, err = http.ParseTime(text)
		ok = err == nil
	}
	if !ok {
		return incomplete("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", printable(text))
	}
	s.Time = t.UTC()
	if s.stamp = text; fromDate {
		s.stamp = s.Time.Format(basicISO)
	}
	return nil
}

func (s *Signature) checkScope(now time.Time) error {
	if s.Date != s.stamp[:len(basicDate)] {
		return invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.",
			printable(s.Date), s.stamp[:len(basicDate)], s.stamp)
	}
	now = now.UTC()
	if oldest := now.Add(-Skew); s.Time.Before(oldest.Truncate(time.Second)) {
		return invalid("Signature expired: %s is now earlier than %s (%s - 5 min.)", s.stamp, oldest.Format(basicISO), now.Format(basicISO))
	}
	if newest := now.Add(Skew); s.Time.After(newest) {
		return invalid("Signature not yet current: %s is still later than %s (%s + 5 min.)", s.stamp, newest.Format(basicISO), now.Format(basicISO))
	}
	return nil
}

// hasQueryAuth says whether the query tries to carry a signature.
func hasQueryAuth(r *http.Request) bool {
	_, query := target(r)
	if len(query) > maxQuery { // refused later; not searched
		return false
	}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature":
			return true
		}
	}
	return false
}

// IsRegion says whether a name has the form of an AWS Region: two letters or
// more, one to three words, a number, as in us-east-1 or us-gov-west-1.
func IsRegion(name string) bool {
	if len(name) < 6 || len(name) > 32 {
		return false
	}
	words, start := 0, 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '-' {
			continue
		}
		word, last := name[start:i], i == len(name)
		start = i + 1
		words++
		if last {
			return words >= 3 && words <= 5 && isNumber(word)
		}
		if len(word) < 2 || !isLowerWord(word) {
			return false
		}
	}
	return false
}

func isNumber(s string) bool {
	if len(s) == 0 || len(s) > 2 || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func isLowerWord(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

func isService(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// isLowerToken says whether s is a header name (RFC 9110 token) in lower case.
func isLowerToken(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

func isGraphic(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// parseBasicISO reads 20150830T123600Z and nothing else.
func parseBasicISO(s string) (time.Time, bool) {
	if len(s) != len(basicISO) || s[8] != 'T' || s[15] != 'Z' {
		return time.Time{}, false
	}
	t, err := time.Parse(basicISO, s)
	return t, err == nil
}

func decodeLowerHex(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}
