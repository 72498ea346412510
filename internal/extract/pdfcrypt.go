package extract

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"io"
)

// pdfCrypt decrypts what is encrypted under the empty password: a file that anybody can open and few may print. The old
// ciphers are the format's, not our choice.
type pdfCrypt struct {
	key      []byte
	v5       bool
	streams  pdfCipher
	words    pdfCipher // of strings
	metadata bool      // is not encrypted
}

type pdfCipher uint8

const (
	pdfPlain pdfCipher = iota
	pdfRC4Cipher
	pdfAESCipher
)

var errPDFEncrypted = stop(Skipped, UnableToParseFile, "encrypted")

var pdfPad = []byte("\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a")

func newPDFCrypt(f *pdfFile, e any) (*pdfCrypt, error) {
	d := f.dict(e)
	num := func(key string, def float64) int64 { return int64(f.number(d[key], def)) }
	str := func(key string) []byte { return f.str(d[key]) }
	v, r := num("V", 0), num("R", 0)
	if f.name(d["Filter"]) != "Standard" || v < 1 || v > 5 || v == 3 {
		return nil, errPDFEncrypted
	}
	c := &pdfCrypt{v5: v == 5, streams: pdfRC4Cipher, words: pdfRC4Cipher}
	length := num("Length", 40)
	if length >= 5 && length <= 16 {
		length *= 8 // some writers count bytes
	}
	if v == 1 {
		length = 40
	}
	if v >= 4 {
		filters := f.dict(d["CF"])
		c.streams = f.cipher(filters, f.name(d["StmF"]))
		c.words = f.cipher(filters, f.name(d["StrF"]))
		length = 128
	}
	if length < 40 || length > 128 || length%8 != 0 {
		return nil, errPDFEncrypted
	}
	if m, ok := f.resolve(d["EncryptMetadata"]).(bool); ok && !m && r >= 4 {
		c.metadata = true
	}
	u, o := str("U"), str("O")
	if v == 5 {
		if c.key = pdfKey5(u, nil, str("UE"), r); c.key == nil && len(u) >= 48 {
			c.key = pdfKey5(o, u[:48], str("OE"), r)
		}
		if c.key == nil {
			return nil, errPDFEncrypted
		}
		return c, nil
	}
	var id []byte
	if ids := list(f.resolve(f.trailer["ID"])); len(ids) > 0 {
		id = f.str(ids[0])
	}
	n := int(length / 8)
	h := md5.New()
	h.Write(pdfPad)
	h.Write(o)
	var p [4]byte
	binary.LittleEndian.PutUint32(p[:], uint32(num("P", 0)))
	h.Write(p[:])
	h.Write(id)
	if c.metadata {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	if c.key = pdfStretch(h.Sum(nil), r, n); !c.opens(u, id, r) {
		return nil, errPDFEncrypted
	}
	return c, nil
}

// pdfStretch makes a key of n bytes of a hash.
func pdfStretch(key []byte, r int64, n int) []byte {
	if r >= 3 {
		for range 50 {
			sum := md5.Sum(key[:n])
			copy(key, sum[:])
		}
	}
	return key[:n]
}

// cipher is what a crypt filter of a given name does.
func (f *pdfFile) cipher(filters pdfDict, name pdfName) pdfCipher {
	switch f.name(f.dict(filters[string(name)])["CFM"]) {
	case "AESV2", "AESV3":
		return pdfAESCipher
	case "V2":
		return pdfRC4Cipher
	}
	return pdfPlain
}

// opens checks the key against what the file says of the user's password.
func (c *pdfCrypt) opens(u, id []byte, r int64) bool {
	if r < 3 {
		out := make([]byte, 32)
		pdfRC4(c.key, out, pdfPad)
		return len(u) >= 32 && bytes.Equal(out, u[:32])
	}
	sum := md5.Sum(append(bytes.Clone(pdfPad), id...))
	out := sum[:]
	for i := range 20 {
		k := bytes.Clone(c.key)
		for j := range k {
			k[j] ^= byte(i)
		}
		pdfRC4(k, out, out)
	}
	return len(u) >= 16 && bytes.Equal(out, u[:16])
}

func pdfRC4(key, dst, src []byte) {
	if s, err := rc4.NewCipher(key); err == nil {
		s.XORKeyStream(dst, src)
	}
}

// pdfKey5 is the key of 256-bit encryption under the empty password, or nil: check is what the file says of the user's password,
// or of the owner's, which depends on the former.
func pdfKey5(check, user, sealed []byte, r int64) []byte {
	if len(check) < 48 || len(sealed) < 32 {
		return nil
	}
	hash := func(salt []byte) []byte {
		salted := append(bytes.Clone(salt), user...)
		if r >= 6 {
			return pdfHash6(salted, user)
		}
		sum := sha256.Sum256(salted)
		return sum[:]
	}
	if !bytes.Equal(hash(check[32:40]), check[:32]) {
		return nil
	}
	block, err := aes.NewCipher(hash(check[40:48]))
	if err != nil {
		return nil
	}
	key := make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(key, sealed[:32])
	return key
}

// pdfHash6 is algorithm 2.B of ISO 32000-2, for the empty password.
func pdfHash6(salted, user []byte) []byte {
	sum := sha256.Sum256(salted)
	k := sum[:]
	for i := 0; ; i++ {
		e := bytes.Repeat(append(bytes.Clone(k), user...), 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, e)
		mod := 0
		for _, b := range e[:16] {
			mod += int(b)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(e)
			k = s[:]
		case 1:
			s := sha512.Sum384(e)
			k = s[:]
		default:
			s := sha512.Sum512(e)
			k = s[:]
		}
		if i >= 63 && int(e[len(e)-1]) <= i-31 { // the round that comes, less 32
			return k[:32]
		}
	}
}

// objectKey is the key of one object.
func (c *pdfCrypt) objectKey(number, generation int, how pdfCipher) []byte {
	if c.v5 {
		return c.key
	}
	h := md5.New()
	h.Write(c.key)
	h.Write([]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(generation), byte(generation >> 8)})
	if how == pdfAESCipher {
		h.Write([]byte("sAlT"))
	}
	return h.Sum(nil)[:min(len(c.key)+5, 16)]
}

func (c *pdfCrypt) stream(d *pdfData, r io.Reader, s *pdfStream) (io.Reader, error) {
	if c.streams == pdfPlain {
		return r, nil
	}
	key := c.objectKey(s.number, s.generation, c.streams)
	if c.streams == pdfRC4Cipher {
		k, err := rc4.NewCipher(key)
		if err != nil {
			return nil, errPDF
		}
		return &cipher.StreamReader{S: k, R: r}, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errPDF
	}
	var iv [16]byte
	if _, err := io.ReadFull(r, iv[:]); err != nil {
		return bytes.NewReader(nil), nil
	}
	return &cbcReader{r: d.buffered(r), mode: cipher.NewCBCDecrypter(block, iv[:])}, nil
}

// cbcReader decrypts block by block; the padding at the end is dropped.
type cbcReader struct {
	r    *bufio.Reader
	mode cipher.BlockMode
	buf  [16]byte
	left []byte
}

func (c *cbcReader) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		if _, err := io.ReadFull(c.r, c.buf[:]); err != nil {
			return 0, io.EOF
		}
		c.mode.CryptBlocks(c.buf[:], c.buf[:])
		c.left = c.buf[:]
		if _, err := c.r.Peek(1); err != nil {
			if n := int(c.buf[15]); n >= 1 && n <= 16 {
				c.left = c.buf[:16-n]
			}
			if len(c.left) == 0 {
				return 0, io.EOF
			}
		}
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

// text decrypts a string, in its place.
func (c *pdfCrypt) text(s pdfString, number, generation int) pdfString {
	key := c.objectKey(number, generation, c.words)
	if c.words == pdfRC4Cipher {
		pdfRC4(key, s, s)
		return s
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return s
	}
	if len(s) < 2*aes.BlockSize {
		return s[:0]
	}
	iv, out := s[:aes.BlockSize], s[aes.BlockSize:]
	cut := len(out) % aes.BlockSize // then the padding is not there either
	out = out[:len(out)-cut]
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, out)
	if n := int(out[len(out)-1]); cut == 0 && n >= 1 && n <= aes.BlockSize {
		out = out[:len(out)-n]
	}
	return out
}

// strings decrypts the strings in an object.
func (c *pdfCrypt) strings(v any, number, generation int) any {
	if c.words == pdfPlain {
		return v
	}
	switch v := v.(type) {
	case pdfString:
		return c.text(v, number, generation)
	case []any:
		for i := range v {
			v[i] = c.strings(v[i], number, generation)
		}
	case pdfDict:
		for k, x := range v {
			v[k] = c.strings(x, number, generation)
		}
	case *pdfStream:
		c.strings(v.dict, number, generation)
	}
	return v
}
