package macie2

import (
	"fmt"
	"time"
)

// Ptr returns a pointer to v, to fill a member with.
func Ptr[T any](v T) *T { return &v }

// Deref returns what a member holds, and the zero value for one that is absent.
func Deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// Timestamp is a moment on the wire: ISO 8601 in UTC with milliseconds and Z.
// The JavaScript SDK refuses one without a zone.
type Timestamp struct{ time.Time }

const timestampLayout = "2006-01-02T15:04:05.000Z"

// NewTimestamp returns t as a member's value.
func NewTimestamp(t time.Time) *Timestamp { return &Timestamp{t} }

// TimestampMillis returns the moment that is ms milliseconds after 1970 as a
// member's value: the way times are stored.
func TimestampMillis(ms int64) *Timestamp { return &Timestamp{time.UnixMilli(ms).UTC()} }

// MarshalJSON implements the interface of encoding/json.
func (t Timestamp) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }

// UnmarshalJSON implements the interface of encoding/json.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	parsed, err := time.Parse(`"`+time.RFC3339+`"`, string(b))
	if err != nil {
		return fmt.Errorf("read timestamp: %w", err)
	}
	t.Time = parsed.UTC()
	return nil
}

func (t Timestamp) String() string { return t.UTC().Format(timestampLayout) }

func (t Timestamp) appendJSON(b []byte) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, timestampLayout)
	return append(b, '"')
}
