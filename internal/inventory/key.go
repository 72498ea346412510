package inventory

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// EncodeKey makes of an object's key a text that a database takes: keys may have bytes that are no text. The order of keys is not kept.
func EncodeKey(key string) string {
	if utf8.ValidString(key) && !strings.ContainsRune(key, 0) {
		return "=" + key
	}
	return "x" + hex.EncodeToString([]byte(key))
}

// DecodeKey is the key that EncodeKey was given.
func DecodeKey(text string) (string, error) {
	if key, ok := strings.CutPrefix(text, "="); ok {
		return key, nil
	}
	digits, ok := strings.CutPrefix(text, "x")
	if b, err := hex.DecodeString(digits); ok && err == nil {
		return string(b), nil
	}
	return "", fmt.Errorf("%q is not a key as EncodeKey writes it", clip(text))
}

// storable makes a stranger's text one that a database takes.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
