package finding

import (
	"encoding/json"
	"strconv"
	"time"

	"magpie/internal/arn"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
)

// isPlain reports whether the line of an object can be written by appendPlain: nothing was found in it, as in most.
func isPlain(a *Analysis) bool {
	r, o := a.Result, &a.Object
	return len(r.SensitiveData) == 0 && (r.CustomDataIdentifiers == nil || len(r.CustomDataIdentifiers.Detections) == 0) &&
		r.Status != nil && o.Tags != nil && len(o.Tags) == 0
}

// appendPlain writes the line of an object in which nothing was found, byte for byte as the encoding of its [row] is. A run may write millions of
// them, and encoding/json takes ten times as long. bucket is the object's bucket, encoded.
func appendPlain(b []byte, a *Analysis, bucket json.RawMessage, location string) []byte {
	r, o := a.Result, &a.Object
	name, key := clean(*a.Bucket.Name), clean(*o.Key)
	partition := arn.Partition(a.Region)
	b = append(b, `{"schemaVersion":"`+schemaVersion+`","id":"`...)
	b = append(b, a.ID()...)
	b = appendString(append(b, `","accountId":`...), string(a.Owner))
	b = appendString(append(b, `,"partition":`...), partition)
	b = appendString(append(b, `,"region":`...), a.Region)
	b = appendSeconds(append(b, `,"createdAt":`...), a.At)
	b = appendSeconds(append(b, `,"updatedAt":`...), a.At)
	b = append(append(b, `,"resourcesAffected":{"s3Bucket":`...), bucket...)
	b = appendString(append(b, `,"s3Object":{"bucketArn":`...), "arn:"+partition+":s3:::"+name)
	b = appendIf(b, `,"eTag":`, o.ETag)
	b = appendString(append(b, `,"extension":`...), inventory.Extension(key))
	b = appendString(append(b, `,"key":`...), key)
	if o.LastModified != nil {
		b = appendSeconds(append(b, `,"lastModified":`...), o.LastModified.Time)
	}
	b = appendString(append(b, `,"path":`...), name+"/"+key)
	if o.PublicAccess != nil {
		b = strconv.AppendBool(append(b, `,"publicAccess":`...), *o.PublicAccess)
	}
	if e := o.ServerSideEncryption; e != nil {
		b = append(b, `,"serverSideEncryption":{`...)
		if e.EncryptionType != nil {
			b = appendString(append(b, `"encryptionType":`...), string(*e.EncryptionType))
		}
		if e.KmsMasterKeyId != nil {
			if e.EncryptionType != nil {
				b = append(b, ',')
			}
			b = appendString(append(b, `"kmsMasterKeyId":`...), *e.KmsMasterKeyId)
		}
		b = append(b, '}')
	}
	if o.Size != nil {
		b = appendDecimal(append(b, `,"size":`...), o.Size)
	}
	b = appendIf(b, `,"storageClass":`, o.StorageClass)
	b = append(b, `,"tags":[]}},"category":"`+string(macie2.FindingCategoryClassification)+`","classificationDetails":{`...)
	if name := a.jobARN(); name != "" {
		b = append(appendString(append(b, `"jobArn":`...), name), ',')
	}
	b = append(b, `"result":{"status":{`...)
	b = appendIf(b, `"code":`, r.Status.Code)
	if r.Status.Reason != nil {
		if r.Status.Code != nil {
			b = append(b, ',')
		}
		b = appendString(append(b, `"reason":`...), *r.Status.Reason)
	}
	b = appendDecimal(append(b, `},"sizeClassified":`...), r.SizeClassified)
	if kind := macie2.Deref(r.MimeType); kind != "" {
		b = appendString(append(b, `,"mimeType":`...), kind)
	}
	b = appendString(append(b, `,"sensitiveData":[]},"detailedResultsLocation":`...), location)
	if a.JobID != "" {
		b = appendString(append(b, `,"jobId":`...), a.JobID)
	}
	b = appendString(append(b, `,"originType":`...), string(a.Origin))
	return append(b, "}}\n"...)
}

func appendIf[T ~string](b []byte, name string, v *T) []byte {
	if v == nil {
		return b
	}
	return appendString(append(b, name...), string(*v))
}

func appendDecimal(b []byte, n *int64) []byte {
	return append(strconv.AppendInt(append(b, '"'), macie2.Deref(n), 10), '"')
}

func appendSeconds(b []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), wholeSeconds), '"')
}

// appendString writes a string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendOddString(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendOddString writes a string that has more than printable ASCII in it.
func appendOddString(b []byte, s string) []byte {
	x := newRows()
	_ = x.to.Encode(s) // a string can always be
	return append(b, x.lines.Bytes()[:x.lines.Len()-1]...)
}
