//go:build !amd64

package detect

var (
	classifyFast             = classifyGeneric
	markFast      marker     = markGeneric
	siftWordsFast wordSifter = siftWordsGeneric

	markFingersFast = markFingersGeneric
)
