package extract

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostilePDFs are small files that ask for much: each by one thing that a reader does as often, as deep or as large as it is told
// to.
var hostilePDFs = sync.OnceValue(func() map[string][]byte {
	files := map[string][]byte{}
	for _, add := range []func(map[string][]byte){hostileTables, hostileObjects, hostileStreams, hostileFonts, hostileTrees, hostileContent} {
		add(files)
	}
	return files
})

func hostileTables(files map[string][]byte) {
	files["trailers"] = []byte("%PDF-1.4\n" + strings.Repeat("trailer(", 16_000))
	files["trailers of dictionaries"] = []byte("%PDF-1.4\n" + strings.Repeat("trailer<</A(", 16_000))
	files["objects in the middle of nothing"] = []byte("%PDF-1.4\n" + strings.Repeat("1 0 obj<</Type/ObjStm/N 9 ", 20_000))
	files["streams of objects without end"] = []byte("%PDF-1.4\n" + repeated(5000, "%d 0 obj<</Type/ObjStm/N 9/First 9>>stream "))
	one := "<</Kids[" + strings.Repeat("9 0 R ", 40_000) + "]>>"
	m := pdfPage("", pdfLine("x"))
	m.add(6, one)
	for n := 7; n < 2000; n++ {
		m.offsets[n], m.most = m.offsets[6], n
	}
	files["many numbers at one offset"] = m.add(3, "<</Type/Page/Annots["+repeated(2000, "%d 0 R ")+"]>>").done()
	files["a table cut short"] = func() []byte {
		b := pdfPage("", pdfLine("x")).done()
		i := bytes.Index(b, []byte("trailer"))
		return append(append([]byte{}, b[:i-4]...), b[i:]...)
	}()
	files["tables in a circle"] = []byte("%PDF-1.4\nxref\n0 0\ntrailer<</Size 1/Prev 9/XRefStm 9>>\nstartxref\n9\n%%EOF")
	files["a table of ten million"] = []byte("%PDF-1.4\nxref\n0 10000000\n" + strings.Repeat("0000000009 00000 n \n", 20_000) + "trailer<<>>\nstartxref\n9\n")
	rows := strings.Repeat("\x01\x00\x09\x00", 5_000_000)
	files["a stream of tables that blows up"] = []byte("%PDF-1.5\n1 0 obj<</Type/XRef/W[1 2 1]/Size 9999999/Root 1 0 R/Filter[/FlateDecode/FlateDecode]/Index[0 9999999 0 9999999 0 9999999]>>stream\n" +
		deflated(deflated(rows)) + "\nendstream endobj startxref 9 %%EOF")
	files["sparse numbers"] = []byte("%PDF-1.4\n" + repeated(30_000, "%d00 0 obj 1 endobj\n"))
}

func hostileObjects(files map[string][]byte) {
	for name, object := range map[string]string{
		"unterminated strings": "(", "unterminated dictionaries": "<</A", "unterminated arrays": "[[[[", "unterminated hex": "<",
		"unterminated kids": "<</Kids[",
	} {
		m := pdfPage("/Annots["+repeated(1500, "1%04d 0 R ")+"]", pdfLine("x"))
		for n := range 1500 {
			m.offsets[10_000+n] = m.b.Len()
			fmt.Fprintf(&m.b, "%d 0 obj%s", 10_000+n, object)
		}
		m.most = 11_500
		m.b.WriteString(strings.Repeat(" 0", 2_000_000))
		files[name] = m.done()
	}
	files["an object of empty dictionaries"] = pdfPage("/Annots 6 0 R", "").add(6, "["+strings.Repeat("<<>>", 1_000_000)+"]").done()
	files["an object of small dictionaries"] = pdfPage("/Annots 6 0 R", "").add(6, "["+strings.Repeat("<</A<<>>>>", 500_000)+"]").done()
	files["deep arrays"] = pdfPage("/Annots 6 0 R", "").add(6, strings.Repeat("[", 1_000_000)).done()
	files["references in a circle"] = pdfPage("/Annots 6 0 R", "").add(6, "7 0 R").add(7, "6 0 R").done()
	files["lengths that need each other"] = func() []byte {
		m := pdfPage("", "")
		for n := 6; n < 3000; n++ {
			m.add(n, fmt.Sprintf("<</Length %d 0 R>>stream\nx\nendstream", n+1))
		}
		return m.add(4, "<</Length 6 0 R>>stream\nx\nendstream").done()
	}()
	files["a stream of objects in itself"] = func() []byte {
		m := pdfPage("", "")
		at := m.b.Len()
		m.b.WriteString("6 0 obj<</Type/XRef/W[1 2 1]/Size 8/Root 1 0 R/Index[6 2 3 1]/Length 12>>stream\n\x02\x00\x07\x00\x02\x00\x06\x00\x02\x00\x06\x01\nendstream endobj\n")
		fmt.Fprintf(&m.b, "startxref\n%d\n%%%%EOF", at)
		return m.bytes()
	}()
	wide := "<</Type/ObjStm/N 1000/First 9000/Filter/FlateDecode"
	files["many streams of many objects"] = func() []byte {
		m := pdfPage("/Annots["+repeated(400, "1%03d 0 R ")+"]", "")
		data := deflated(repeated(1000, "%04d 0 ") + strings.Repeat(" ", 3*mib))
		for n := range 400 {
			m.add(1000+n, fmt.Sprintf("%s/Length %d>>stream\n%s\nendstream", wide, len(data), data))
		}
		return m.bytes() // without a table: all of them are looked into
	}()
}

func hostileStreams(files map[string][]byte) {
	bomb := strings.Repeat("q ", 30_000_000)
	once := deflated(bomb)
	files["a bomb"] = pdfPage("", "").stream(4, "/Filter/FlateDecode", once).done()
	files["a bomb in a bomb"] = pdfPage("", "").stream(4, "/Filter[/FlateDecode/FlateDecode]", deflated(once)).done()
	files["many parts"] = pdfPage("", "").add(4, "["+strings.Repeat("6 0 R ", 90_000)+"]").stream(6, "/Filter/FlateDecode", once).done()
	files["many parts of many filters"] = pdfPage("", "").add(4, "["+strings.Repeat("6 0 R ", 90_000)+"]").
		stream(6, "/Filter["+strings.Repeat("/FlateDecode", 8)+"]", "x").done()
	files["LZW that only clears"] = pdfPage("", "").
		stream(4, "/Filter[/FlateDecode/LZWDecode]", deflated(strings.Repeat("\x80\x40\x20\x10\x08\x04\x02\x01\x00", 3_000_000))).done()
	files["hexadecimal of spaces"] = pdfPage("", "").
		stream(4, "/Filter[/FlateDecode/ASCIIHexDecode/ASCII85Decode]", deflated(strings.Repeat(" ", 50_000_000))).done()
	files["a run of runs"] = pdfPage("", "").
		stream(4, "/Filter[/RunLengthDecode/RunLengthDecode/RunLengthDecode]", strings.Repeat("\x81\x81", 100_000)).done()
	files["zeros in ASCII85"] = pdfPage("", "").
		stream(4, "/Filter[/FlateDecode/ASCII85Decode]", deflated(strings.Repeat("z", 30_000_000))).done()
	files["streams without ends"] = func() []byte {
		m := pdfPage("", "").add(4, "["+repeated(3000, "1%04d 0 R ")+"]")
		for n := range 3000 {
			m.offsets[10_000+n] = m.b.Len()
			fmt.Fprintf(&m.b, "%d 0 obj<</Length 9999999>>stream\n", 10_000+n)
		}
		m.most = 13_000
		m.b.WriteString(strings.Repeat("q Q ", 500_000))
		return m.done()
	}()
	files["a wide predictor"] = pdfPage("", "").
		stream(4, "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 1048575>>", deflated(strings.Repeat("\x02", 20_000_000))).done()
}

func hostileFonts(files map[string][]byte) {
	cmap := "/CIDInit /ProcSet findresource begin begincmap\n"
	page := func(font, content string) *pdfMaker {
		return pdfPage("", content).add(5, font)
	}
	type0 := "<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode 7 0 R>>"
	content := "BT /F 9 Tf " + strings.Repeat("<"+repeated(500, "%04x")+"> Tj\n", 400) + "ET"
	files["unmatched font ranges"] = page(type0, content).add(6, "<</Subtype/CIDFontType2>>").
		flate(7, "", cmap+strings.Repeat("100 beginbfrange\n"+strings.Repeat("<ff00> <ff00> <0041>\n", 100)+"endbfrange\n", 600)).done()
	files["overlapping font ranges"] = page(type0, content).add(6, "<</Subtype/CIDFontType2>>").
		flate(7, "", cmap+strings.Repeat("1 beginbfrange <0000> <0000> <0041> endbfrange\n", 60_000)).done()
	files["one huge font range"] = page(type0, content).add(6, "<</Subtype/CIDFontType2>>").
		flate(7, "", cmap+"1 beginbfrange <00000000> <ffffffff> <"+strings.Repeat("0041", 255)+"> endbfrange\n").done()
	files["an endless font array"] = page(type0, content).add(6, "<</Subtype/CIDFontType2>>").
		flate(7, "", cmap+"1 beginbfrange <0000> <ffff> ["+strings.Repeat("<0041>", 2_000_000)+"] endbfrange\n").done()
	files["a font of widths"] = page("<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[6 0 R]>>", content).
		add(6, "<</W["+strings.Repeat("0 69999 500 ", 20_000)+"]>>").done()
	inline := "/Font<</F<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</W[0 69999 500]>>]>>>>"
	m := pdfPage("", strings.Repeat("/F 9 Tf <0041> Tj ", 20_000))
	files["an inline font"] = m.add(3, "<</Type/Page/Contents 4 0 R/Resources<<"+inline+">>>>").done()
	files["an inline font on a page that is no object"] = m.add(2, "<</Type/Pages/Kids[<</Type/Page/Contents 4 0 R/Resources<<"+inline+">>>>]>>").done()
	many := pdfPage("", repeated(3000, "q /F%d 9 Tf <0001> Tj ")).add(3, "<</Type/Page/Contents 4 0 R/Resources<</Font<<"+func() string {
		var b strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&b, "/F%d %d 0 R", i, 100+i)
		}
		return b.String()
	}()+">>>>>>")
	for i := range 3000 {
		many.add(100+i, type0)
	}
	files["many large fonts"] = many.add(6, "<</Subtype/CIDFontType2/W["+repeated(20_000, "%d[500]")+"]>>").
		flate(7, "", cmap+strings.Repeat("1 beginbfrange <0000> <ffff> <"+strings.Repeat("0041", 100)+"> endbfrange\n", 10_000)).done()
	files["differences"] = page("<</Type/Font/Subtype/Type1/Encoding<</Differences[0"+strings.Repeat("/u1D7CE", 300_000)+"]>>>>", pdfLine("x")).done()
	files["a font program"] = page("<</Type/Font/Subtype/Type1/FontDescriptor<</FontFile3 6 0 R>>>>", pdfLine("x")).
		stream(6, "/Subtype/Type1C", "\x01\x00\x04\x01\x00\x00\x00\x01\x01\x01\x08\x1d\x7f\xff\xff\xff\x10\x1d\xff\xff\xff\xff\x0f\x00\x00\xff\xff\x04").done()
}

func hostileTrees(files map[string][]byte) {
	files["kids that are all the same"] = newPDFMaker().add(1, "<</Type/Catalog/Pages 2 0 R>>").
		add(2, "<</Type/Pages/Kids["+strings.Repeat("3 0 R ", 100_000)+"]>>").add(3, "<</Type/Pages/Kids["+strings.Repeat("2 0 R ", 100_000)+"]>>").done()
	files["kids in kids"] = func() []byte {
		m := newPDFMaker().add(1, "<</Type/Catalog/Pages 2 0 R>>")
		for n := 2; n < 60; n++ {
			m.add(n, fmt.Sprintf("<</Kids[%s]>>", strings.Repeat(fmt.Sprintf("%d 0 R<</Kids[%d 0 R]>>", n+1, n+1), 500)))
		}
		return m.done()
	}()
	files["many kids in many kids"] = func() []byte {
		m := newPDFMaker().add(1, "<</Type/Catalog/Pages 2 0 R>>")
		for n := 2; n < 60; n++ {
			m.add(n, fmt.Sprintf("<</Kids[%d 0 R %s]>>", n+1, strings.Repeat("null ", 100_000)))
		}
		return m.done()
	}()
	shared := func(entry, object string) []byte {
		m := newPDFMaker().add(1, "<</Type/Catalog/Pages 2 0 R>>").add(2, "<</Kids["+repeated(20_000, "1%05d 0 R ")+"]>>")
		for n := range 20_000 {
			m.add(100_000+n, "<</Type/Page"+entry+">>")
		}
		return m.add(6, object).stream(7, "/Subtype/Form", strings.Repeat("/F 1 Tf (x) Tj ", 2000)).done()
	}
	note := "<</Subtype/Text/Contents(" + strings.Repeat("x", 2000) + ")>>"
	files["shared notes"] = shared("/Annots 6 0 R", "["+strings.Repeat(note, 500)+"]")
	files["shared empty notes"] = shared("/Annots 6 0 R", "["+strings.Repeat("<<>>", 8_000)+"]")
	files["shared content"] = shared("/Contents 7 0 R", "null")
	files["shared content of parts"] = shared("/Contents 6 0 R", "["+strings.Repeat("7 0 R ", 5000)+"]")
	fields := func(object func(n int) string) []byte {
		m := newPDFMaker().add(1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>/Outlines<</First 6 0 R>>/Names<</EmbeddedFiles 6 0 R>>>>").add(2, "<</Kids[]>>")
		for n := 6; n < 20_000; n++ {
			m.add(n, object(n))
		}
		return m.done()
	}
	files["fields in fields"] = fields(func(n int) string {
		return fmt.Sprintf("<</Kids[%d 0 R %d 0 R]/First %d 0 R/Next %d 0 R/Title(x)>>", n+1, n+1, n+1, n+1)
	})
	files["fields of parents"] = fields(func(n int) string { return fmt.Sprintf("<</T(x)/Parent %d 0 R/Next %d 0 R>>", n+1, n+1) })
	files["files that are the document"] = pdfPage("", "").add(1, "<</Pages 2 0 R/Names<</EmbeddedFiles<</Names["+
		strings.Repeat("(x)<</F(x.pdf)/EF<</F 6 0 R>>>>", 2000)+"]>>>>>>").stream(6, "", "%PDF-1.4 1 0 obj<<>>").done()
}

func hostileContent(files map[string][]byte) {
	form := func(n int, content string) string {
		return fmt.Sprintf("<</Subtype/Form/Resources 9 0 R/Length %d>>stream\n%s\nendstream", n, content)
	}
	m := pdfPage("", "/X Do").add(3, "<</Type/Page/Contents 4 0 R/Resources 9 0 R>>")
	names := ""
	for n := range 12 {
		draws := strings.Repeat(fmt.Sprintf("/X%d Do ", n+1), 50)
		m.add(10+n, form(len(draws), draws))
		names += fmt.Sprintf("/X%d %d 0 R", n, 10+n)
	}
	m.add(22, form(9, "(x) Tj   ")).add(9, "<</XObject<</X 10 0 R"+names+">>>>")
	files["forms in forms"] = m.done()
	files["a form that draws itself"] = pdfPage("", strings.Repeat("/X Do ", 30_000)).
		add(3, "<</Type/Page/Contents 4 0 R/Resources 9 0 R>>").add(9, "<</XObject<</X 10 0 R>>>>").add(10, form(12, "/X Do /X Do ")).done()
	files["an endless string"] = pdfPage("", "").flate(4, "", "("+strings.Repeat("x", 50_000_000)).done()
	files["an endless array"] = pdfPage("", "").flate(4, "", "["+strings.Repeat("1 ", 20_000_000)).done()
	files["endless names"] = pdfPage("", "").flate(4, "", strings.Repeat("/abcdefghij", 3_000_000)).done()
	files["a comment"] = pdfPage("", "").flate(4, "", "%"+strings.Repeat("x", 50_000_000)).done()
	files["an endless image"] = pdfPage("", "").flate(4, "", "BI ID "+strings.Repeat(" EI\x01", 10_000_000)).done()
	files["states"] = pdfPage("", "").flate(4, "", strings.Repeat("/F 9 Tf q ", 3_000_000)).done()
	files["marked content"] = pdfPage("", "").flate(4, "", strings.Repeat("/S<</ActualText(xxxxxxxxxxxxxxxx)>>BDC ", 500_000)).done()
	files["text drawn again and again"] = pdfPage("", "").flate(4, "", "/F 9 Tf "+strings.Repeat("1 0 0 1 9 9 Tm (abcdefgh) Tj 1 0 0 1 8 9 Tm (b) Tj ", 500_000)).done()
	files["graphics states"] = pdfPage("", "").flate(4, "", strings.Repeat("/G gs ", 3_000_000)).done()
	page := "<</Type/Page/Contents 4 0 R/Resources<</Properties<</P 6 0 R>>/ExtGState<</P<</SMask<</G 7 0 R>>>>>>/Pattern<</P 7 0 R>>>>>>"
	files["a long text again and again"] = pdfPage("", "").add(3, page).add(6, "<</ActualText("+strings.Repeat("x", 900_000)+")>>").
		flate(4, "", strings.Repeat("/S /P BDC EMC ", 1_000_000)).done()
	files["patterns in patterns"] = pdfPage("", strings.Repeat("/P scn /P gs ", 20_000)).add(3, page).
		stream(7, "/PatternType 1/Subtype/Form", strings.Repeat("/P scn /P gs ", 10_000)).done()
	long := "(" + strings.Repeat("x", 900_000) + ")"
	files["fields of long names"] = pdfPage("/Annots["+strings.Repeat("<</Subtype/Widget/Parent 6 0 R>>", 100_000)+"]", "").
		add(6, "<</T"+long+"/TU"+long+">>").done()
	files["codes of four bytes"] = pdfPage("", "").add(5, "<</Subtype/Type0/Encoding 6 0 R>>").
		stream(6, "", "begincmap 1 begincodespacerange <00000000> <ffffffff> endcodespacerange").
		flate(4, "", "/F 9 Tf ("+strings.Repeat("x", 1_000_000)+") Tj").done()
	files["empty pages"] = newPDFMaker().add(1, "<</Pages 2 0 R>>").add(2, "<</Kids["+strings.Repeat("<</Contents 4 0 R>>", 40_000)+"]>>").done()
	files["metadata"] = pdfPage("", "").add(1, "<</Pages 2 0 R/Metadata 6 0 R>>").flate(6, "", strings.Repeat("<a>x</b>", 6_000_000)).done()
	for name, crypt := range map[string]string{
		"a key of nonsense":      "/Filter/Standard/V 5/R 6/U(" + strings.Repeat("x", 48) + ")/UE(" + strings.Repeat("x", 32) + ")",
		"a key of negative size": "/Filter/Standard/V 2/R 3/Length -8/U()/O()/P 0",
		"a key of itself":        "/Filter/Standard/V 4/R 4/CF 6 0 R/StmF/X/U 6 0 R",
	} {
		files[name] = pdfPage("", pdfLine("x")).add(6, "<<"+crypt+">>").table("/Root 1 0 R/Encrypt 6 0 R/ID[6 0 R]").bytes()
	}
}

// hostileChild names the file that a process of this test is to read, and nothing else.
const hostileChild = "MAGPIE_HOSTILE_FILE"

const (
	hostileMemory = 64 * mib
	hostileTime   = 100 * time.Millisecond
)

// TestHostileChild is what TestHostilePDFs runs; by itself it does nothing.
func TestHostileChild(t *testing.T) {
	name := os.Getenv(hostileChild)
	if name == "" {
		t.Skip("not asked for")
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
	defer cancel()
	src := Source{Name: "a.pdf", ReaderAt: file, Size: info.Size()}
	if _, err := Extract(ctx, src, Options{MaxMemory: hostileMemory}, &discard{}); err != nil {
		t.Fatal(err)
	}
	// The kernel's count of the most that this process had. That of its parent's resource usage would include the parent.
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if most, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Println("most", strings.TrimSuffix(strings.TrimSpace(most), " kB"))
		}
	}
}

// TestHostilePDFs reads each of the files in a process of its own and looks at that from outside: the time of the processor that
// it took, and the memory that it had.
func TestHostilePDFs(t *testing.T) {
	if testing.Short() {
		t.Skip("a process for each of many files")
	}
	base := readHostile(t, pdfPage("", pdfLine("x")).done())
	for name, data := range hostilePDFs() {
		t.Run(name, func(t *testing.T) {
			got := readHostile(t, data)
			if took := got.time - base.time; took > hostileTime+200*time.Millisecond {
				t.Errorf("took %v", took)
			}
			if got.memory > hostileMemory+40*mib {
				t.Errorf("had %d MiB", got.memory/mib)
			}
		})
	}
}

type hostileUse struct {
	time   time.Duration
	memory int64
}

func readHostile(t *testing.T, data []byte) hostileUse {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a hang
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestHostileChild$")
	c.Env = append(os.Environ(), hostileChild+"="+name)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	use := hostileUse{time: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	if _, most, ok := strings.Cut(string(out), "most "); ok {
		fmt.Sscan(most, &use.memory)
		use.memory *= kib
	}
	return use
}
