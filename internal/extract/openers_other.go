//go:build !amd64

package extract

func openersFast(text []byte) int { return openersGeneric(text) }
