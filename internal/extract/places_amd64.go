package extract

import "golang.org/x/sys/cpu"

// findPlacesFast is findPlacesGeneric in AVX2 where there is AVX2.
var findPlacesFast = func() func(text []byte, a, b, c byte, out []places) {
	if cpu.X86.HasAVX2 {
		return findPlacesAVX2
	}
	return findPlacesGeneric
}()

// findPlacesAVX2 fills one places per 64 bytes; text has at least 64*len(out).
//
//go:noescape
func findPlacesAVX2(text []byte, a, b, c byte, out []places)
