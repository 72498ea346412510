package detect

// hasFast says whether the processor and the operating system have AVX2, and the bit
// operations that came with it.
func hasFast() bool {
	maxLeaf, _, _, _ := cpuid(0, 0)
	if maxLeaf < 7 {
		return false
	}
	const osxsave, avx = 1 << 27, 1 << 28
	if _, _, c, _ := cpuid(1, 0); c&(osxsave|avx) != osxsave|avx {
		return false
	}
	const xmm, ymm = 1 << 1, 1 << 2
	if eax, _ := xgetbv(); eax&(xmm|ymm) != xmm|ymm {
		return false
	}
	const bmi1, avx2, bmi2 = 1 << 3, 1 << 5, 1 << 8
	_, b, _, _ := cpuid(7, 0)
	return b&(bmi1|avx2|bmi2) == bmi1|avx2|bmi2
}

// hasAVX512 says whether both have AVX-512 for bytes as well, with permutations and
// compression of them.
func hasAVX512() bool {
	if !hasFast() {
		return false
	}
	const opmask, upper, high = 1 << 5, 1 << 6, 1 << 7
	if eax, _ := xgetbv(); eax&(opmask|upper|high) != opmask|upper|high {
		return false
	}
	const f, dq, bw, vl = 1 << 16, 1 << 17, 1 << 30, 1 << 31
	const vbmi, vbmi2 = 1 << 1, 1 << 6
	_, b, c, _ := cpuid(7, 0)
	return b&(f|dq|bw|vl) == f|dq|bw|vl && c&(vbmi|vbmi2) == vbmi|vbmi2
}

// classifyFast is classifyGeneric in AVX-512 or AVX2 where there is either.
var classifyFast = func() func([]byte, []group) {
	if hasAVX512() {
		return classifyAVX512
	}
	if hasFast() {
		return classifyAVX2
	}
	return classifyGeneric
}()

// siftWordsFast is siftWordsGeneric in assembly where there is AVX-512 or AVX2.
var siftWordsFast = func() wordSifter {
	if hasAVX512() {
		return siftWordsAVX512
	}
	if hasFast() {
		return siftWordsAVX2
	}
	return siftWordsGeneric
}()

// siftWordsAVX2 is siftWordsGeneric without branches but the loops. It needs one more
// element of room in found and splits than there are words.
//
//go:noescape
func siftWordsAVX2(text []byte, groups []group, n int, bitmap *[1 << (hashBits - 6)]uint64, found, splits []uint32) (nFound, nSplits int)

// siftWordsAVX512 is siftWordsGeneric for eight words at a time. It needs sixteen more
// elements of room in found and splits than there are words.
//
//go:noescape
func siftWordsAVX512(text []byte, groups []group, n int, bitmap *[1 << (hashBits - 6)]uint64, found, splits []uint32) (nFound, nSplits int)

// classifyAVX2 is classifyGeneric, 64 bytes at a time.
//
//go:noescape
func classifyAVX2(text []byte, out []group)

// classifyAVX512 is classifyAVX2 in a third of the time.
//
//go:noescape
func classifyAVX512(text []byte, out []group)

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() (a, d uint32)

// markFast is markGeneric in AVX-512 where there is AVX-512.
var markFast = func() marker {
	if hasAVX512() {
		return func(groups []group, digits, tokens []uint64) {
			last := len(groups) - 2
			_, _ = digits[perGroup*last-1], tokens[perGroup*last-1]
			markAVX512(&groups[1], last, &digits[0], &tokens[0])
		}
	}
	return markGeneric
}()

// markAVX512 marks n groups, of which the first stands after one of zeros, and the last
// before one.
//
//go:noescape
func markAVX512(groups *group, n int, digits, tokens *uint64)

// markFingersFast is markFingersGeneric in AVX2 where there is AVX2.
var markFingersFast = func() func([]byte, *fingers, []uint64) {
	if hasFast() {
		return markFingersAVX2
	}
	return markFingersGeneric
}()

// markFingersAVX2 is markFingersGeneric, 32 bytes at a time.
//
//go:noescape
func markFingersAVX2(text []byte, f *fingers, out []uint64)
