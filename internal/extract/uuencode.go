package extract

import (
	"bytes"
	"encoding/base64"
	"io"
)

// uuBegin reads a line that begins an attachment as mail had them before MIME, "begin 644 name" or "begin-base64 644 name".
func uuBegin(line []byte) (name string, inBase64, ok bool) {
	rest, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r\n"), []byte("begin"))
	if !ok || len(line) > 300 {
		return "", false, false
	}
	if after, is := bytes.CutPrefix(rest, []byte("-base64")); is {
		rest, inBase64 = after, true
	}
	mode, file, ok := bytes.Cut(bytes.TrimPrefix(rest, []byte(" ")), []byte(" "))
	if !ok || len(rest) == 0 || rest[0] != ' ' || len(mode) < 3 || len(mode) > 4 || len(bytes.Trim(mode, "01234567")) > 0 || len(file) == 0 {
		return "", false, false
	}
	return string(bytes.TrimSpace(file)), inBase64, true
}

// maxUULine is how many bytes a line holds as everybody writes it. Some write up to 63; where such a line is not full, it is text.
const maxUULine = 45

// uuLine says whether a line is one of what "begin" begins: its first character is the number of bytes that it holds.
func uuLine(line []byte, inBase64 bool) bool {
	line = bytes.TrimRight(line, "\r\n")
	if inBase64 {
		return len(line) > 0 && len(line)%4 == 0 && len(bytes.Trim(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")) == 0
	}
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return false
	}
	n := int(line[0]-' ') & 63
	want := (n + 2) / 3 * 4
	if n > maxUULine && len(line)-1 != want {
		return false
	}
	for _, c := range line[1:] {
		if c < ' ' || c > '`' {
			return false
		}
	}
	// Spaces at its end may be lost, and a checksum may follow.
	return len(line)-1 <= want+2 && (len(line)-1 >= want || n > 0 && len(line) > 1)
}

// sniffUU says whether text holds such an attachment.
func sniffUU(head []byte) bool {
	for len(head) > 0 {
		line, next, _ := bytes.Cut(head, newline)
		if bytes.HasPrefix(line, []byte("begin")) {
			if _, inBase64, ok := uuBegin(line); ok {
				if data, _, _ := bytes.Cut(next, newline); uuLine(data, inBase64) {
					return true
				}
			}
		}
		head = next
	}
	return false
}

// uuDecode appends the bytes of a line.
func uuDecode(dst, line []byte) []byte {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return dst
	}
	n := int(line[0]-' ') & 63
	line = line[1:]
	at := func(i int) byte {
		if i >= len(line) {
			return 0
		}
		return (line[i] - ' ') & 63
	}
	for i := 0; n > 0; i += 4 {
		group := [3]byte{at(i)<<2 | at(i+1)>>4, at(i+1)<<4 | at(i+2)>>2, at(i+2)<<6 | at(i+3)}
		k := min(n, 3)
		dst = append(dst, group[:k]...)
		n -= k
	}
	return dst
}

// uuencoded is the content of such an attachment, whose first line is the mail's next.
type uuencoded struct {
	m        *mailReader
	inBase64 bool
	ended    bool
	out      []byte
	pending  []byte
}

func (u *uuencoded) Read(p []byte) (int, error) {
	for len(u.pending) == 0 {
		if u.ended {
			return 0, io.EOF
		}
		if !u.m.body() {
			u.ended = true
			u.missed()
			return 0, io.EOF
		}
		line := bytes.TrimRight(u.m.cur, "\r\n")
		switch {
		case u.inBase64 && bytes.HasPrefix(line, []byte("====")), !u.inBase64 && string(line) == "end":
			u.ended = true
		case len(bytes.TrimSpace(line)) == 0: // spaces at the end of a line may be lost, which are zeros
		case !u.m.whole || !uuLine(line, u.inBase64) || isProse(line) && !uuFull(line): // text again
			u.ended, u.m.pushed = true, true
			u.missed()
		case u.inBase64:
			u.out = append(u.out[:0], make([]byte, base64.StdEncoding.DecodedLen(len(line)))...)
			n, _ := base64.StdEncoding.Decode(u.out, line)
			u.pending = u.out[:n]
		default:
			u.out = uuDecode(u.out[:0], line)
			u.pending = u.out
		}
	}
	n := copy(p, u.pending)
	u.pending = u.pending[n:]
	return n, nil
}

// missed notes that an attachment does not say that it ends, so that more of it may be missing.
func (u *uuencoded) missed() {
	u.m.a.miss(MalformedFile, "a file in a mail that does not end")
}

// uuFull says whether a line has all the characters that it says it has.
func uuFull(line []byte) bool { return len(line)-1 >= (int(line[0]-' ')&63+2)/3*4 }

// uuAttachment opens what the line at hand begins, if it does.
func (m *mailReader) uuAttachment() (ok bool, err error) {
	if !m.whole || len(m.cur) < 9 || string(m.cur[:5]) != "begin" {
		return false, nil
	}
	name, inBase64, ok := uuBegin(m.cur)
	if !ok {
		return false, nil
	}
	cur := bytes.Clone(m.cur)
	next, _ := m.in.Peek(96) // an error is for the next line to meet
	m.cur = cur              // which was in the buffer
	if next, _, _ = bytes.Cut(next, newline); !uuLine(next, inBase64) {
		return false, nil
	}
	u := &uuencoded{m: m, inBase64: inBase64}
	if err := m.a.member(name, -1, m.doc.Modified, u, nil); err != nil {
		return true, err
	}
	_, err = copyAlive(m.w, io.Discard, u) // what its extractor left
	return true, err
}

// extractUU reads a text that such attachments are in.
func extractUU(w *walker, doc *Document, in *input) error {
	return readMail(w, doc, in, func(m *mailReader) error { return m.text(mailHeader{contentType: "text/plain"}) })
}
