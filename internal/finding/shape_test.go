package finding

import (
	"testing"

	"magpie/internal/macie2"
)

// Buckets of the same name may be at the stores of several accounts; what is found in them are several findings.
func TestIDs(t *testing.T) {
	of := func(change func(*Analysis)) string {
		a := &Analysis{Region: "us-east-1", Run: "r", Creator: "111122223333", Owner: "444455556666",
			Bucket: macie2.S3Bucket{Name: macie2.Ptr("b")}, Object: macie2.S3Object{Key: macie2.Ptr("k"), VersionId: macie2.Ptr("v")}}
		change(a)
		return a.ID()
	}
	seen := map[string]int{of(func(*Analysis) {}): -1}
	for i, change := range []func(*Analysis){
		func(a *Analysis) { a.Region = "eu-west-1" },
		func(a *Analysis) { a.Run = "s" },
		func(a *Analysis) { a.Creator = "777788889999" },
		func(a *Analysis) { a.Owner = "777788889999" },
		func(a *Analysis) { a.Bucket.Name = macie2.Ptr("c") },
		func(a *Analysis) { a.Object.Key = macie2.Ptr("l") },
		func(a *Analysis) { a.Object.VersionId = nil },
	} {
		id := of(change)
		if other, ok := seen[id]; ok {
			t.Errorf("%d has the id of %d", i, other)
		}
		seen[id] = i
	}
	if of(func(*Analysis) {}) != of(func(a *Analysis) { a.Object.Size = macie2.Ptr(int64(1)) }) {
		t.Error("an object that is read again has another finding")
	}
}
