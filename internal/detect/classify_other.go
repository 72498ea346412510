//go:build !amd64

package detect

var (
	classifyFast  = classifyGeneric
	siftWordsFast = siftWordsGeneric

	markFingersFast = markFingersGeneric
)
