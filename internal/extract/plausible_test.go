package extract

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// TestTextIsText gives text that one byte, or its beginning, could make something else.
func TestTextIsText(t *testing.T) {
	prose := "Dear reader, the number is 536-90-4399, and it is written down here.\nThis is a second line.\n"
	zeros := strings.Repeat("\x00", 700)
	for _, text := range []string{
		prose + "\x00", "\x00" + prose, prose + zeros + prose, zeros + prose, prose + zeros, prose + "\x1a", prose + "\r\n\x1a\x1a\x1a", prose + strings.Repeat("\x1a", 120),
		"7z\xbc\xaf\x27\x1c " + prose, "II*\x00" + prose, "\x89PNG\r\n\x1a\n" + prose, "\x00\x01\x00\x00\x00" + prose, "\xff\xd8\xff" + prose,
		strings.ReplaceAll(prose, " ", "\x00"), "a=b\x00PATH=/bin:/usr/bin\x00LANG=de_DE.UTF-8\x00",
		strings.ReplaceAll("1 22 333 4444 5\n", " ", "\x01"), strings.ReplaceAll(prose, " ", "\x1f"), strings.ReplaceAll(prose, "\n", "\x1e"),
		prose + "\x7f", "\x0b" + prose + "\x0b", "a\x02b\x03" + prose, "Müller \x00 Größe, " + prose,
		"PAR1 is parking\n" + prose, "GIF89a and GIF87a\n" + prose, "ID3 tags\n" + prose, "OggS\n" + prose, "\x7fELF\n" + prose, "fLaC " + prose,
		"8BPS " + prose, "wOFF " + prose, "abcdftypisom " + prose, "!<arch>\n" + prose, "MZ " + prose, "MZ\x00" + prose, "RIFF1234WAVE " + prose,
		"Obj\x01" + prose, "How %PDF-1.7 begins\n" + prose, "%PDF-x\n" + prose, "PK\x03\x04" + strings.Repeat(prose, 3), "BZh91AY " + prose,
		"%PDF-1.4 with 1 0 obj and endobj and startxref\n" + prose,
		strings.Repeat("a", 257) + "ustar" + prose, strings.Repeat("a", 257) + "ustar" + strings.Repeat(prose, 9),
	} {
		for name, flows := range map[string]bool{"a.txt": false, "b.txt": true} {
			src := Source{Name: name, Reader: strings.NewReader(text), Size: -1}
			if !flows {
				src = Source{Name: name, ReaderAt: strings.NewReader(text), Size: int64(len(text))}
			}
			r := &reader{}
			status, err := Extract(t.Context(), src, Options{}, r)
			if err != nil || status.Code != Complete {
				t.Errorf("%.60q: %v %v", text, status, err)
			}
			if !strings.Contains(r.text.String(), "number is 536-90-4399") && !strings.Contains(text, "PATH") && strings.Contains(text, "number is") {
				t.Errorf("%.60q: read as %.60q", text, r.text.String())
			}
		}
	}
}

// reader keeps all text.
type reader struct {
	text bytes.Buffer
	mime string
}

func (r *reader) Begin(*Document) error { return nil }
func (r *reader) Segment(_ *Document, s *Segment) error {
	s.Tidy()
	r.text.Write(s.Text[s.Lo:s.Hi])
	return nil
}
func (r *reader) End(d *Document, _ Status) error { r.mime = d.MIME; return nil }

// TestBinaryIsBinary gives what programs store.
func TestBinaryIsBinary(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	picture := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White})
	var pngs, jpegs, gifs, ints, floats bytes.Buffer
	png.Encode(&pngs, picture)
	jpeg.Encode(&jpegs, picture, nil)
	gif.Encode(&gifs, picture, nil)
	random := make([]byte, 4096)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for i := range 2000 {
		binary.Write(&ints, binary.LittleEndian, int32(i*r.IntN(50)))
		binary.Write(&floats, binary.BigEndian, r.Float64())
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	elf, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"png": pngs.Bytes(), "jpeg": jpegs.Bytes(), "gif": gifs.Bytes(), "random": random, "integers": ints.Bytes(), "floats": floats.Bytes(),
		"program": elf[:1<<20], "zeros": make([]byte, 5000), "the middle of a program": elf[len(elf)/4:][:100_000],
	} {
		status, err := Extract(t.Context(), Source{Name: "x", ReaderAt: bytes.NewReader(data), Size: int64(len(data))}, Options{}, &reader{})
		if err != nil || status.Code != Skipped || status.Reason != UnsupportedFileType {
			t.Errorf("%s: %v %v", name, status, err)
		}
	}
}

// Eight bytes at a time come to what each by itself comes to.
func TestMakeup(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := make([]byte, random.IntN(200))
		for i := range b {
			switch random.IntN(20) {
			case 0:
				b[i] = byte(random.IntN(256))
			case 1:
				b[i] = "\x00\n\x7f\x1f\xff\x80 "[random.IntN(7)]
			default:
				b[i] = 'a' + byte(random.IntN(26))
			}
		}
		var want makeup
		text := bytes.TrimRight(b, "\x1a")
		for i, c := range text {
			switch {
			case c != 0:
				want.bytes++
			case i == 0 || text[i-1] != 0:
				want.zeroRuns++
				fallthrough
			default:
				want.zeros++
			}
			if c != 0 && isOdd(c) {
				want.odd++
				if bit := uint64(1) << (c % 0x7f); want.seen&bit == 0 {
					want.seen |= bit
					want.kinds++
				}
			}
		}
		if got := makeupOf(b); got != want {
			t.Fatalf("%q: %+v, want %+v", b, got, want)
		}
	}
	if m := makeupOf(bytes.Repeat([]byte("x"), 3*sampleSize)); m.bytes != sampleSize {
		t.Errorf("%d bytes were looked at", m.bytes)
	}
}
