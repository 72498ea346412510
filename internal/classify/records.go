package classify

import (
	"cmp"
	"slices"
	"strings"

	"magpie/internal/detect"
	"magpie/internal/extract"
)

// recorder finds what is spread over the members of a record: a name in first_name and last_name, an address in address, city
// and zip, a header in a member of its name. What it finds is placed at the first of the members, and stands for whatever the
// engine finds of the same kind inside them.
//
// A document is looked at only if it has names of parts, which the engine tells in passing, see detect.Scanner.Parts. The
// columns of formats that keep them apart from their text are asked for.
type recorder struct {
	name, address, cookie, basic int // indices of identifiers; -1: not looked for

	parts cache[*string, detect.PartName] // of the object at hand
	list  []extract.Field
	open  []piece
	found []spread
	// inside has what the members of found hold, by start.
	inside  []member
	around  []member       // of them, those that may hold the match at hand
	matches []detect.Match // the engine's of the segment
	apart   bool           // they are but those that members may cover

	// columns has the records that have a part, for formats that lie column by column.
	byColumn bool
	columns  []column

	seg     *extract.Segment
	account *extract.Account
	allow   func([]byte) bool // whether a list does
}

// column is a column of parts: the records that have one, ascending within what the format calls a row group.
type column struct {
	detect.PartName
	names   []string
	records map[int64]struct{}
}

// piece is one member.
type piece struct {
	detect.PartName
	lo, hi int
	names  []string
	loc    *extract.Location
	bare   bool // a street without a number or a word that says so
}

// spread is something found in several members.
type spread struct {
	id, lo, hi int
}

type member struct{ lo, hi, id int }

const (
	// recordReach is how far the members of one record may be apart, in bytes, where segments meet.
	recordReach = 4 << 10
	// maxPieces bounds what one record holds.
	maxPieces = 64
	// maxColumns and maxColumn bound what is remembered of columns. Macie counts a thousand names and addresses.
	maxColumns = 24
	maxColumn  = 4096
	// maxMatches is how many matches of all identifiers wait for what is found in members.
	maxMatches = 64 << 10
	sizeOfRow  = 40 // an entry of column.records
	// columnMIME is the type of files that lie column by column.
	columnMIME = "application/parquet"
)

// newRecorder returns nil when none of the identifiers can be spread over members. most bounds what it remembers.
func newRecorder(set *detect.Set, most int64) *recorder {
	r := &recorder{name: -1, address: -1, cookie: -1, basic: -1, parts: newCache[*string, detect.PartName](most)}
	for i, id := range set.Identifiers() {
		switch id.ID {
		case "NAME":
			r.name = i
		case "ADDRESS":
			r.address = i
		case "HTTP_COOKIE":
			r.cookie = i
		case "HTTP_BASIC_AUTH_HEADER":
			r.basic = i
		}
	}
	if r.name < 0 && r.address < 0 && r.cookie < 0 && r.basic < 0 {
		return nil
	}
	return r
}

// look finds what is spread in a segment, in order of its places. Of a record that begins in another segment only the members
// are told.
func (r *recorder) look(seg *extract.Segment, wanted detect.Parts) {
	r.seg, r.open, r.found, r.inside = seg, r.open[:0], r.found[:0], r.inside[:0]
	for off := max(0, seg.Lo-recordReach); off < min(len(seg.Text), seg.Hi+recordReach); {
		if seg.Late(8) { // where only single places can be asked for, it goes a byte at a time
			break
		}
		list, upto, ok := seg.Fields(r.list[:0], off)
		if r.list = list; !ok || upto <= off {
			f, one := seg.Field(off)
			if upto = off + 1; one && f.Hi > off {
				upto = f.Hi
				r.list = append(r.list[:0], f)
			}
		}
		for i := range r.list {
			if f := &r.list[i]; len(f.Names) > 0 && f.Lo < upto {
				r.take(f, wanted)
			}
		}
		off = upto
	}
	r.flush(len(r.open))
	slices.SortFunc(r.found, func(a, b spread) int { return cmp.Or(a.lo-b.lo, a.id-b.id) })
	slices.SortFunc(r.inside, func(a, b member) int { return a.lo - b.lo })
}

// forget lets go of everything that has to do with the object at hand.
func (r *recorder) forget(a *extract.Account) {
	r.parts.empty(a)
	list, open := r.list[:cap(r.list)], r.open[:cap(r.open)]
	clear(list)
	clear(open)
	if r.account != nil {
		r.dropColumns()
	}
	r.list, r.open, r.seg, r.account = list[:0], open[:0], nil, nil
}

// dropColumns forgets the columns of a document.
func (r *recorder) dropColumns() {
	for i := range r.columns {
		r.account.Release(int64(len(r.columns[i].records)) * sizeOfRow)
	}
	r.columns = nil
}

// partOf is detect.PartOf, worked out once for each way of names.
func (r *recorder) partOf(names []string) detect.PartName {
	p, ok := r.parts.m[&names[0]]
	if !ok {
		p = detect.PartOf(names)
		size := int64(len(p.Group))
		for _, n := range names {
			size += int64(len(n)) + 16
		}
		r.parts.put(r.account, &names[0], p, size)
	}
	return p
}

// told says which kinds of parts the names of a segment's first values tell of.
func (r *recorder) told(seg *extract.Segment) (parts detect.Parts) {
	list, _, ok := seg.Fields(r.list[:0], seg.Lo)
	r.list = list
	for i := range list {
		if f := &list[i]; ok && len(f.Names) > 0 {
			parts |= r.partOf(f.Names).Tells()
		}
	}
	return parts
}

// take adds a value to the record that it is a member of.
func (r *recorder) take(f *extract.Field, wanted detect.Parts) {
	part := r.partOf(f.Names)
	kind := detect.MemberParts
	if part.Part == detect.HeaderName {
		kind |= detect.HeaderParts
	} else if part.Part >= detect.BasicHeader {
		kind = detect.HeaderParts
	}
	if part.Part == detect.NoPart || wanted&kind == 0 {
		return
	}
	value := r.seg.Text[f.Lo:f.Hi]
	bare := false
	if !part.Fits(value) {
		if bare = !r.byColumn && part.FitsBeside(value); !bare {
			return
		}
	}
	p := piece{PartName: part, lo: f.Lo, hi: f.Hi, names: f.Names, bare: bare}
	if part.Nested {
		p.names = f.Names[:len(f.Names)-1]
	}
	switch part.Part {
	case detect.BasicHeader, detect.CookieHeader, detect.SetCookieHeader:
		r.header(part.Part, &p)
		return
	}
	if r.byColumn {
		r.join(&p)
		return
	}
	for i := range r.open {
		if o := &r.open[i]; o.Part == p.Part && o.Group == p.Group && siblings(o.names, p.names) {
			// Another record has begun, perhaps with some of the members that are open.
			k := len(r.open)
			for k > 0 && k > i+1 && r.together(&r.open[k-1], &p) {
				k--
			}
			r.flush(k)
			break
		}
	}
	if len(r.open) == maxPieces {
		r.flush(maxPieces)
	}
	r.open = append(r.open, p)
}

// join adds a value to its column. What is complete with it is placed at it, since the other members may be far behind.
func (r *recorder) join(p *piece) {
	if p.lo < r.seg.Lo || p.lo >= r.seg.Hi {
		return
	}
	row := r.seg.Locate(p.lo, p.hi).Record
	own := -1
	var before, after parts
	for i := range r.columns {
		c := &r.columns[i]
		if !siblings(c.names, p.names) || c.Group != p.Group {
			continue
		}
		if c.Part == p.Part {
			own = i
		}
		if _, has := c.records[row]; has {
			before |= 1 << c.Part
		}
	}
	if own < 0 {
		if len(r.columns) == maxColumns {
			return
		}
		own = len(r.columns)
		r.columns = append(r.columns, column{p.PartName, slices.Clone(p.names), map[int64]struct{}{}})
	}
	c := &r.columns[own]
	if _, has := c.records[row]; !has {
		if len(c.records) == maxColumn || !r.account.Hold(sizeOfRow) {
			return
		}
		c.records[row] = struct{}{}
	}
	after = before | 1<<p.Part
	if r.name >= 0 && !before.name() && after.name() {
		r.keep(r.name, p)
	}
	if r.address >= 0 && !before.address() && after.address() {
		r.keep(r.address, p)
	}
}

// parts is a set of parts.
type parts uint32

func (p parts) has(part detect.Part) bool { return p>>part&1 != 0 }
func (p parts) name() bool                { return p.has(detect.GivenName) && p.has(detect.FamilyName) }
func (p parts) address() bool {
	return p.has(detect.Street) && b2i(p.has(detect.City))+b2i(p.has(detect.PostalCode))+b2i(p.has(detect.State)) >= 2
}

// siblings says whether two ways of names differ in the last name at most.
func siblings(a, b []string) bool {
	return len(a) == len(b) && slices.Equal(a[:len(a)-1], b[:len(b)-1])
}

// together says whether two values are in one row or one object.
func (r *recorder) together(a, b *piece) bool {
	for _, p := range []*piece{a, b} {
		if p.loc == nil {
			loc := r.seg.Locate(p.lo, p.hi)
			p.loc = &loc
		}
	}
	x, y := a.loc, b.loc
	switch {
	case x.Kind != y.Kind:
		return false
	case x.Kind == extract.Cell:
		return x.Row == y.Row
	case x.Kind == extract.LineRange || x.Kind == extract.Page: // of a table in a document
		return x.Row == y.Row && x.Row > 0
	case x.Kind == extract.Record:
		return x.Record == y.Record && a.parent() == b.parent()
	}
	return false
}

// parent is the JSONPath of the object that a member is of. The first of a list is a member as the list is: a given name of several.
func (p *piece) parent() string {
	path := strings.TrimSuffix(p.loc.Path, "[0]")
	if p.Nested {
		path = parent(path)
	}
	return parent(path)
}

// parent is a JSONPath without its last element.
func parent(path string) string {
	if strings.HasSuffix(path, "']") {
		if i := strings.LastIndex(path, "['"); i >= 0 {
			return path[:i]
		}
	}
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return path
}

// flush looks for what the first n open members are together, and closes them.
func (r *recorder) flush(n int) {
	record := r.open[:n]
	for i := range record {
		switch p := &record[i]; p.Part {
		case detect.GivenName:
			r.fullName(record, p)
		case detect.Street:
			r.fullAddress(record, p)
		case detect.HeaderName:
			if v := r.member(record, p, detect.HeaderValue, true); v != nil {
				header := detect.PartName{Part: detect.HeaderPart(r.value(p))}
				if header.Fits(r.value(v)) {
					r.header(header.Part, v)
				}
			}
		}
	}
	r.open = r.open[:copy(r.open, r.open[n:])]
}

func (r *recorder) value(p *piece) []byte { return r.seg.Text[p.lo:p.hi] }

// member returns the member of a record that is a part of the same thing as p, or nil; where group is not set, of any thing.
func (r *recorder) member(record []piece, p *piece, part detect.Part, group bool) *piece {
	for i := range record {
		if o := &record[i]; o.Part == part && (!group || o.Group == p.Group) && siblings(o.names, p.names) && r.together(p, o) {
			return o
		}
	}
	return nil
}

// fullName is a given name with a family name beside it.
func (r *recorder) fullName(record []piece, given *piece) {
	family := r.member(record, given, detect.FamilyName, true)
	if family == nil && detect.FamilyBeside(given.names) {
		family = r.member(record, given, detect.HeaderName, true)
	}
	if r.name < 0 || family == nil {
		return
	}
	first, last := r.value(given), r.value(family)
	if given.Plain && family.Plain && !detect.KnownName(first, detect.GivenName) && !detect.KnownName(last, detect.FamilyName) {
		return
	}
	if r.allow(slices.Concat(first, []byte{' '}, last)) {
		return
	}
	r.keep(r.name, given, family, r.member(record, given, detect.MiddleName, true))
}

// fullAddress is a street with a city and a postal code, or one of them and a state. They are of one group, or there is only
// one of each.
func (r *recorder) fullAddress(record []piece, street *piece) {
	if r.address < 0 {
		return
	}
	part := func(p detect.Part) *piece {
		if o := r.member(record, street, p, true); o != nil {
			return o
		}
		if o := r.member(record, street, p, false); o != nil && o.Group == "" || street.Group == "" {
			return o
		}
		return nil
	}
	house := part(detect.House)
	if street.bare && house == nil {
		return
	}
	city, code, state := part(detect.City), part(detect.PostalCode), part(detect.State)
	if b2i(city != nil)+b2i(code != nil)+b2i(state != nil) < 2 {
		return
	}
	r.keep(r.address, street, house, city, code, state)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// header keeps the value of a header.
func (r *recorder) header(part detect.Part, value *piece) {
	id := r.cookie
	if part == detect.BasicHeader {
		id = r.basic
	}
	if id >= 0 && !r.allow(r.value(value)) {
		r.keep(id, value)
	}
}

// keep adds something found in members, some of which may be nil.
func (r *recorder) keep(id int, members ...*piece) {
	first := members[0]
	for _, m := range members {
		if m != nil {
			r.inside = append(r.inside, member{m.lo, m.hi, id})
			if m.lo < first.lo {
				first = m
			}
		}
	}
	if first.lo >= r.seg.Lo && first.lo < r.seg.Hi {
		r.found = append(r.found, spread{id, first.lo, first.hi})
	}
}

// covers says whether a match of the engine's lies in a member of something found that is the same. Matches come in order: members that
// end before one are let go of, wherever they stand, so that one long member does not have all that come after it be looked at again and
// again.
func (r *recorder) covers(m *detect.Match) bool {
	for len(r.inside) > 0 && r.inside[0].lo < m.End {
		if x := r.inside[0]; x.hi > m.Start && !slices.Contains(r.around, x) {
			r.around = append(r.around, x)
		}
		r.inside = r.inside[1:]
	}
	r.around = slices.DeleteFunc(r.around, func(x member) bool { return x.hi <= m.Start })
	return slices.ContainsFunc(r.around, func(x member) bool { return x.id == m.Identifier && x.lo < m.End })
}

// hold keeps a match until it is known what is found in members. Where there are very many, since each of thirty custom identifiers may
// match at each byte, those that no member can cover do not wait.
func (w *Worker) hold(t *tally, seg *extract.Segment, m detect.Match) {
	r := w.records
	if len(r.matches) == maxMatches && !r.apart {
		r.apart = true
		waiting := r.matches
		r.matches = r.matches[:0]
		for _, m := range waiting {
			w.hold(t, seg, m)
		}
	}
	if r.apart && m.Identifier != r.name && m.Identifier != r.address && m.Identifier != r.cookie && m.Identifier != r.basic {
		w.count(t, seg, m)
		return
	}
	r.matches = append(r.matches, m)
}

// scanRecords scans a segment of a structured document and counts what is found in its values and over them, in order.
func (w *Worker) scanRecords(t *tally, seg *extract.Segment, block *detect.Block) {
	r := w.records
	r.account, r.byColumn = w.account, t.doc.MIME == columnMIME
	if seg.Start {
		r.dropColumns()
	}
	r.matches, r.apart = r.matches[:0], false
	r.allow = func(value []byte) bool { return t.scanner.Allows(value, w.late) }
	t.scanner.Scan(block, func(m detect.Match) { w.hold(t, seg, m) })
	if seg.Start {
		t.parts = r.told(seg)
	}
	switch parts, members := t.scanner.Parts(); t.doc.MIME {
	case "text/csv", "text/tab-separated-values", "application/avro", columnMIME: // whose names are known by now
	case "application/json":
		t.parts |= members
	default:
		t.parts |= parts
	}
	r.found, r.inside, r.around = r.found[:0], r.inside[:0], r.around[:0]
	full := func(id int) bool { return id < 0 || t.counts[id] >= maxNames && t.more }
	wanted := t.parts
	if full(r.name) && full(r.address) {
		wanted &^= detect.MemberParts
	}
	if wanted != 0 {
		r.look(seg, wanted)
	}
	found := r.found
	inside := r.inside
	for i := range r.matches {
		m := &r.matches[i]
		for len(found) > 0 && found[0].lo <= m.Start {
			w.count(t, seg, detect.Match{Identifier: found[0].id, Start: found[0].lo, End: found[0].hi})
			found = found[1:]
		}
		if !r.covers(m) {
			w.count(t, seg, *m)
		}
	}
	for _, x := range found {
		w.count(t, seg, detect.Match{Identifier: x.id, Start: x.lo, End: x.hi})
	}
	r.inside = inside
}
