package publication

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"magpie/internal/macie2"
)

// namespace is what the ids of events are derived in.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:magpie:finding-event"))

// eventID is the id of what is told of a finding: the same whenever, to whomever and however often it is told.
func eventID(x *macie2.Finding) string {
	return uuid.NewSHA1(namespace, fmt.Appendf(nil, "%s %s %d", macie2.Deref(x.Region), macie2.Deref(x.Id), macie2.Deref(x.Count))).String()
}

// An event is what EventBridge makes of a finding.
type event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

const (
	detailType  = "Macie Finding"
	eventSource = "aws.macie"
)

// eventOf is the event of a finding for an account.
func eventOf(account macie2.AccountID, x *macie2.Finding) (*event, error) {
	d, err := detail(x)
	if err != nil {
		return nil, err
	}
	return &event{
		Version: "0", ID: eventID(x), DetailType: detailType, Source: eventSource, Account: string(account), Time: seconds(x.UpdatedAt),
		Region: macie2.Deref(x.Region), Resources: []string{}, Detail: d,
	}, nil
}

func seconds(t *macie2.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// detail is a finding as it stands in an event: what is absent is null, and times have whole seconds, but for those of the call
// in a finding of policy.
func detail(x *macie2.Finding) (json.RawMessage, error) {
	b, err := json.Marshal(withNulls(reflect.ValueOf(x), ""))
	if err != nil {
		return nil, fmt.Errorf("finding %s as an event: %w", macie2.Deref(x.Id), err)
	}
	return b, nil
}

var timestampType = reflect.TypeFor[macie2.Timestamp]()

// withNulls is a value with all its members. name is that of the member which it is the value of.
func withNulls(v reflect.Value, name string) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return withNulls(v.Elem(), name)
	case reflect.Slice:
		if v.IsNil() && name != "tags" && name != "sensitiveData" && name != "detections" {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = withNulls(v.Index(i), name)
		}
		return list
	case reflect.Struct:
		if v.Type() == timestampType {
			return timeText(v.Interface().(macie2.Timestamp), name)
		}
		members := make(map[string]any, v.NumField())
		for i := range v.NumField() {
			member, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			value := withNulls(v.Field(i), member)
			if member == "eTag" {
				member = "etag" // so it is in events, and nowhere else
			}
			members[member] = value
		}
		return members
	}
	return v.Interface()
}

func timeText(t macie2.Timestamp, name string) string {
	if name == "firstSeen" || name == "lastSeen" {
		return t.String()
	}
	return seconds(&t)
}
