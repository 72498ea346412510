package detect

// How often bytes stand in texts of all sorts, in parts of ten thousand or so: what a
// custom pattern is looked for by should be rare in most files, whatever is in them.

// byteWeights has every byte.
var byteWeights = func() (w [256]float64) {
	for c := range w {
		w[c] = 2 // controls, and runes outside ASCII by parts
	}
	set := func(chars string, weight float64) {
		for i := range len(chars) {
			w[chars[i]] = weight
		}
	}
	set("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 20)
	set("EAIORNTS", 40)
	set("!#$%&*+;<>?@[\\]^`{|}~", 30)
	set("'()=/_-:,.\t", 100)
	set("\"\n0123456789", 150)
	set("jqxz", 20)
	set("bgkvwyfpm", 130)
	set("cdhlu", 250)
	set("ainorst", 480)
	set("e", 700)
	set(" ", 1300)
	return w
}()

// Letters mostly follow letters and digits digits, so kinds of bytes do not stand side by
// side as often as each alone would say, see follows.
const (
	lowerByte = iota
	upperByte
	digitByte
	otherByte
	byteKinds
)

func kindOfByte(c byte) int {
	switch {
	case isLower(c):
		return lowerByte
	case isUpper(c):
		return upperByte
	case isDigit(c):
		return digitByte
	}
	return otherByte
}

// follows says by kind, and by kind of the byte before, how much more often than
// elsewhere a byte stands there.
var follows = [byteKinds][byteKinds]float64{
	lowerByte: {lowerByte: 1.35, upperByte: 0.3, digitByte: 0.15, otherByte: 0.75},
	upperByte: {lowerByte: 0.75, upperByte: 5, digitByte: 1, otherByte: 0.7},
	digitByte: {lowerByte: 0.2, upperByte: 0.5, digitByte: 5, otherByte: 1.2},
	otherByte: {lowerByte: 0.85, upperByte: 1.7, digitByte: 1.2, otherByte: 1.1},
}

// howOften estimates how often bytes of the sets stand in a row.
func howOften(sets [][256]bool) float64 {
	var chance [byteKinds]float64
	for i := range sets {
		var next [byteKinds]float64
		for c, in := range sets[i] {
			if !in {
				continue
			}
			kind := kindOfByte(byte(c))
			before := 1.0
			if i > 0 {
				before = 0
				for k := range chance {
					before += chance[k] * follows[k][kind]
				}
			}
			next[kind] += before * byteWeights[c] / 10_000
		}
		chance = next
	}
	sum := 0.0
	for _, c := range chance {
		sum += c
	}
	return sum
}
