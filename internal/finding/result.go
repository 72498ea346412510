package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"magpie/internal/arn"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
)

// Member is a file inside an archive, and what was found in it.
type Member struct {
	Path     string // inside the archive
	Size     int64  // -1: not known
	Modified time.Time
	Result   *macie2.ClassificationResult
}

// A row is the discovery result of an object, or of a file in an archive, as Macie writes it to a bucket: one line of JSON in
// which all numbers are strings, times have whole seconds, and what is absent is left out.
type row struct {
	SchemaVersion         string         `json:"schemaVersion"`
	ID                    string         `json:"id"`
	AccountID             string         `json:"accountId"`
	Partition             string         `json:"partition"`
	Region                string         `json:"region"`
	Type                  string         `json:"type,omitempty"`
	Title                 string         `json:"title,omitempty"`
	Description           string         `json:"description,omitempty"`
	Severity              any            `json:"severity,omitempty"`
	CreatedAt             string         `json:"createdAt"`
	UpdatedAt             string         `json:"updatedAt"`
	ResourcesAffected     rowResources   `json:"resourcesAffected"`
	Category              string         `json:"category"`
	ClassificationDetails rowClassifying `json:"classificationDetails"`
}

type rowResources struct {
	S3Bucket any       `json:"s3Bucket"`
	S3Object rowObject `json:"s3Object"`
}

// rowObject is macie2.S3Object as a row has it. Each object has one, so it is not left to [spelled].
type rowObject struct {
	BucketARN            *string        `json:"bucketArn,omitempty"`
	ETag                 *string        `json:"eTag,omitempty"`
	EmbeddedFileDetails  map[string]any `json:"embeddedFileDetails,omitempty"`
	Extension            *string        `json:"extension,omitempty"`
	Key                  *string        `json:"key,omitempty"`
	LastModified         *string        `json:"lastModified,omitempty"`
	Path                 *string        `json:"path,omitempty"`
	PublicAccess         *bool          `json:"publicAccess,omitempty"`
	ServerSideEncryption any            `json:"serverSideEncryption,omitempty"`
	Size                 *string        `json:"size,omitempty"`
	StorageClass         *string        `json:"storageClass,omitempty"`
	Tags                 any            `json:"tags,omitempty"`
}

func newRowObject(o *macie2.S3Object) rowObject {
	x := rowObject{BucketARN: o.BucketArn, ETag: o.ETag, Extension: o.Extension, Key: o.Key, Path: o.Path, PublicAccess: o.PublicAccess,
		ServerSideEncryption: spelled(reflect.ValueOf(o.ServerSideEncryption)), Tags: spelled(reflect.ValueOf(o.Tags))}
	if o.LastModified != nil {
		x.LastModified = macie2.Ptr(seconds(o.LastModified.Time))
	}
	if o.Size != nil {
		x.Size = macie2.Ptr(decimal(o.Size))
	}
	if o.StorageClass != nil {
		x.StorageClass = macie2.Ptr(string(*o.StorageClass))
	}
	return x
}

// rows writes the lines of a result file.
type rows struct {
	lines bytes.Buffer
	to    *json.Encoder // ends each with a newline
	// The bucket of the object before, as rows have it: objects of a batch are mostly of one.
	bucket   *string // its name, the same place in memory
	inRegion string
	spelt    json.RawMessage
}

func newRows() *rows {
	r := &rows{}
	r.to = json.NewEncoder(&r.lines)
	r.to.SetEscapeHTML(false)
	return r
}

// bucketOf is an object's bucket.
func (r *rows) bucketOf(a *Analysis) (json.RawMessage, error) {
	if r.bucket != nil && r.bucket == a.Bucket.Name && r.inRegion == a.Region {
		return r.spelt, nil
	}
	named, _ := a.named()
	named.AllowsUnencryptedObjectUploads = nil
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(spelled(reflect.ValueOf(named))); err != nil {
		return nil, err
	}
	r.bucket, r.inRegion, r.spelt = a.Bucket.Name, a.Region, bytes.TrimSpace(b.Bytes())
	return r.spelt, nil
}

type rowClassifying struct {
	JobARN     string    `json:"jobArn,omitempty"`
	Result     rowResult `json:"result"`
	Location   string    `json:"detailedResultsLocation"`
	JobID      string    `json:"jobId,omitempty"`
	OriginType string    `json:"originType"`
}

type rowResult struct {
	Status         rowStatus     `json:"status"`
	SizeClassified string        `json:"sizeClassified"`
	MIMEType       string        `json:"mimeType,omitempty"`
	SensitiveData  []rowCategory `json:"sensitiveData"`
	Custom         *rowCustom    `json:"customDataIdentifiers,omitempty"`
}

type rowStatus struct {
	Code   *string `json:"code,omitempty"`
	Reason *string `json:"reason,omitempty"`
}

type rowCategory struct {
	Category   string         `json:"category"`
	TotalCount string         `json:"totalCount"`
	Detections []rowDetection `json:"detections"`
}

type rowDetection struct {
	Type        string    `json:"type"`
	Count       string    `json:"count"`
	Occurrences rowPlaces `json:"occurrences"`
}

type rowCustom struct {
	TotalCount string               `json:"totalCount"`
	Detections []rowCustomDetection `json:"detections"`
}

type rowCustomDetection struct {
	ARN         string    `json:"arn"`
	Name        string    `json:"name"`
	Count       string    `json:"count"`
	Occurrences rowPlaces `json:"occurrences"`
}

type rowPlaces struct {
	LineRanges any `json:"lineRanges"`
	Pages      any `json:"pages"`
	Records    any `json:"records"`
	Cells      any `json:"cells"`
}

// add appends the lines of an object: the object's own first, where tools look for it, then those of the files in it.
func (r *rows) add(a *Analysis, f *macie2.Finding, location string) error {
	err := r.whole(a, f, location)
	for i := range a.Members {
		if err != nil {
			break
		}
		m := &a.Members[i]
		kind := typeOf(m.Result)
		var member *macie2.Finding
		if kind != "" {
			said := titles[kind]
			alone := *a
			alone.Result = m.Result
			member = &macie2.Finding{Type: &kind, Title: macie2.Ptr(said.title), Description: macie2.Ptr(said.description), Severity: severityOf(&alone)}
		}
		var line *row
		if line, err = r.object(a, member, m.Result, location, m); err == nil {
			err = r.to.Encode(line)
		}
	}
	return err
}

// whole appends an object's own line.
func (r *rows) whole(a *Analysis, f *macie2.Finding, location string) error {
	if f != nil || !isPlain(a) {
		x, err := r.object(a, f, a.Result, location, nil)
		if err == nil {
			err = r.to.Encode(x)
		}
		return err
	}
	bucket, err := r.bucketOf(a)
	if err != nil {
		return err
	}
	r.lines.Write(appendPlain(r.lines.AvailableBuffer(), a, bucket, location))
	return nil
}

// object is the line of an object or of a file in it. f is its finding, nil for one in which nothing was found.
func (r *rows) object(a *Analysis, f *macie2.Finding, result *macie2.ClassificationResult, location string, m *Member) (*row, error) {
	at := seconds(a.At)
	_, object := a.named()
	bucket, err := r.bucketOf(a)
	if err != nil {
		return nil, err
	}
	x := &row{
		SchemaVersion: schemaVersion, ID: a.ID(), AccountID: string(a.Owner), Partition: arn.Partition(a.Region), Region: a.Region,
		CreatedAt: at, UpdatedAt: at, Category: string(macie2.FindingCategoryClassification),
		ResourcesAffected:     rowResources{S3Bucket: bucket, S3Object: newRowObject(&object)},
		ClassificationDetails: rowClassifying{Result: rowOfResult(result), Location: location, JobID: a.JobID, OriginType: string(a.Origin), JobARN: a.jobARN()},
	}
	if m != nil {
		x.ID = hashed("member", a.ID(), m.Path)
		details := map[string]any{"filePath": clean(m.Path), "fileExtension": inventory.Extension(m.Path)}
		if m.Size >= 0 {
			details["fileSize"] = strconv.FormatInt(m.Size, 10)
		}
		if !m.Modified.IsZero() {
			details["fileLastModified"] = seconds(m.Modified)
		}
		x.ResourcesAffected.S3Object.EmbeddedFileDetails = details
	}
	if f != nil {
		x.Type, x.Title, x.Description = string(*f.Type), *f.Title, *f.Description
		x.Severity = spelled(reflect.ValueOf(f.Severity))
	}
	return x, nil
}

func rowOfResult(r *macie2.ClassificationResult) rowResult {
	x := rowResult{Status: rowStatus(macie2.Deref(r.Status)), SizeClassified: decimal(r.SizeClassified), MIMEType: macie2.Deref(r.MimeType),
		SensitiveData: []rowCategory{}}
	for _, item := range r.SensitiveData {
		c := rowCategory{Category: string(macie2.Deref(item.Category)), TotalCount: decimal(item.TotalCount), Detections: []rowDetection{}}
		for _, d := range item.Detections {
			c.Detections = append(c.Detections, rowDetection{macie2.Deref(d.Type), decimal(d.Count), placesOfRow(d.Occurrences)})
		}
		x.SensitiveData = append(x.SensitiveData, c)
	}
	if c := r.CustomDataIdentifiers; c != nil && len(c.Detections) > 0 {
		x.Custom = &rowCustom{TotalCount: decimal(c.TotalCount)}
		for _, d := range c.Detections {
			x.Custom.Detections = append(x.Custom.Detections,
				rowCustomDetection{macie2.Deref(d.Arn), macie2.Deref(d.Name), decimal(d.Count), placesOfRow(d.Occurrences)})
		}
	}
	return x
}

// placesOfRow has all four arrays, empty where there is none of a kind.
func placesOfRow(o *macie2.Occurrences) rowPlaces {
	if o == nil {
		o = &macie2.Occurrences{}
	}
	list := func(v any) any {
		if all := spelled(reflect.ValueOf(v)); all != nil {
			return all
		}
		return []any{}
	}
	return rowPlaces{list(o.LineRanges), list(o.Pages), list(o.Records), list(o.Cells)}
}

func decimal(n *int64) string { return strconv.FormatInt(macie2.Deref(n), 10) }

const wholeSeconds = "2006-01-02T15:04:05Z"

func seconds(t time.Time) string { return t.UTC().Format(wholeSeconds) }

// spelled is a value of the contract as result files have it: numbers as strings, times in whole seconds, nothing absent.
func spelled(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return spelled(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int64, reflect.Int32:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		all := make([]any, v.Len())
		for i := range all {
			all[i] = spelled(v.Index(i))
		}
		return all
	case reflect.Struct:
		if t, ok := v.Interface().(macie2.Timestamp); ok {
			return seconds(t.Time)
		}
		all := map[string]any{}
		for i := range v.NumField() {
			if member := spelled(v.Field(i)); member != nil {
				name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
				all[name] = member
			}
		}
		return all
	}
	return nil
}

// writers hold the memory of those that compress.
var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compressed is the content of a result file.
func compressed(lines []byte) ([]byte, error) {
	var b bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&b)
	for part := range slices.Chunk(lines, 32<<10) {
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("compress results: %w", err)
		}
		runtime.Gosched() // all of them would keep calls waiting that are made meanwhile
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress results: %w", err)
	}
	return b.Bytes(), nil
}

// resultKey is where a result file lies in a bucket, as Macie names it.
func resultKey(prefix string, creator macie2.AccountID, region, folder string, owner macie2.AccountID, name string) string {
	key := path.Join("AWSLogs", string(creator), "Macie", region, folder, string(owner), name+".jsonl.gz")
	if prefix == "" {
		return key
	}
	return strings.TrimSuffix(prefix, "/") + "/" + key
}
