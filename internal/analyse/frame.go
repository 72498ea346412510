package analyse

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is a byte that says what it is, four bytes with the length of the rest, and the rest. The
// conversation is the parent's: it configures a box or gives it an object, and answers what the box
// asks for until there is a result.
const (
	// From the parent.
	frameConfigure = 'C' // limits, then the Config
	frameAnalyse   = 'A' // objects; files' descriptors come along
	frameData      = 'D' // what a read or a spool is answered
	// From the box.
	frameHello    = 'h' // once: whether the kernel confines it
	frameReady    = 'r' // it is configured; bytes of its heap that are of huge pages
	frameRefused  = 'x' // it could not be
	frameReadAt   = 'a' // offset, length
	frameNext     = 'n' // length; of a stream
	frameSpool    = 's' // asks for a file to hold what must be read out of order
	frameWindow   = 'w' // asks for memory beside its share: bytes
	frameProgress = 'p' // bytes analysed
	frameFault    = 'f' // a mistake of ours was met; the box ends
	frameDecoder  = 'd' // a decoder that others wrote has panicked: its name, a newline, the stack
	frameResult   = 'R' // what became of the object
)

const (
	frameHeader = 5
	maxConfig   = 512 << 20
	maxShort    = 64 << 10
)

// longest is the most bytes that a box may send in a frame of a kind; -1 for what it may not send.
func longest(kind byte) int {
	switch kind {
	case frameSpool:
		return 0
	case frameReadAt:
		return 12
	case frameNext:
		return 4
	case frameReady, frameProgress, frameWindow:
		return 8
	case frameHello, frameRefused, frameFault, frameDecoder:
		return maxShort
	case frameResult:
		return maxResult + 16
	}
	return -1
}

func putHeader(b []byte, kind byte, n int) {
	b[0] = kind
	binary.LittleEndian.PutUint32(b[1:], uint32(n))
}

var errFrame = errors.New("it does not keep to the protocol")

// readFrame reads a frame of a box. buf is used again when it is large enough.
func readFrame(r io.Reader, buf []byte) (kind byte, payload []byte, err error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	kind = head[0]
	n := int64(binary.LittleEndian.Uint32(head[1:]))
	if most := int64(longest(kind)); most < 0 || n > most {
		return 0, nil, fmt.Errorf("%w: a frame %q of %d bytes", errFrame, kind, n)
	}
	// Room is made as bytes come, not as many as are announced.
	payload = buf[:0]
	for int64(len(payload)) < n {
		step := int(min(n-int64(len(payload)), 1<<20))
		have := len(payload)
		if cap(payload)-have < step {
			grown := make([]byte, have, max(have+step, 2*have))
			copy(grown, payload)
			payload = grown
		}
		payload = payload[:have+step]
		if _, err := io.ReadFull(r, payload[have:]); err != nil {
			return 0, nil, err
		}
	}
	return kind, payload, nil
}

// batch is what frameAnalyse says: objects to be analysed one after the other. Only files, and objects
// in the arena, come in company; there is a result for each, in their order.
type batch struct {
	number  uint64 // counts the batches of the box, from 1
	objects []object
}

type object struct {
	way  byte  // how it is read
	size int64 // -1: not known
	name string
}

// maxBatch is the most files in a batch; a box may have their descriptors and a few more. maxContents is the most objects in the
// arena, which is arenaBytes of memory that a box and its parent both see: the parent writes to it, the box reads.
const (
	maxBatch    = 32
	maxContents = 128
	arenaBytes  = 1 << 20
)

// inArena reports whether the objects that are in the arena have room there.
func (o *batch) inArena() bool {
	sum := int64(0)
	for i := range o.objects {
		x := &o.objects[i]
		if x.way != wayArena {
			continue
		}
		if x.size < 0 || x.size > arenaBytes-sum {
			return false
		}
		sum += x.size
	}
	return true
}

// maxName is how much of a name a box is told: its end.
const maxName = 255

func (o *batch) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, o.number)
	b = append(b, byte(len(o.objects)))
	for i := range o.objects {
		x := &o.objects[i]
		b = append(b, x.way)
		b = binary.LittleEndian.AppendUint64(b, uint64(x.size))
		b = append(b, byte(len(x.name)))
		b = append(b, x.name...)
	}
	return b
}

func (o *batch) decode(b []byte) bool {
	if len(b) < 9 {
		return false
	}
	o.number, o.objects = binary.LittleEndian.Uint64(b), make([]object, b[8])
	b = b[9:]
	for i := range o.objects {
		if len(b) < 10 || len(b) < 10+int(b[9]) {
			return false
		}
		x := &o.objects[i]
		x.way, x.size = b[0], int64(binary.LittleEndian.Uint64(b[1:]))
		x.name, b = string(b[10:10+int(b[9])]), b[10+int(b[9]):]
	}
	return len(b) == 0 && len(o.objects) > 0 && o.inArena()
}

// The ways to read an object.
const (
	wayFile     = iota // by the descriptor that came along
	wayFlowFile        // the same from the front, to an end that is not known
	wayAt              // by asking for ranges
	wayFlow            // by asking for more
	wayArena           // it is in the arena, behind those before it
)

// What a Data frame begins with, and how a result says whether its source failed.
const (
	saidBytes  = iota // four bytes follow: how many are in the arena; none at the end
	saidError         // the source failed
	saidNoRoom        // there is no room for a spool or a window
)

// resultHead is how many bytes of a Result say how the analysis ended: one of the following, two with
// its number, and one that is 1 when the box is spent: it goes on to no other object.
const resultHead = 4

// How an analysis ended.
const (
	endedWell   = iota
	endedSource // the source failed as the parent knows
	endedErrno  // reading the descriptor failed; the number follows in two bytes
	endedShrank // the file ended before its size
	endedStopped
)
