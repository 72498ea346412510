package scan

import (
	"bufio"
	"encoding/json"
	"io"

	"magpie/internal/classify"
	"magpie/internal/detect"
	"magpie/internal/macie2"
	printabletext "magpie/internal/printable"
)

// jsonWriter writes one object per file on disk, on a line of its own, as soon as it is known.
type jsonWriter struct {
	w       *bufio.Writer
	custom  map[*detect.Custom]classify.CustomName
	explain bool // say what is not reported
}

// jsonLine is the line. Result is Macie's ClassificationResult of the whole file; the files inside an archive follow, each
// with Macie's embeddedFileDetails, when something was found in them or they were not analysed wholly.
type jsonLine struct {
	Path          string                       `json:"path"`
	Result        *macie2.ClassificationResult `json:"result"`
	Severity      *macie2.Severity             `json:"severity,omitempty"`
	Error         string                       `json:"error,omitempty"`
	Grew          bool                         `json:"grewWhileRead,omitempty"` // what was added was not scanned
	EmbeddedFiles []embeddedFile               `json:"embeddedFiles,omitempty"`
	FilesLeftOut  int                          `json:"embeddedFilesLeftOut,omitempty"`
	Samples       map[string][]string          `json:"maskedSamples,omitempty"`
	Missed        []jsonMissed                 `json:"notReported,omitempty"` // with --explain
}

type embeddedFile struct {
	Details struct {
		FilePath         string            `json:"filePath"`
		FileExtension    string            `json:"fileExtension"`
		FileSize         *int64            `json:"fileSize"`
		FileLastModified *macie2.Timestamp `json:"fileLastModified"`
	} `json:"embeddedFileDetails"`
	Result *macie2.ClassificationResult `json:"result"`
	Missed []jsonMissed                 `json:"notReported,omitempty"`
}

func newJSONWriter(w io.Writer, custom map[*detect.Custom]classify.CustomName) *jsonWriter {
	return &jsonWriter{w: bufio.NewWriterSize(w, 64<<10), custom: custom}
}

func (j *jsonWriter) file(f *FileResult) error {
	line := jsonLine{Path: f.Path, Result: f.Result.Wire(j.custom), Grew: f.Grew, FilesLeftOut: f.Result.MembersLeftOut}
	if s := worst(f.Result.Detections); s != "" {
		line.Severity = &macie2.Severity{Description: &s, Score: macie2.Ptr(int64(rank(s)))}
	}
	if j.explain {
		line.Missed = missedOf(&f.Result.Document, j.custom)
	}
	if f.Err != nil {
		line.Error = f.Err.Error()
	} else if f.Failed() {
		line.Error = why(f)
	}
	for i := range f.Result.Detections {
		if d := &f.Result.Detections[i]; len(d.Samples) > 0 {
			if line.Samples == nil {
				line.Samples = map[string][]string{}
			}
			line.Samples[d.Name(j.custom)] = d.Samples
		}
	}
	for i := range f.Result.Members {
		m := &f.Result.Members[i]
		e := embeddedFile{Result: m.Wire(j.custom)}
		if j.explain {
			e.Missed = missedOf(m, j.custom)
		}
		e.Details.FilePath, e.Details.FileExtension = m.Path, classify.Extension(m.Path)
		if m.Size >= 0 {
			e.Details.FileSize = &m.Size
		}
		if !m.Modified.IsZero() {
			e.Details.FileLastModified = macie2.NewTimestamp(m.Modified)
		}
		line.EmbeddedFiles = append(line.EmbeddedFiles, e)
	}
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	// Names of files may hold what a terminal takes for orders, and what is in a pipe now is shown on one later.
	if _, err := j.w.Write(append(printabletext.JSON(b), '\n')); err != nil {
		return err
	}
	return j.w.Flush()
}

func (j *jsonWriter) finish(*Summary) error { return j.w.Flush() }

// rank orders severities; Macie's scores.
func rank(s macie2.SeverityDescription) int {
	switch s {
	case macie2.SeverityDescriptionLow:
		return 1
	case macie2.SeverityDescriptionMedium:
		return 2
	case macie2.SeverityDescriptionHigh:
		return 3
	}
	return 0
}

// worst is the highest severity of a file's detections.
func worst(ds []classify.Detection) macie2.SeverityDescription {
	var s macie2.SeverityDescription
	for i := range ds {
		if d := ds[i].Severity(); rank(d) > rank(s) {
			s = d
		}
	}
	return s
}
