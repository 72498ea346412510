package detect

// Block is a piece of a document, or all of it.
type Block struct {
	// Text is UTF-8, or bytes of any other encoding that extends ASCII.
	Text []byte
	// Lo and Hi bound where a match has to start to be reported in this block. The
	// text before Lo and after Hi is lent by the neighbours, so that what starts
	// here is seen with its surroundings.
	Lo, Hi int
	// Start and End say that Text begins or ends where the document does.
	Start, End bool
	// Fields finds the values of a structured document; nil for plain text.
	Fields Fields
	// Late is told of steps of work, each about a byte's, and says whether there is no more time: the block then ends where it is. nil: there is
	// always time.
	Late func(steps int64) bool
}

// Fields knows where the values of a structured document are.
type Fields interface {
	// Field returns the value around the offset; false where there is none. It is
	// asked in ascending order of offsets, but for a few steps back, and only where
	// a match may be.
	Field(off int) (Field, bool)
}

// SilentFields is what Fields may also know: where names say nothing. There a value is
// asked for only if it holds a keyword itself, which few do.
type SilentFields interface {
	// Silent returns a place after off such that no value that starts from off on and
	// before it has names in which Set.Says finds a keyword. It returns off when that
	// cannot be told, and is asked like Field.
	Silent(off int) int
}

// Field is one value of a structured document: a cell, a JSON string, a column's
// value in a record.
type Field struct {
	Lo, Hi int    // its bounds in Block.Text
	Names  *Names // the names that lead to it; nil when they say nothing
}

// Match is one occurrence of an identifier.
type Match struct {
	Identifier int // index into Set.Identifiers
	Start, End int // byte offsets in Block.Text, or in the stream
}
