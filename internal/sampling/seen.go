package sampling

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"magpie/internal/extract"
	"magpie/internal/finding"
	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
)

// digest names a version of an object, as its listing tells: 125 bits of a hash of key, ETag, size and time. The last three bits are 0.
type digest [16]byte

const kindBits = 7

func digestOf(o *objectstore.Object) (d digest) {
	h := sha256.New()
	h.Write(strconv.AppendInt(nil, int64(len(o.Key)), 10))
	h.Write([]byte("\x00" + o.Key + o.ETag + "\x00"))
	h.Write(strconv.AppendInt(nil, o.Size, 10))
	h.Write(strconv.AppendInt([]byte{0}, o.LastModified.Unix(), 10))
	copy(d[:], h.Sum(nil))
	d[15] &^= kindBits
	return d
}

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// kind is what came of an object.
type kind byte

const (
	clean kind = iota
	sensitive
	skippedContent    // its content cannot be analysed: it has to change first
	skippedEncryption // with a key of the customer
	skippedKMS
	skippedDenied
	kinds
)

// again reports whether an object that is of a kind is worth another try although it has not changed: permissions may have.
func (k kind) again() bool { return k == skippedEncryption || k == skippedKMS || k == skippedDenied }

// kindOf is what an analysis comes to.
func kindOf(a *finding.Analysis) kind {
	switch found(a.Result) {
	case true:
		return sensitive
	default:
		if a.Result == nil || a.Result.Status == nil || macie2.Deref(a.Result.Status.Code) != string(extract.Skipped) {
			return clean
		}
	}
	switch macie2.Deref(a.Result.Status.Reason) {
	case string(extract.InvalidEncryption):
		return skippedEncryption
	case "INVALID_KMS_KEY":
		return skippedKMS
	case string(extract.PermissionDenied):
		return skippedDenied
	}
	return skippedContent
}

func found(r *macie2.ClassificationResult) bool {
	if r == nil {
		return false
	}
	for _, x := range r.SensitiveData {
		if len(x.Detections) > 0 {
			return true
		}
	}
	return r.CustomDataIdentifiers != nil && len(r.CustomDataIdentifiers.Detections) > 0
}

// seenSet is the objects of a part that were analysed, with what came of them.
type seenSet map[digest]kind

// parseSeen reads what String wrote.
func parseSeen(text string) (seenSet, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b)%16 != 0 {
		return nil, fmt.Errorf("the objects that were analysed cannot be read: %d bytes, %w", len(b), err)
	}
	s := make(seenSet, len(b)/16)
	for ; len(b) > 0; b = b[16:] {
		d := digest(b[:16])
		k := kind(d[15] & kindBits)
		if k >= kinds {
			return nil, fmt.Errorf("the objects that were analysed cannot be read: there is a kind %d", k)
		}
		d[15] &^= kindBits
		s[d] = k
	}
	return s, nil
}

// String has 16 bytes for each object, in order, in base64.
func (s seenSet) String() string {
	list := make([]digest, 0, len(s))
	for d, k := range s {
		d[15] |= byte(k)
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	all := make([]byte, 0, 16*len(list))
	for i := range list {
		all = append(all, list[i][:]...)
	}
	return base64.StdEncoding.EncodeToString(all)
}
