package extract

// oddBytes are the bytes at which something may begin that a reader does not see, or sees as another character: zero, backspace
// and escape, and the first bytes of the characters in question.
var oddBytes = func() (t [256]bool) {
	for _, c := range []byte{0, '\b', 0x1b, 0xc2, 0xcd, 0xd8, 0xe1, 0xe2, 0xe3, 0xef, 0xf3} {
		t[c] = true
	}
	return t
}()

// nextOdd returns where the first chunk of 64 bytes from text[from] on starts that has odd bytes, and a bit for each of them. It
// looks at whole chunks only; without one, at is where they end.
func nextOddGeneric(text []byte, from int) (at int, bits uint64) {
	for ; from+chunk <= len(text); from += chunk {
		for i, c := range text[from : from+chunk] {
			if oddBytes[c] {
				bits |= 1 << i
			}
		}
		if bits != 0 {
			break
		}
	}
	return from, bits
}
