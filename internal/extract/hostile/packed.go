package hostile

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
)

// emptyGzip is a member that holds nothing, in 20 bytes.
const emptyGzip = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// emptyBzip2 is a stream of no blocks.
const emptyBzip2 = "BZh9\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00"

// emptyXZ is a stream of no blocks.
const emptyXZ = "\xfd7zXZ\x00\x00\x00\xff\x12\xd9\x41\x00\x00\x00\x00\x1c\xdf\x44\x21\x06\x72\x9e\x7a\x01\x00\x00\x00\x00\x00YZ"

// emptyZstd is a frame that holds nothing.
const emptyZstd = "\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"

// zstdRuns is a frame of so many blocks of 128 KB that are one byte, over and over.
func zstdRuns(blocks int) []byte {
	b := []byte("\x28\xb5\x2f\xfd\x00\x58") // a window of 2 MB
	for i := range blocks {
		last := uint32(0)
		if i == blocks-1 {
			last = 1
		}
		h := last | 1<<1 | (128<<10)<<3
		b = append(b, byte(h), byte(h>>8), byte(h>>16), 'a')
	}
	return b
}

// xzBlock is a stream whose one block says that it needs a dictionary of a size, and then is cut.
func xzBlock(dictionary byte) []byte {
	h := []byte{2, 0, 0x21, 1, dictionary, 0, 0, 0}
	h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE(h))
	b := append([]byte("\xfd7zXZ\x00\x00\x00\xff\x12\xd9\x41"), h...)
	// A chunk that resets all, of a few bytes that are not compressed.
	return append(b, "\x01\x00\x0fssn 536-90-4399\n\x02\x00\x0fssn 536-90-4398\n\x00"...)
}

// gnuSparse is a tar of one sparse file that says that it is as large as can be, with so many parts.
func gnuSparse(parts int) []byte {
	var b bytes.Buffer
	h := make([]byte, 512)
	copy(h, "a.txt")
	copy(h[100:], "0000644\x00")
	copy(h[124:], "00000000000\x00")
	copy(h[136:], "00000000000\x00")
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	h[482] = 1
	copy(h[483:], "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff")
	sum(h)
	b.Write(h)
	for at := 0; at < parts; at += 21 {
		e := make([]byte, 512)
		for k := range 21 {
			copy(e[24*k:], fmt.Sprintf("%011o\x00%011o\x00", (at+k)*512, 0))
		}
		if at+21 < parts {
			e[504] = 1
		}
		b.Write(e)
	}
	b.Write(make([]byte, 1024))
	return b.Bytes()
}

// sum writes the check sum of the header of a tar.
func sum(h []byte) {
	copy(h[148:], "        ")
	n := 0
	for _, c := range h {
		n += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", n))
}

// tarMember is a header of a kind, and what belongs to it.
func tarMember(name string, kind byte, content string) []byte {
	h := make([]byte, 512)
	copy(h, name)
	copy(h[100:], "0000644\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00", len(content)))
	copy(h[136:], "00000000000\x00")
	h[156] = kind
	copy(h[257:], "ustar\x0000")
	sum(h)
	return append(append(h, content...), make([]byte, (512-len(content)%512)%512)...)
}

// paxRecord is a record of an extended header.
func paxRecord(name, value string) string {
	n := len(name) + len(value) + 3
	for n != len(fmt.Sprintf("%d %s=%s\n", n, name, value)) {
		n = len(fmt.Sprintf("%d %s=%s\n", n, name, value))
	}
	return fmt.Sprintf("%d %s=%s\n", n, name, value)
}

var packedFiles = []File{
	{"empty-members.gz.gz", "two million members that hold nothing, packed", func() []byte { return gzipOf(bytes.Repeat([]byte(emptyGzip), 2_000_000)) }},
	{"padded.txt.gz", "60 MB of zeros behind a member, packed", func() []byte {
		return gzipOf(append(gzipOf([]byte("ssn 536-90-4399\n")), make([]byte, 60<<20)...))
	}},
	{"extra.txt.gz", "members of nothing with 64 KB beside them, packed", func() []byte {
		one := "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\xff\xff" + strings.Repeat("x", 65535) + emptyGzip[10:]
		return gzipOf(bytes.Repeat([]byte(one), 1500))
	}},
	{"empty-streams.bz2.gz", "three million streams of no blocks, packed", func() []byte { return gzipOf(bytes.Repeat([]byte(emptyBzip2), 3_000_000)) }},
	{"empty-streams.xz.gz", "a million streams of no blocks, packed", func() []byte { return gzipOf(bytes.Repeat([]byte(emptyXZ), 1_000_000)) }},
	{"padded.xz.gz", "streams of no blocks with megabytes of zeros between, packed", func() []byte {
		return gzipOf(bytes.Repeat(append([]byte(emptyXZ), make([]byte, 4<<20)...), 12))
	}},
	{"dictionary.txt.xz", "a dictionary of 4 GB", func() []byte { return xzBlock(40) }},
	{"dictionaries.zip", "5,000 files of a few bytes, each of which needs a dictionary of 48 MB", func() []byte {
		var parts []part
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("%d.txt.xz", i), string(xzBlock(27))})
		}
		return zipOf(parts...)
	}},
	{"empty-frames.zst.gz", "four million frames that hold nothing, packed", func() []byte { return gzipOf(bytes.Repeat([]byte(emptyZstd), 4_000_000)) }},
	{"skipped.txt.zst.gz", "five million frames that are to be skipped, of no bytes, packed", func() []byte {
		return gzipOf(bytes.Repeat([]byte("\x50\x2a\x4d\x18\x00\x00\x00\x00"), 5_000_000))
	}},
	{"skips.txt.zst", "a frame of 4 GB that is to be skipped", func() []byte { return []byte("\x50\x2a\x4d\x18\xff\xff\xff\xff" + numbers(1000)) }},
	{"runs.txt.zst", "8 GB of one byte in 250 KB", func() []byte { return zstdRuns(64 << 10) }},
	{"members-of-zstd.zip", "5,000 files of a few bytes, each of which needs a window of 2 MB", func() []byte {
		var parts []part
		for i := range 5000 {
			parts = append(parts, part{fmt.Sprintf("%d.txt.zst", i), "\x28\xb5\x2f\xfd\x00\x58\x79\x00\x00ssn 536-90-4399"})
		}
		return zipOf(parts...)
	}},
	{"members-of-gzip.tar.gz", "60,000 files of a few bytes each, each packed", func() []byte {
		one := tarMember("a.txt.gz", '0', string(gzipOf([]byte("ssn 536-90-4399\n"))))
		return gzipOf(bytes.Repeat(one, 60_000))
	}},
	{"sparse.tar", "a file of 2^63 bytes that are not there", func() []byte { return gnuSparse(4) }},
	{"sparse-parts.tar.gz", "a sparse file of a million parts of nothing", func() []byte { return gzipOf(gnuSparse(1_000_000)) }},
	{"sparse-map.tar.gz", "sparse files whose maps say that they have a million parts", func() []byte {
		head := tarMember("p", 'x', paxRecord("GNU.sparse.major", "1")+paxRecord("GNU.sparse.minor", "0")+paxRecord("GNU.sparse.name", "a.txt")+paxRecord("GNU.sparse.realsize", "9223372036854775807"))
		return gzipOf(bytes.Repeat(append(head, tarMember("a.txt", '0', "1000000\n"+strings.Repeat("0\n0\n", 1_000_000))...), 10))
	}},
	{"records.tar.gz", "extended headers of a megabyte, each of 50,000 records, before each file", func() []byte {
		head := tarMember("p", 'x', lines(50_000, func(i int) string { return paxRecord(fmt.Sprintf("k%d", i), "value") }))
		return gzipOf(bytes.Repeat(append(head, tarMember("a.txt", '0', "ssn 536-90-4399")...), 60))
	}},
	{"headers.tar.gz", "long names of a megabyte, one after the other, before no file", func() []byte {
		return gzipOf(bytes.Repeat(tarMember("././@LongLink", 'L', strings.Repeat("n", 1<<20-1)), 60))
	}},
	{"empty-files.tar.gz", "400,000 files that hold nothing", func() []byte { return gzipOf(bytes.Repeat(tarMember("a.txt", '0', ""), 400_000)) }},
	{"sizes.zip", "entries that say that they are as large as can be, with extra fields of 64 KB", func() []byte {
		var out, dir bytes.Buffer
		extra := strings.Repeat("\x01\x00\x00\x00", 16383)
		for i := range 300 {
			var h [46]byte
			copy(h[:], "PK\x01\x02")
			binary.LittleEndian.PutUint16(h[10:], 8)
			binary.LittleEndian.PutUint32(h[20:], 0xffffffff)
			binary.LittleEndian.PutUint32(h[24:], 0xffffffff)
			name := fmt.Sprintf("%d.txt", i)
			binary.LittleEndian.PutUint16(h[28:], uint16(len(name)))
			binary.LittleEndian.PutUint16(h[30:], uint16(len(extra)))
			dir.Write(h[:])
			dir.WriteString(name + extra)
		}
		out.WriteString("PK\x03\x04" + strings.Repeat("\x00", 26))
		at := out.Len()
		out.Write(dir.Bytes())
		var e [22]byte
		copy(e[:], "PK\x05\x06")
		binary.LittleEndian.PutUint16(e[8:], 300)
		binary.LittleEndian.PutUint16(e[10:], 300)
		binary.LittleEndian.PutUint32(e[12:], uint32(dir.Len()))
		binary.LittleEndian.PutUint32(e[16:], uint32(at))
		out.Write(e[:])
		return out.Bytes()
	}},
	{"methods.zip", "20,000 entries of every method there is, on the same bytes", func() []byte {
		var z zipWriter
		body := []byte(strings.Repeat("\x05\x00\x5d\x00\x00\x00\xff", 2000))
		at := z.add("a.txt", 0, body, 0)
		for i := range 20_000 {
			z.entry(fmt.Sprintf("%d.txt", i), uint16(i%100), body, at)
		}
		return z.close()
	}},
	{"bomb.zip", "500 entries on the same 10 MB that inflate a thousandfold", func() []byte {
		var z zipWriter
		var packed bytes.Buffer
		inner := zipOf(part{"a", strings.Repeat("536-90-4399 ssn ", 8<<20)})
		packed.Write(inner[31 : len(inner)-100])
		at := z.add("a.txt", 0, packed.Bytes(), 0)
		for i := range 500 {
			z.entry(fmt.Sprintf("%d.txt", i), 8, packed.Bytes(), at)
		}
		return z.close()
	}},
	{"tars-in-tars.tar.gz", "tars in one another, 400 deep", func() []byte {
		data := []byte("ssn 536-90-4399")
		for range 400 {
			data = tarMember("a.tar", '0', string(data))
		}
		return gzipOf(data)
	}},
	{"of-each-other.gz", "zstd in xz in bzip2's name, and each beginning of the other", func() []byte {
		return gzipOf([]byte(strings.Repeat("\x1f\x8b\x08PK\x03\x04BZh91AY&SY\xfd7zXZ\x00\x28\xb5\x2f\xfd\x04\x22\x4d\x18", 200_000)))
	}},
	{"sync.log.gz", "blocks of deflate that hold nothing, fourteen million of them", func() []byte {
		return gzipOf(append(append([]byte(emptyGzip[:10]), bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 14_000_000)...), emptyGzip[10:]...))
	}},
	{"headers-of-blocks.txt.gz", "a million blocks of deflate, each with tables of its own and nothing in it", func() []byte {
		// A dynamic block whose code has only the end: the lengths of codes cost more than what they are for.
		return gzipOf(append(append([]byte(emptyGzip[:10]), bytes.Repeat(deflateTables, 600_000)...), emptyGzip[10:]...))
	}},
	{"uu.txt", "300,000 beginnings of uuencoded files", func() []byte { return []byte(strings.Repeat("begin 644 a.gz\nM", 300_000)) }},
	{"uu-lines.txt", "a uuencoded file of a million lines of a byte", func() []byte {
		return []byte("begin 644 a.txt\n" + strings.Repeat("!  \n", 1_000_000) + "`\nend\n")
	}},
	{"mails.mbox", "60,000 mails of a line", func() []byte {
		return []byte(strings.Repeat("From a@example.com Mon Jan  2 15:04:05 2006\nFrom: a@example.com\nSubject: x\n\nssn 536-90-4399\n\n", 60_000))
	}},
	{"same-boundary.eml", "parts in one another that all have one boundary", func() []byte {
		return []byte(mailHead + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 60_000))
	}},
	{"headers.eml", "a header of 30,000 lines, then the same for each of its parts", func() []byte {
		head := strings.Repeat("Received: from a by b\r\n", 30_000)
		return []byte(mailHead + head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n"+head+"\r\nssn 536-90-4399\r\n", 8))
	}},
	{"charsets.eml", "parts in alphabets that shift with each character", func() []byte {
		return []byte(mailHead + "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + strings.Repeat("\x1b$B$\"\x1b(Ba", 200_000))
	}},
	{"soft-lines.eml", "quoted-printable of a million soft line ends", func() []byte {
		return []byte(mailHead + "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.Repeat("=\r\n", 1_000_000) + "ssn 536-90-4399")
	}},
	{"base64.eml", "10 MB of base64 that is a zip of zips", func() []byte {
		data := zipOf(part{"a.txt", strings.Repeat("ssn 536-90-4399\n", 1<<20)})
		var parts []part
		for i := range 100 {
			parts = append(parts, part{fmt.Sprintf("%d.zip", i), string(data)})
		}
		return []byte(mailHead + "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(zipOf(parts...)))
	}},
	{"attachments.dat", "a mail of Outlook's with 60,000 attachments of a few bytes", func() []byte {
		return []byte("\x78\x9f\x3e\x22\x01\x00" + strings.Repeat("\x02\x02\x90\x06\x00\x00\x00\x00\x00\x00\x00\x02\x0f\x80\x06\x00\x10\x00\x00\x00ssn 536-90-4399 \x00\x00", 60_000))
	}},
	{"titles.dat", "a mail of Outlook's whose attachments are mails of Outlook's, and say that they are 4 GB", func() []byte {
		data := "\x78\x9f\x3e\x22\x01\x00"
		for range 2000 {
			data += "\x02\x0f\x80\x06\x00\xff\xff\xff\xff\x78\x9f\x3e\x22\x01\x00"
		}
		return []byte(data + numbers(20_000))
	}},
}

// deflateTables is a block that is not the last, with dynamic tables, that holds only its end.
var deflateTables = dynamicBlock()

// bitWriter writes bits, the lowest first.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) put(v uint32, bits int) {
	for i := range bits {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

func dynamicBlock() []byte {
	var w bitWriter
	w.put(0, 1)  // not the last
	w.put(2, 2)  // dynamic
	w.put(0, 5)  // 257 literals
	w.put(0, 5)  // 1 distance
	w.put(14, 4) // 18 lengths of codes: 16,17,18,0,8,7,9,6,10,5,11,4,12,3,13,2,14,1
	lens := map[int]uint32{18: 1, 1: 1}
	for _, c := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1} {
		w.put(lens[c], 3)
	}
	// Codes: 1 is 0, 18 is 1. 256 zeros, then a length of 1 for the end, and one for the distance.
	w.put(1, 1)
	w.put(138-11, 7)
	w.put(1, 1)
	w.put(118-11, 7)
	w.put(0, 1)
	w.put(0, 1)
	w.put(0, 1)      // the end of the block
	for w.n%8 != 0 { // blocks follow one another at any bit: an empty stored one brings it to a byte
		w.put(0, 3)
		for w.n%8 != 0 {
			w.put(0, 1)
		}
		w.put(0xffff0000, 32)
	}
	return w.b
}
