package webidentity

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of a token.
const (
	mostToken   = 20_000 // bytes, as AWS takes
	mostSubject = 255
	mostValues  = 1000 // of one claim
)

// claimed is what a token says of itself before it is verified.
type claimed struct {
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
}

// audience is one text or a list of them.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// peek reads a token without verifying it. It takes the compact form alone, and no object that has a name twice.
func peek(token string) (c claimed, err error) {
	bad := invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	parts := strings.Split(token, ".")
	if len(token) > mostToken || len(parts) != 3 {
		return c, bad
	}
	var payload []byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil || len(b) == 0 {
			return c, bad
		}
		if i == 0 && !jsontext.Value(b).IsValid() {
			return c, bad
		}
		if i == 1 {
			payload = b
		}
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return c, bad
	}
	return c, nil
}

// rawClaims are the claims of a token.
type rawClaims map[string]jsontext.Value

func (c *rawClaims) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, (*map[string]jsontext.Value)(c))
}

var claimName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`) })

// texts are the claims that a condition can ask for: texts, numbers, truth values, and lists of them. Condition keys do not heed letter
// case, so a token whose claims differ in nothing else is refused.
func (c rawClaims) texts() (map[string][]string, error) {
	out := map[string][]string{}
	for name, value := range c {
		if !claimName().MatchString(name) {
			continue
		}
		name = strings.ToLower(name)
		if _, twice := out[name]; twice {
			return nil, invalid("The ID Token provided has claims whose names differ in letter case alone: %s", name)
		}
		values, ok := texts(value)
		if len(values) > mostValues {
			return nil, invalid("The ID Token provided has more than %d values in the claim %s.", mostValues, name)
		}
		if ok {
			out[name] = values
		}
	}
	return out, nil
}

func texts(value jsontext.Value) ([]string, bool) {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return nil, false
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var out []string
	for _, one := range list {
		switch one := one.(type) {
		case string:
			out = append(out, one)
		case bool:
			out = append(out, strconv.FormatBool(one))
		case float64:
			out = append(out, strconv.FormatFloat(one, 'f', -1, 64))
		default:
			return nil, false
		}
	}
	return out, true
}
