package extract

import "golang.org/x/sys/cpu"

// nextOdd is nextOddGeneric in AVX2 where there is AVX2.
var nextOdd = func() func(text []byte, from int) (at int, bits uint64) {
	if cpu.X86.HasAVX2 {
		return nextOddAVX2
	}
	return nextOddGeneric
}()

//go:noescape
func nextOddAVX2(text []byte, from int) (at int, bits uint64)
