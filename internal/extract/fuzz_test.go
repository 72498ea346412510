package extract

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Every extractor meets the same demands, whatever the bytes: it ends well before the cut-off, allocates no more than a bound
// that follows from its limits, says Complete or why not, and its segments answer every question asked of them.

const (
	fuzzMemory = 4 * mib  // Options.MaxMemory
	fuzzTotal  = 16 * mib // Options.MaxTotalBytes
	// fuzzAlloc bounds everything allocated in one call, garbage included. Much of it is garbage of decoders that start anew
	// for each of many members.
	fuzzAlloc = 512 * mib
	fuzzTime  = 20 * time.Second // a hang, on the slowest machine that runs this
)

// prober is a sink that asks a segment everything and checks the answers.
type prober struct {
	open     int
	segments int
}

func (p *prober) Begin(doc *Document) error {
	p.open++
	if strings.HasPrefix(doc.Path, "/") || strings.Contains(doc.Path, "..") && strings.Contains("/"+doc.Path+"/", "/../") {
		return fmt.Errorf("path %q", doc.Path)
	}
	if doc.MIME == "" {
		return fmt.Errorf("no type for %q", doc.Path)
	}
	return nil
}

func (p *prober) Segment(doc *Document, s *Segment) error {
	if p.segments++; p.segments%2 == 1 {
		s.Tidy()
	}
	if s.Lo < 0 || s.Hi < s.Lo || s.Hi > len(s.Text) {
		return fmt.Errorf("owns [%d,%d) of %d", s.Lo, s.Hi, len(s.Text))
	}
	for _, off := range []int{len(s.Text) / 2, 0} {
		if err := p.silent(s, off); err != nil {
			return err
		}
	}
	if err := p.list(s); err != nil {
		return err
	}
	step := max(1, len(s.Text)/64)
	for _, off := range []int{len(s.Text) / 2, s.Lo} { // out of order first
		if off < len(s.Text) {
			if err := p.ask(s, off); err != nil {
				return err
			}
		}
	}
	for off := 0; off < len(s.Text); off += step {
		if err := p.ask(s, off); err != nil {
			return err
		}
	}
	return nil
}

// oddNames takes a part of all names for ones that matter.
func oddNames(name []byte) (itself, together bool) {
	sum := len(name)
	for _, c := range name {
		sum += int(c)
	}
	return sum%5 == 0, sum%3 == 0
}

// silent asks how far names do not matter, from off to the end, and looks at the values there.
func (p *prober) silent(s *Segment, off int) error {
	step := max(1, len(s.Text)/4096)
	for off < len(s.Text) {
		upto := s.Silent(off, oddNames)
		if upto < off || upto > len(s.Text) {
			return fmt.Errorf("silent from %d to %d of %d", off, upto, len(s.Text))
		}
		for at := off; at < upto; at += step {
			f, ok := s.Field(at)
			if !ok || f.Lo < off || f.Lo >= upto {
				continue
			}
			for i, name := range f.Names {
				if itself, together := oddNames([]byte(name)); itself || together && i < len(f.Names)-1 {
					return fmt.Errorf("silent from %d to %d, but %q leads to [%d,%d)", off, upto, f.Names, f.Lo, f.Hi)
				}
			}
		}
		off = max(upto, off+step)
	}
	return nil
}

// list compares the values given at once with those given one at a time.
func (p *prober) list(s *Segment) error {
	for _, off := range []int{len(s.Text) / 3, len(s.Text) / 2, len(s.Text) - 1} { // in the middle of something
		if off < 0 {
			continue
		}
		fields, _, _ := s.Fields(nil, off)
		for _, f := range fields {
			if f.Lo < 0 || f.Hi < f.Lo || f.Hi > len(s.Text) {
				return fmt.Errorf("from %d: field [%d,%d) of %d", off, f.Lo, f.Hi, len(s.Text))
			}
		}
	}
	for off := 0; off < len(s.Text); {
		fields, upto, ok := s.Fields(nil, off)
		if !ok || upto <= off {
			return nil
		}
		for i, f := range fields {
			if f.Lo < 0 || f.Hi < f.Lo || f.Hi > len(s.Text) {
				return fmt.Errorf("from %d: field [%d,%d) of %d", off, f.Lo, f.Hi, len(s.Text))
			}
			if f.Hi == f.Lo || i%7 != 0 {
				continue
			}
			g, ok := s.Field(f.Lo)
			if !ok || g.Lo != f.Lo || g.Hi != f.Hi || fmt.Sprint(g.Names) != fmt.Sprint(f.Names) {
				return fmt.Errorf("from %d up to %d: %+v by itself is %+v %v", off, upto, f, g, ok)
			}
		}
		off = upto
	}
	return nil
}

func (p *prober) ask(s *Segment, off int) error {
	if f, ok := s.Field(off); ok && (f.Lo < 0 || f.Hi > len(s.Text) || f.Lo > f.Hi || off < f.Lo-1 || off > f.Hi) {
		return fmt.Errorf("field [%d,%d) around %d of %d", f.Lo, f.Hi, off, len(s.Text))
	}
	hi := min(off+11, len(s.Text))
	switch l := s.Locate(off, hi); l.Kind {
	case LineRange:
		if l.Line < 1 || l.EndLine < l.Line || l.Column < 1 {
			return fmt.Errorf("%d at %+v", off, l)
		}
	case Cell:
		if l.Row < 1 || l.Col < 1 {
			return fmt.Errorf("%d at %+v", off, l)
		}
	case Page:
		if l.Page < 1 {
			return fmt.Errorf("%d at %+v", off, l)
		}
	case Record:
		if l.Record < 0 || !strings.HasPrefix(l.Path, "$") {
			return fmt.Errorf("%d at %+v", off, l)
		}
	}
	return nil
}

func (p *prober) End(doc *Document, status Status) error {
	p.open--
	if (status.Code == Complete) != (status.Reason == "") {
		return fmt.Errorf("%q ended %+v", doc.Path, status)
	}
	return nil
}

func demand(t *testing.T, name string, data []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), fuzzTime)
	defer cancel()
	opts := Options{MaxMemory: fuzzMemory, MaxTotalBytes: fuzzTotal, MaxMemberBytes: fuzzTotal, MaxFiles: 2000, MaxOfficeBytes: fuzzTotal}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, src := range []Source{
		{Name: name, ReaderAt: bytes.NewReader(data), Size: int64(len(data))},
		{Name: name, Reader: bytes.NewReader(data), Size: -1},
	} {
		p := &prober{}
		opts.Account = NewAccount(fuzzMemory)
		opts.Faulted = func(f *Fault) { t.Logf("%s: %v\n%s", name, f, f.Stack) } // worth a look, and not our mistake
		status, err := Extract(ctx, src, opts, p)
		if held := opts.Account.Held(); held != 0 {
			t.Fatalf("%s: %d bytes are still held", name, held)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.open != 0 {
			t.Fatalf("%s: %d documents left open", name, p.open)
		}
		if status.Reason == TimeCutOffReached {
			t.Fatalf("%s: not over after %v", name, fuzzTime)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > fuzzAlloc {
		t.Fatalf("%s: allocated %d MiB for %d bytes", name, used/mib, len(data))
	}
}

func fuzz(f *testing.F, name string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 256*kib {
			t.Skip("larger than worth while")
		}
		demand(t, name, data)
	})
}

func officeSeed(f *testing.F, names ...string) (seeds [][]byte) {
	for _, n := range names {
		seeds = append(seeds, officeFile(f, n))
	}
	return seeds
}

func FuzzText(f *testing.F) {
	fuzz(f, "a.txt", []byte(secret), []byte("a\x1b[1mb\x1b]0;x\x07c\u200b\u2212\bd\x00e\x00f\x00g\x00h\x00\uff11_\b1"), []byte("\xff\xfea\x00b\x00"), []byte("\xef\xbb\xbfx"),
		[]byte("{|\n! a !! b\n|-\n| x=\"y\" | c || 1\nd\n|-\n| e || 2\n|}\nf\n"), []byte("^ a ^ b ^\n| c | 1 |\n| d | 2 |\n"), []byte("||= a =||b||\n|c|_. 1|\n"),
		[]byte("NAME    AGE  ID\n------  ---  --\nä b     123  1\nc       456  2\n"), []byte("  NAME   AGE\n  a b    123\n  c      456\n"), bytes.Repeat([]byte("gr\xfc\xdfe "), 50))
}

func FuzzCSV(f *testing.F) {
	fuzz(f, "a.csv", []byte("a,b\n1,\"x\"\"y\n\"\n"), []byte("a\tb\n\"\t\"\t\n"), []byte("\"\n,\"\"\","), []byte("#Fields: a b\n1 2\n"), []byte("a,b\nx,5.42E+2\ny,5.4E+8\n"), officeFile(f, "people.csv"))
}

func FuzzSQL(f *testing.F) {
	fuzz(f, "a.sql", []byte("CREATE TABLE a.\"b\" (c int, d text, PRIMARY KEY (c));\nINSERT INTO b VALUES (1, 'it''s'), (f(2, ')'), NULL);\n"),
		[]byte("COPY p (a, b) FROM stdin;\n1\t\\N\n\\.\nSELECT 1"), []byte("INSERT INTO [d].[t] ([a]) VALUES (N'x')\nGO\n/*!40000 x */ -- y\n"))
}

func FuzzRTF(f *testing.F) {
	fuzz(f, "a.rtf", []byte(`{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 A;}}\'cf\u1055?{\*\x y}{\footnote z}\par\cell{\field{\*\fldinst q}{\fldrslt r}}}`),
		[]byte(`{\rtf1\uc2\u-10179\'3f\'3f\u-8704 ??\bin3 }}}}`), []byte(`{\rtf1`))
}

func FuzzJSON(f *testing.F) {
	fuzz(f, "a.json", []byte(`{"a":[1,{"b\n":"\u00e9\ud83d\ude00"}],"c":null}`), []byte(`[[[[`), []byte(`{"a":"\\\\\\\"`), []byte(`[1,2`),
		[]byte(`{"ab" : {"c\"d":[{"e":1}, 2],"id":[1, 2],"f":[[{"g":"h:"}]]},"":"\":1","i":{}}`), []byte("{\"0\":[0,{\"012\":\"\x1b00"))
}

func FuzzJSONLines(f *testing.F) {
	fuzz(f, "a.jsonl", []byte("{\"a\":1}\n{\"b\":[\"\\n\"]}\n"), []byte("{\n}\n{"), []byte("{\"a\":1}\n\n\n[x"))
}

func FuzzXML(f *testing.F) {
	fuzz(f, "a.xml", []byte("<?xml version='1.0'?><a b='c>'>&amp;<![CDATA[x]]><!-- y --></a>"), []byte("<a><"), []byte("<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><a>&d;<tspan>x</tspan></a>"),
		[]byte(`<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet Name="S"><Row Index="3"><Cell Index="2"><Data>x</Data></Cell></Row></Worksheet></Workbook>`),
		[]byte(`<office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><text:p>x</text:p><table:table><table:table-row><table:table-cell><text:p>y`),
		[]byte("<w:wordDocument><w:p><w:r><w:t>x</w:t></w:r><w:p>"))
}

func FuzzHTML(f *testing.F) {
	fuzz(f, "a.html", []byte("<html><script>a</scr</script><p title=x value='y'>&eacute;</html>"), []byte("<html><style>"), []byte("<html><script></"),
		[]byte("<html><?a b?><!c><p onclick='alert(12345678)' style=x>y<b z="))
}

func FuzzMail(f *testing.F) {
	fuzz(f, "a.eml", []byte(mailHead+"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/html\r\n\r\nPGI+\r\n--x--"),
		[]byte(mailHead+"\r\nbegin 644 cat.txt\r\n#8V%T\r\n`\r\nend\r\nbegin-base64 644 x\r\nPGI+\r\n====\r\n"),
		[]byte(mailHead+"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64 (x)\r\n\r\n//5hAGIA\r\nYw\r\n"),
		[]byte(mailHead+"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=\r\n=A9=\r\n="), []byte(mailHead+"Content-Type: message/rfc822\r\n\r\n"+mailHead),
		[]byte(mailHead+"Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+AC0-+2D3eAA-+\r\n--y--"))
}

func FuzzOffice(f *testing.F) {
	fuzz(f, "a.docx", append(officeSeed(f, "people.xlsx", "letter.docx", "people.ods"),
		zipOf(file{"content.xml", "<office:document-content><office:body><office:text><text:p>x</text:p></office:text></office:body></office:document-content>"},
			file{"mimetype", "application/vnd.oasis.opendocument.text"}), // packed anew: its type is not the first part
		zipOf(file{"[Content_Types].xml", ""}, file{"xl/workbook.xml", `<sheets><sheet name="a" r:id="1"/></sheets>`},
			file{"xl/_rels/workbook.xml.rels", `<Relationship Id="1" Target="a.xml"/>`}, file{"xl/sharedStrings.xml", "<si><t>x</t></si>"},
			file{"xl/pivotCache/a.xml", `<cacheField name="a"/><s v="b"/>`}, file{"xl/pivotCache/aRecords.xml", `<r><n v="1"/></r>`}, file{"xl/b.xml", `<a name="b" v="c">d</a>`},
			file{"xl/a.xml", `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="ZZZ9"><v>1e9</v></c></row>`}))...)
}

func FuzzArchive(f *testing.F) {
	files := []file{{"a.txt", secret}, {"b.csv", "a,b\n1,2\n"}}
	bz, _ := os.ReadFile(filepath.Join("testdata", "a.txt.bz2"))
	xz, _ := os.ReadFile(filepath.Join("testdata", "a.txt.xz"))
	tnef, _ := os.ReadFile("../classify/testdata/cases/76-mail/winmail-att.dat")
	object, _ := os.ReadFile("../classify/testdata/cases/80-office/bare-ole10.bin")
	lost := zipOf(files...)
	fuzz(f, "a", lost[:len(lost)-60], tnef, object, zipOf(files...), tarOf(files...), gzipOf(tarOf(files...)), zstdOf([]byte(secret)), bz, xz, overlap(zipOf(files[0]), 20),
		zipOf(file{"in.zip", string(zipOf(files...))}), gzipQuine(f), zipQuine(f))
}

func FuzzAvro(f *testing.F) {
	fuzz(f, "a.avro", avroOf(f, 3, "null"), avroOf(f, 3, "snappy"), avroOf(f, 3, "deflate"))
}

func FuzzParquet(f *testing.F) {
	var plain, dict bytes.Buffer
	w := parquet.NewGenericWriter[person](&plain, parquet.Compression(&parquet.Snappy))
	w.Write(people(5))
	w.Close()
	type row struct {
		A string `parquet:"a,dict"`
		B string `parquet:"b,delta"`
		C int64  `parquet:"c,delta"`
	}
	v := parquet.NewGenericWriter[row](&dict)
	v.Write([]row{{"x", "xy", 1}, {"x", "xyz", 2}})
	v.Close()
	fuzz(f, "a.parquet", plain.Bytes(), dict.Bytes())
}
