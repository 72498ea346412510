package extract

import "golang.org/x/sys/cpu"

// openersFast is openersGeneric in AVX2 where there is AVX2.
var openersFast = func() func(text []byte) int {
	if cpu.X86.HasAVX2 {
		return openersAVX2
	}
	return openersGeneric
}()

// openersAVX2 counts in a multiple of 64 bytes, at most openersStep of them: a byte for each column of 64 holds no more.
//
//go:noescape
func openersAVX2(text []byte) int
