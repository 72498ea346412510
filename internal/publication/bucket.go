package publication

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"magpie/internal/inventory/objectstore"
)

// objectName is the name of the object that a batch is written to, by the day of its first finding. It is a function of what
// is told: the same batch again replaces the object.
func objectName(batch []delivery) string {
	var ids strings.Builder
	for _, x := range batch {
		ids.WriteString(x.eventID + "\n")
	}
	return batch[0].finding.UpdatedAt.UTC().Format("2006/01/02/") + uuid.NewMD5(uuid.NameSpaceURL, []byte(ids.String())).String() + ".jsonl"
}

// checkName is the object that a test of a destination writes. It is empty.
const checkName = "write-check.jsonl"

// putLines writes an object of JSON Lines to the bucket of a destination.
func (s *Service) putLines(ctx context.Context, d *Destination, name string, lines [][]byte) error {
	bucket, prefix := d.bucket()
	b, err := s.bucket(ctx, d.Region, d.Account, bucket)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, line := range lines {
		text.Write(line)
		text.WriteByte('\n')
	}
	if _, err := b.Put(ctx, prefix+name, text.Bytes(), objectstore.PutOptions{ContentType: "application/x-ndjson"}); err != nil {
		return fmt.Errorf("write to bucket %s: %w", bucket, err)
	}
	return nil
}
