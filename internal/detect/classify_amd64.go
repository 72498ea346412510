package detect

// hasAVX2 says whether the processor and the operating system have AVX2.
func hasAVX2() bool {
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
	const avx2 = 1 << 5
	_, b, _, _ := cpuid(7, 0)
	return b&avx2 != 0
}

// classifyFast is classifyGeneric in AVX2 where there is AVX2.
var classifyFast = func() func([]byte, []masks) {
	if hasAVX2() {
		return classifyAVX2
	}
	return classifyGeneric
}()

// classifyAVX2 fills one masks per whole chunk; text has at least 64*len(out) bytes.
//
//go:noescape
func classifyAVX2(text []byte, out []masks)

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() (a, d uint32)
