package discovery

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hamba/avro/v2/ocf"
	"github.com/parquet-go/parquet-go"

	"magpie/internal/macie2"
)

// payment is a record of the columnar files.
type payment struct {
	Name string `parquet:"name" avro:"name"`
	Card string `parquet:"card_number" avro:"card_number"`
}

const paymentSchema = `{"type":"record","name":"payment","fields":[{"name":"name","type":"string"},{"name":"card_number","type":"string"}]}`

func payments(cards []string) (all []payment) {
	for i, c := range cards {
		all = append(all, payment{fmt.Sprint("person ", i), c})
	}
	return all
}

func parquetOf(t *testing.T, all []payment) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[payment](&b, parquet.Compression(&parquet.Snappy))
	if _, err := w.Write(all); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func avroOf(t *testing.T, all []payment) string {
	t.Helper()
	var b bytes.Buffer
	w, err := ocf.NewEncoder(paymentSchema, &b, ocf.WithCodec(ocf.Deflate))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if err := w.Encode(x); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t *testing.T, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// office reads a file that LibreOffice has written.
func office(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../extract/testdata/office/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pdfOf is a PDF with a line of text on each page.
func pdfOf(lines []string) string {
	var b bytes.Buffer
	var at []int
	object := func(text string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), text)
	}
	b.WriteString("%PDF-1.4\n")
	kids := ""
	for i := range lines {
		kids += fmt.Sprintf("%d 0 R ", 4+2*i)
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(lines), kids))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	for i, line := range lines {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> >> /Contents %d 0 R >>", 5+2*i))
		show := "BT /F 12 Tf 72 700 Td (" + line + ") Tj ET"
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(show), show))
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, table)
	return b.String()
}

// docxOf is a document with a line of text in each paragraph.
func docxOf(t *testing.T, lines []string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	body := ""
	for _, line := range lines {
		body += "<w:p><w:r><w:t>" + line + "</w:t></w:r></w:p>"
	}
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
		{"_rels/.rels", `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`},
	} {
		w, err := z.Create(part[0])
		if err == nil {
			_, err = w.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// resolver finds what stands at a place of a file.
type resolver func(t *testing.T, o *macie2.Occurrences) []string

func cellsOf(content string, comma rune) resolver {
	return func(t *testing.T, o *macie2.Occurrences) (all []string) {
		r := csv.NewReader(strings.NewReader(content))
		r.Comma, r.FieldsPerRecord = comma, -1
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range o.Cells {
			all = append(all, rows[*c.Row-1][*c.Column-1])
			if name := macie2.Deref(c.ColumnName); name != "" && rows[0][*c.Column-1] != name {
				t.Errorf("column %d is %q, not %q", *c.Column, rows[0][*c.Column-1], name)
			}
		}
		return all
	}
}

func linesOf(content string) resolver {
	return func(_ *testing.T, o *macie2.Occurrences) (all []string) {
		lines := strings.Split(content, "\n")
		for _, l := range o.LineRanges {
			line := strings.Join(lines[*l.Start-1:*l.End], "\n")
			all = append(all, string([]rune(line)[macie2.Deref(l.StartColumn)-1:]))
		}
		return all
	}
}

var step = regexp.MustCompile(`\.([A-Za-z_]+)|\['([^']*)'\]|\[(\d+)\]`)

// recordsOf resolves JSON paths in records.
func recordsOf(record func(i int64) any) resolver {
	return func(t *testing.T, o *macie2.Occurrences) (all []string) {
		for _, r := range o.Records {
			v := record(*r.RecordIndex)
			path := strings.TrimPrefix(*r.JsonPath, "$")
			for _, s := range step.FindAllStringSubmatch(path, -1) {
				if s[3] != "" {
					i, _ := strconv.Atoi(s[3])
					v = v.([]any)[i]
				} else {
					v = v.(map[string]any)[s[1]+s[2]]
				}
			}
			if strings.Join(step.FindAllString(path, -1), "") != path {
				t.Errorf("the path %s is not understood", path)
			}
			all = append(all, fmt.Sprint(v))
		}
		return all
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRevealFormats: in files of every format, each place of a finding is where the value is that is revealed; formats that Macie does
// not reveal from are refused, and their places are right too.
func TestRevealFormats(t *testing.T) {
	c := cards(24)
	rows := payments(c[:4])
	columnar := recordsOf(func(i int64) any { return map[string]any{"name": rows[i].Name, "card_number": rows[i].Card} })
	document := `{"people":[{"id":1},{"credit card number":"` + c[4] + `"},{"cards":{"credit card number":"` + c[5] + `"}}]}`
	jsonLines := []string{`{"credit card number":"` + c[6] + `"}`, `{"n":2}`, `{"a":[{"credit card number":"` + c[7] + `"}]}`}
	table := "name,credit card number\n\"a \"\"b\"\", c\"," + c[8] + "\nx," + c[9] + "\n"
	tabs := "name\tcredit card number\nx\t" + c[10] + "\ny\t" + c[11] + "\n"
	text := "first\nmy credit card number is " + c[12] + ".\n\nthe other credit card number: " + c[13] + "\n"
	inArchive := "name,credit card number\nx," + c[14] + "\n"
	const card, ssn = "CREDIT_CARD_NUMBER", "USA_SOCIAL_SECURITY_NUMBER"
	sheets := func(t *testing.T, o *macie2.Occurrences) (all []string) {
		for _, cell := range o.Cells {
			sheet, reference, ok := strings.Cut(*cell.CellReference, "!")
			want := string(rune('A'+*cell.Column-1)) + fmt.Sprint(*cell.Row)
			if *cell.Column > 26 {
				want = "A" + string(rune('A'+*cell.Column-27)) + fmt.Sprint(*cell.Row)
			}
			if !ok || reference != want {
				t.Errorf("the reference %s is not that of row %d, column %d", *cell.CellReference, *cell.Row, *cell.Column)
			}
			if sheet == "People" { // LibreOffice wrote this sheet as CSV too
				one := cell
				one.ColumnName = nil
				all = append(all, cellsOf(office(t, "people.csv"), ',')(t, &macie2.Occurrences{Cells: []macie2.Cell{one}})...)
			}
		}
		return all
	}
	onPages := []string{"nothing here", "credit card number " + c[15], "nor here", "my credit card number: " + c[16]}
	pages := func(_ *testing.T, o *macie2.Occurrences) (all []string) {
		for _, p := range o.Pages {
			all = append(all, onPages[*p.PageNumber-1])
		}
		return all
	}
	files := map[string]struct {
		content string
		kind    string
		places  resolver // nil: there are none
		reveals bool
	}{
		"a.csv":     {table, card, cellsOf(table, ','), true},
		"a.tsv":     {tabs, card, cellsOf(tabs, '\t'), true},
		"a.txt":     {text, card, linesOf(text), true},
		"a.json":    {document, card, recordsOf(func(int64) any { return parsed(t, document) }), true},
		"a.jsonl":   {strings.Join(jsonLines, "\n") + "\n", card, recordsOf(func(i int64) any { return parsed(t, jsonLines[i]) }), true},
		"a.parquet": {parquetOf(t, rows), card, columnar, true},
		"a.avro":    {avroOf(t, rows), card, columnar, true},
		"a.xlsx":    {office(t, "people.xlsx"), ssn, sheets, true},
		"a.zip":     {zipped(t, "in/a.csv", inArchive), card, nil, true},
		"a.csv.gz":  {gzipped(t, inArchive), card, nil, true},
		"a.tar":     {tarred(t, "in/a.csv", inArchive), card, nil, false},
		"a.tar.gz":  {gzipped(t, tarred(t, "in/a.csv", inArchive)), card, nil, true},
		"a.pdf":     {pdfOf(onPages), card, pages, false},
		"a.docx":    {docxOf(t, onPages), card, nil, false},
	}
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.work()
		n.enable(alice)
		in := map[string]string{}
		for name, x := range files {
			in["data/"+name] = x.content
		}
		n.folder(alice, in)
		n.reaches(alice, n.create(alice, oneTime(alice, "data")), macie2.JobStatusComplete)
		ids := n.findingsByKey(alice)
		if _, err := n.findings.UpdateRevealConfiguration(t.Context(), n.call(alice), &macie2.UpdateRevealConfigurationInput{
			Configuration: &macie2.RevealConfiguration{Status: macie2.Ptr(macie2.RevealStatusEnabled), KmsKeyId: macie2.Ptr("alias/samples")}}); err != nil {
			t.Fatal(err)
		}
		for _, key := range slices.Sorted(maps.Keys(files)) {
			x := files[key]
			if ids[key] == "" {
				t.Errorf("%s: nothing was found", key)
				continue
			}
			got, err := n.findings.GetFindings(t.Context(), n.call(alice), &macie2.GetFindingsInput{FindingIds: []string{ids[key]}})
			if err != nil {
				t.Fatal(err)
			}
			var at *macie2.Occurrences
			for _, item := range got.Findings[0].ClassificationDetails.Result.SensitiveData {
				for _, d := range item.Detections {
					if *d.Type == x.kind {
						at = d.Occurrences
					}
				}
			}
			var places []string
			if x.places != nil && at != nil {
				places = x.places(t, at)
			}
			if x.places != nil && len(places) == 0 {
				t.Errorf("%s: the finding has no places: %+v", key, at)
			}
			out, err := n.findings.GetSensitiveDataOccurrences(t.Context(), n.call(alice), &macie2.GetSensitiveDataOccurrencesInput{FindingId: macie2.Ptr(ids[key])})
			if !x.reveals {
				refused(t, err, macie2.UnprocessableEntityException, "UNSUPPORTED_OBJECT_TYPE")
				for _, p := range places {
					if !strings.Contains(p, "number") {
						t.Errorf("%s: on a page that is named is %q", key, p)
					}
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", key, err)
				continue
			}
			var values []string
			for _, v := range out.SensitiveDataOccurrences[x.kind] {
				values = append(values, *v.Value)
			}
			if len(values) == 0 {
				t.Errorf("%s: nothing is revealed", key)
			}
			for i, p := range places {
				if i < len(values) && !strings.Contains(p, values[i]) {
					t.Errorf("%s: at place %d is %q, but %q is revealed", key, i, p, values[i])
				}
			}
			if x.places == nil && (len(values) != 1 || values[0] != c[14]) {
				t.Errorf("%s: %v is revealed of what is in the archive", key, values)
			}
		}
	})
}
