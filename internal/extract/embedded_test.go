package extract

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// TestCutContainers: what carries files for other programs, cut off anywhere and with any byte changed, ends with a status.
func TestCutContainers(t *testing.T) {
	for _, name := range []string{"76-mail/winmail-att.dat", "80-office/bare-ole10.bin"} {
		data, err := os.ReadFile("../classify/testdata/cases/" + name)
		if err != nil {
			t.Fatal(err)
		}
		whole := extractBytes(t, name, data, Options{})
		if whole.status[""].Code != Complete || len(whole.found) == 0 {
			t.Errorf("%s: %v, %d found", name, whole.status, len(whole.found))
		}
		step := max(1, len(data)/200)
		for n := 0; n < len(data); n += step {
			extractBytes(t, name, data[:n], Options{})
			changed := append([]byte(nil), data...)
			changed[n] ^= 0xff
			extractBytes(t, name, changed, Options{})
		}
	}
	// Less than it says: never Complete.
	data, _ := os.ReadFile("../classify/testdata/cases/76-mail/winmail-att.dat")
	for _, cut := range []int{1, 2, 3, 40} {
		if r := extractBytes(t, "winmail.dat", data[:len(data)-cut], Options{}); r.status[""].Code == Complete {
			t.Errorf("%d bytes cut off: %v", cut, r.status)
		}
	}
}

// TestLongTNEFBody: a body is read to its end, however long it is.
func TestLongTNEFBody(t *testing.T) {
	body := append(bytes.Repeat([]byte("nothing here\r\n"), 200_000), secret+"\x00"...)
	data := append(bytes.Clone(tnefMagic), 1, 0, 1, tnefBody&0xff, tnefBody>>8, 1, 0)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(body)))
	data = append(append(data, body...), 0, 0)
	if r := extractBytes(t, "winmail.dat", data, Options{}); r.status[""].Code != Complete || len(r.found) != 1 {
		t.Errorf("%v, %d found", r.status, len(r.found))
	}
}
