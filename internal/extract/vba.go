package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// Macros of Office files, as MS-OVBA describes them. A project is a storage of a compound file: the root of vbaProject.bin, Macros
// in a Word file, _VBA_PROJECT_CUR in an Excel file. In it, the storage VBA has a stream for each module, and the stream dir, which
// says what the modules are called, in which code page they are, and where in its stream the source of each begins: before it
// is what the program has made of the source. Beside VBA there is a storage for each form.
//
// Each module is a file inside the Office file. What is not read makes the Office file Partial: a stream that no module has, the
// controls of a form, a dir that is damaged. What dir says of libraries, and the stream PROJECT, which repeats it, are settings of programs.

const (
	// maxModules is how many modules of a project are read.
	maxModules = 16 * 1024
	// maxVBARecord is how much of a record of dir is kept. Names have at most 128 characters, descriptions 2,000 bytes.
	maxVBARecord = 8 * kib
	sizeOfModule = 160
	// maxPackedChunk is how many bytes of a stream make up to maxChunk bytes of text.
	maxPackedChunk = 4096
	maxChunk       = 4096
)

var (
	errMacros = stop(Partial, MalformedFile, "damaged or incomplete macros")
	errModule = stop(Partial, MalformedFile, "a damaged or incomplete module")
)

// isProject says whether a storage in the root of an Office file has a project in it.
func isProject(name string) bool {
	return strings.EqualFold(name, "Macros") || strings.EqualFold(name, "_VBA_PROJECT_CUR")
}

// isProjectPart says whether a part of an Office file is a project. The signatures of one have names like it.
func isProjectPart(base string) bool {
	base = strings.ToLower(base)
	return strings.HasPrefix(base, "vbaproject") && strings.HasSuffix(base, ".bin") && !strings.HasPrefix(base, "vbaprojectsignature")
}

// project opens the modules of a project, of whose storage the entries are given. It returns false when it is none.
func (a *archive) project(c *compound, dir string, entries []int) (found bool, err error) {
	p := &vbaProject{a: a, c: c, dir: dir, code: charmap.Windows1252, holds: holding{w: a.w}}
	defer p.holds.drop()
	for _, i := range entries {
		if e := &c.entries[i]; e.kind == compoundStorage && strings.EqualFold(e.name, "VBA") {
			found = true
			if err := p.read(e); err != nil {
				return true, err
			}
		}
	}
	if !found {
		return false, nil
	}
	for _, i := range entries {
		if e := &c.entries[i]; e.kind == compoundStorage && !strings.EqualFold(e.name, "VBA") {
			if err := p.form(e); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// vbaProject is what is known of one project.
type vbaProject struct {
	a       *archive
	c       *compound
	dir     string // of its files
	code    encoding.Encoding
	holds   holding
	modules []vbaModule
	said    []byte // what people have written about the project and its modules
}

// vbaModule is where the source of a module is.
type vbaModule struct {
	stream string
	wide   string // the same name in Unicode
	kind   string // of file, by which it is written elsewhere
	source int64
}

// read opens the modules of the storage VBA.
func (p *vbaProject) read(vba *compoundEntry) error {
	a, c := p.a, p.c
	entries, err := c.tree(vba.child)
	if err != nil {
		return err
	}
	// One reader is for all of its streams, and a table of them for the names that dir has.
	if !p.holds.hold(sizeOfVBAReader + int64(len(entries))*sizeOfModule) {
		a.miss(UnableToParseFile, "macros that need more memory than allowed")
		return nil
	}
	if err := a.w.step(64 * int64(len(entries))); err != nil {
		return err
	}
	r := &vbaReader{w: a.w}
	streams := make(map[string]int, len(entries))
	for _, i := range entries {
		if c.entries[i].kind == compoundStream {
			streams[strings.ToLower(c.entries[i].name)] = i
		}
	}
	i, ok := streams["dir"]
	if !ok {
		a.miss(MalformedFile, "macros without a directory")
		return nil
	}
	delete(streams, "dir")
	r.reset(c.open(&c.entries[i]), 0)
	if err := a.damagedMacros(p.records(bufio.NewReaderSize(r, 1*kib))); err != nil {
		return err
	}
	for _, m := range p.modules {
		name := m.wide
		i, ok := streams[strings.ToLower(name)]
		if !ok {
			name = m.stream
			i, ok = streams[strings.ToLower(name)]
		}
		if !ok { // or it was another module's already
			a.miss(MalformedFile, "a module without a stream of its own")
			continue
		}
		delete(streams, strings.ToLower(name))
		r.reset(c.open(&c.entries[i]), m.source)
		if err := p.file("VBA/"+name+m.kind, r); err != nil {
			return err
		}
	}
	if len(p.said) > 0 {
		if err := a.member(p.dir+"VBA/dir", int64(len(p.said)), time.Time{}, bytes.NewReader(p.said), nil); err != nil {
			return err
		}
	}
	for name, i := range streams {
		// What programs keep for themselves: they make it anew from the source.
		if name != "_vba_project" && !strings.HasPrefix(name, "__srp_") && c.entries[i].size > 0 {
			a.miss(MalformedFile, "macros in a stream that no module has")
			break
		}
	}
	return nil
}

// file opens text in the code page of the project as a file.
func (p *vbaProject) file(name string, r io.Reader) error {
	return p.a.member(p.dir+name, -1, time.Time{}, transform.NewReader(r, p.code.NewDecoder()), nil)
}

// form opens what a form says in text, and notes that its controls are not read.
func (p *vbaProject) form(e *compoundEntry) error {
	name := e.name
	entries, err := p.c.tree(e.child)
	if err != nil {
		return err
	}
	unread := false
	for _, i := range entries {
		e := &p.c.entries[i]
		switch {
		case e.kind == compoundStream && e.name == "\x03VBFrame":
			if err := p.file(name+".frm", p.c.open(e)); err != nil {
				return err
			}
		case e.kind == compoundStorage, e.kind == compoundStream && e.size > 0 && e.name != "\x01CompObj":
			unread = true
		}
	}
	if unread {
		p.a.miss(UnsupportedFileType, "the controls of a form, which are not read")
	}
	return nil
}

// damagedMacros notes that something about a project is malformed, and returns any other error.
func (a *archive) damagedMacros(err error) error {
	if errors.Is(err, errCompound) || errors.Is(err, errModule) {
		err = errMacros
	}
	return a.damaged(err)
}

// Records of dir that are read.
const (
	vbaCodePage        = 0x03
	vbaDescription     = 0x05
	vbaVersion         = 0x09
	vbaConstants       = 0x0c
	vbaModules         = 0x0f
	vbaEnd             = 0x10
	vbaModuleName      = 0x19
	vbaStream          = 0x1a
	vbaModuleText      = 0x1c
	vbaProcedural      = 0x21
	vbaClass           = 0x22
	vbaSource          = 0x31
	vbaStreamWide      = 0x32
	vbaConstantsWide   = 0x3c
	vbaDescriptionWide = 0x40
	vbaModuleTextWide  = 0x48
)

// records reads dir: a type, a length, and so many bytes each. The version alone has two bytes more than it says.
func (p *vbaProject) records(r *bufio.Reader) error {
	count := -1
	data := make([]byte, maxVBARecord)
	le := binary.LittleEndian
	for {
		var head [6]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return joinMacros(err)
		}
		if err := p.a.w.step(32); err != nil {
			return err
		}
		id, size := le.Uint16(head[:]), int64(le.Uint32(head[2:]))
		if id == vbaVersion {
			size = 6
		}
		kept := data[:min(size, maxVBARecord)]
		if _, err := io.ReadFull(r, kept); err != nil {
			return joinMacros(err)
		}
		if _, err := io.CopyN(io.Discard, r, size-int64(len(kept))); err != nil {
			return joinMacros(err)
		}
		m := &vbaModule{} // for what comes before the first
		if len(p.modules) > 0 {
			m = &p.modules[len(p.modules)-1]
		}
		switch id {
		case vbaEnd:
			if count >= 0 && count != len(p.modules) {
				return errMacros
			}
			return nil
		case vbaCodePage:
			if len(kept) < 2 {
				return errMacros
			}
			p.code = codePage(int(le.Uint16(kept)))
		case vbaModules:
			if len(kept) < 2 {
				return errMacros
			}
			count = int(le.Uint16(kept))
		case vbaModuleName:
			if len(p.modules) == maxModules || !p.holds.hold(2*sizeOfModule) { // the list may be copied when it grows
				return stop(Partial, MalformedFile, "more modules than are read")
			}
			p.modules = append(p.modules, vbaModule{kind: ".bas"})
		case vbaStream, vbaStreamWide:
			if len(kept) > 1*kib || !p.holds.hold(3*int64(len(kept))) {
				return errMacros
			}
			if id == vbaStream {
				m.stream = string(p.text(kept))
			} else {
				m.wide = string(wideText(kept))
			}
		case vbaClass:
			m.kind = ".cls"
		case vbaSource:
			if len(kept) < 4 {
				return errMacros
			}
			m.source = int64(le.Uint32(kept))
		case vbaDescription, vbaConstants, vbaModuleText:
			if err := p.say(p.text(kept), size); err != nil {
				return err
			}
		case vbaDescriptionWide, vbaConstantsWide, vbaModuleTextWide:
			if err := p.say(wideText(kept), size); err != nil {
				return err
			}
		}
	}
}

// text decodes what is in the code page of the project.
func (p *vbaProject) text(b []byte) []byte {
	out, err := p.code.NewDecoder().Bytes(b)
	if err != nil {
		return b
	}
	return out
}

// say collects what people have written, which dir has twice: in the code page and in Unicode.
func (p *vbaProject) say(text []byte, size int64) error {
	if len(text) == 0 {
		return nil
	}
	if err := p.a.w.step(int64(len(text))); err != nil {
		return err
	}
	line := append(append([]byte("\n"), text...), '\n')
	if bytes.HasSuffix(p.said, line) {
		return nil
	}
	if size > maxVBARecord || len(p.said)+len(text) > maxSaid || !p.holds.hold(4*int64(len(text)+2)) {
		return stop(Partial, MalformedFile, "longer descriptions of macros than are read")
	}
	p.said = append(p.said, line[min(len(p.said), 1):]...)
	return nil
}

// joinMacros tells the end of a stream from an error of the source.
func joinMacros(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errMacros
	}
	return err
}

// vbaReader reads a stream that is packed as MS-OVBA 2.4.1 says: a byte, and chunks of two bytes with the length and the text, as it is
// or as a sequence of tokens. Before each eight tokens a byte says which of them are copies of what came before in the chunk.
type vbaReader struct {
	w      *walker
	r      io.Reader
	skip   int64 // bytes before what is packed
	begun  bool
	packed [maxPackedChunk]byte
	chunk  [maxChunk]byte
	n, pos int // of the chunk: what it has, what was taken
	err    error
}

const sizeOfVBAReader = maxPackedChunk + maxChunk + maxVBARecord + 16*kib // with the buffers around it

// reset begins with another stream.
func (v *vbaReader) reset(r io.Reader, skip int64) {
	v.r, v.skip, v.begun, v.n, v.pos, v.err = r, skip, false, 0, 0, nil
}

func (v *vbaReader) Read(p []byte) (int, error) {
	for v.pos == v.n {
		if v.err != nil {
			return 0, v.err
		}
		v.n, v.pos = 0, 0
		if v.err = v.fill(); v.err == io.ErrUnexpectedEOF {
			v.err = errModule
		}
	}
	n := copy(p, v.chunk[v.pos:v.n])
	v.pos += n
	return n, nil
}

// fill reads the next chunk. What is good of one that is damaged is there beside the error.
func (v *vbaReader) fill() error {
	if !v.begun {
		v.begun = true
		if _, err := io.CopyN(io.Discard, v.r, v.skip); err != nil {
			return joinModule(err)
		}
		if _, err := io.ReadFull(v.r, v.packed[:1]); err != nil {
			return joinModule(err)
		}
		if v.packed[0] != 1 {
			return errModule
		}
	}
	if _, err := io.ReadFull(v.r, v.packed[:2]); err != nil {
		return err // io.EOF is the end
	}
	head := binary.LittleEndian.Uint16(v.packed[:])
	if head>>12&7 != 3 {
		return errModule
	}
	n, err := io.ReadFull(v.r, v.packed[:head&0xfff+1])
	if e := v.w.step(64 + int64(n)); e != nil {
		return e
	}
	if head>>15 == 0 {
		v.n = copy(v.chunk[:], v.packed[:n])
	} else if e := v.tokens(v.packed[:n]); e != nil && err == nil {
		err = e
	}
	if e := v.w.step(int64(v.n)); e != nil {
		return e
	}
	return joinModule(err)
}

func joinModule(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errModule
	}
	return err
}

// tokens unpacks a chunk.
func (v *vbaReader) tokens(b []byte) error {
	for len(b) > 0 {
		flags := b[0]
		b = b[1:]
		for i := 0; i < 8 && len(b) > 0; i++ {
			if flags>>i&1 == 0 {
				if v.n == maxChunk {
					return errModule
				}
				v.chunk[v.n] = b[0]
				v.n++
				b = b[1:]
				continue
			}
			if len(b) < 2 || v.n == 0 {
				return errModule
			}
			token := binary.LittleEndian.Uint16(b)
			b = b[2:]
			// How many bits say how far back depends on how far back there is anything.
			far := max(4, bits.Len(uint(v.n-1)))
			length := int(token&(0xffff>>far)) + 3
			from := v.n - int(token>>(16-far)) - 1
			if from < 0 || length > maxChunk-v.n {
				return errModule
			}
			for ; length > 0; length-- { // it may copy what it writes
				v.chunk[v.n] = v.chunk[from]
				v.n++
				from++
			}
		}
	}
	return nil
}
