//go:build !amd64

package extract

var nextOdd = nextOddGeneric
