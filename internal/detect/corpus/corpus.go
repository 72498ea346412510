// Package corpus writes texts to measure the scanner on: logs, JSON, source code,
// prose, and a table full of sensitive values. What it writes depends on the seed
// alone. The texts hold what such files hold, few keywords and many numbers; only
// the table is dense with matches.
//
// Start with [Kinds]; each kind is a function of a random source and a size.
package corpus

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// Kind is one kind of text.
type Kind struct {
	Name string
	// Write returns at least that many bytes.
	Write func(random *rand.Rand, size int) []byte
}

// Kinds lists the texts of the mixed corpus.
func Kinds() []Kind {
	return []Kind{{"logs", Logs}, {"json", JSON}, {"code", Code}, {"prose", Prose}}
}

// Random returns the source for a seed.
func Random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x9E3779B97F4A7C15)) }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

var (
	levels   = []string{"INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"}
	parts    = []string{"http", "auth", "billing", "scheduler", "storage.gc", "cache", "replica-2", "ingest", "mailer", "search"}
	events   = []string{"request completed", "connection reset by peer", "cache miss for key", "retrying in", "flushed segment", "user session refreshed", "checkpoint written", "slow query", "lease renewed by", "compaction finished after", "could not open file", "worker started", "queue drained", "index rebuilt", "snapshot taken", "configuration reloaded", "batch of events acknowledged", "peer joined the ring", "stream closed by client", "no change since last poll", "deadline exceeded while waiting for"}
	paths    = []string{"/api/v1/orders", "/api/v1/users", "/static/app.js", "/healthz", "/metrics", "/api/v2/search", "/login", "/api/v1/invoices", "/favicon.ico"}
	agents   = []string{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36", "curl/8.4.0", "Go-http-client/2.0", "kube-probe/1.29", "python-requests/2.31.0"}
	words    = []string{"the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "was", "with", "as", "on", "be", "this", "by", "are", "from", "at", "which", "have", "or", "had", "not", "they", "one", "their", "other", "system", "data", "time", "when", "value", "service", "between", "process", "customer", "report", "during", "about", "after", "again", "against", "almost", "always", "among", "because", "become", "better", "black", "board", "body", "bring", "build", "business", "centre", "century", "child", "clear", "close", "common", "course", "doctor", "early", "effect", "enough", "evening", "event", "family", "father", "field", "figure", "final", "follow", "foreign", "friend", "ground", "group", "growth", "happen", "higher", "human", "interest", "island", "later", "level", "light", "little", "local", "machine", "major", "matter", "method", "model", "money", "month", "morning", "mother", "nature", "night", "office", "often", "order", "paper", "party", "people", "period", "person", "place", "point", "power", "price", "problem", "program", "question", "quite", "rather", "reason", "record", "right", "river", "school", "science", "sense", "series", "short", "since", "small", "social", "source", "space", "stage", "start", "story", "street", "strong", "study", "table", "theory", "think", "though", "today", "together", "under", "until", "value", "voice", "white", "whole", "window", "within", "woman", "world", "write", "young", "account", "number", "card", "contact", "several", "however", "change", "state", "result", "security", "network", "analysis", "market", "water", "public", "company", "development", "before", "through", "language", "history", "research", "control", "information", "important", "example", "function", "different", "second", "general", "government"}
	names    = []string{"buffer", "index", "count", "offset", "length", "value", "reader", "writer", "config", "client", "server", "request", "response", "handler", "result", "err", "ctx", "key", "node", "state", "total", "limit", "options", "queue", "batch", "cursor", "token", "user", "account", "session", "path", "name", "table", "field", "entry"}
	verbs    = []string{"get", "set", "read", "write", "open", "close", "parse", "encode", "decode", "find", "update", "delete", "load", "store", "merge", "split", "check", "handle", "new", "apply"}
	jsonKeys = []string{"id", "createdAt", "updatedAt", "status", "amount", "currency", "quantity", "sku", "title", "description", "tags", "version", "active", "score", "region", "duration_ms", "url", "parent_id", "metadata", "priority", "color", "weight", "unit", "language"}
)

// Logs writes application logs and access logs.
func Logs(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 512)
	ms := int64(1700000000000)
	for b.Len() < size {
		ms += r.Int64N(900)
		day, clock := ms/86400000%28+1, ms%86400000
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "10.%d.%d.%d - - [%02d/Oct/2026:%02d:%02d:%02d +0000] \"%s %s?page=%d HTTP/1.1\" %d %d \"-\" \"%s\"\n",
				r.IntN(256), r.IntN(256), r.IntN(256), day, clock/3600000, clock/60000%60, clock/1000%60,
				pick(r, []string{"GET", "GET", "GET", "POST", "PUT"}), pick(r, paths), r.IntN(200), pick(r, []int{200, 200, 200, 204, 304, 404, 500}), r.IntN(90000), pick(r, agents))
			continue
		}
		event := pick(r, events)
		if r.IntN(40) == 0 {
			event = pick(r, []string{"payment card accepted", "contact synchronised", "position updated", "account number missing"})
		}
		fmt.Fprintf(&b, "2026-10-%02dT%02d:%02d:%02d.%03dZ %s [%s] %s id=%08x-%04x-%04x duration=%dms bytes=%d worker=%d ts=%d\n",
			day, clock/3600000, clock/60000%60, clock/1000%60, clock%1000, pick(r, levels), pick(r, parts), event,
			r.Uint32(), r.IntN(65536), r.IntN(65536), r.IntN(5000), r.IntN(1<<24), r.IntN(64), ms)
	}
	return b.Bytes()
}

// JSON writes records as JSON lines.
func JSON(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 1024)
	for b.Len() < size {
		b.WriteByte('{')
		for i := range 6 + r.IntN(8) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:", pick(r, jsonKeys))
			switch r.IntN(7) {
			case 0:
				fmt.Fprintf(&b, "%d", r.IntN(1<<30))
			case 1:
				fmt.Fprintf(&b, "%.2f", r.Float64()*1e4)
			case 2:
				fmt.Fprintf(&b, "\"2026-%02d-%02dT%02d:%02d:%02dZ\"", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
			case 3:
				fmt.Fprintf(&b, "\"%016x%016x\"", r.Uint64(), r.Uint64())
			case 4:
				fmt.Fprintf(&b, "%t", r.IntN(2) == 0)
			case 5:
				fmt.Fprintf(&b, "[%d,%d,%d]", r.IntN(100), r.IntN(1000), r.IntN(10000))
			default:
				b.WriteByte('"')
				sentence(&b, r, 3+r.IntN(10))
				b.WriteByte('"')
			}
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// Code writes something like Go source.
func Code(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 1024)
	title := func(s string) string { return string(s[0]-32) + s[1:] }
	name := func() string { return pick(r, verbs) + title(pick(r, names)) }
	for b.Len() < size {
		fmt.Fprintf(&b, "// %s ", name())
		sentence(&b, r, 5+r.IntN(14))
		fmt.Fprintf(&b, ".\nfunc (%c *%s) %s(%s int, %s []byte) (%s, error) {\n", 'a'+rune(r.IntN(26)), title(pick(r, names)), title(name()), pick(r, names), pick(r, names), title(pick(r, names)))
		for range 4 + r.IntN(12) {
			tabs := "\t\t\t"[:1+r.IntN(3)]
			switch r.IntN(5) {
			case 0:
				fmt.Fprintf(&b, "%sif %s := %s.%s(%s, 0x%x); %s != nil {\n%s\treturn nil, fmt.Errorf(\"%s %%q: %%w\", %s, err)\n%s}\n", tabs, pick(r, names), pick(r, names), title(name()), pick(r, names), r.IntN(1<<16), pick(r, names), tabs, pick(r, verbs), pick(r, names), tabs)
			case 1:
				fmt.Fprintf(&b, "%sfor i := range %s[%d:] {\n", tabs, pick(r, names), r.IntN(100))
			case 2:
				fmt.Fprintf(&b, "%s%s.%s = append(%s.%s, %s[i+%d])\n", tabs, pick(r, names), pick(r, names), pick(r, names), pick(r, names), pick(r, names), r.IntN(9))
			case 3:
				fmt.Fprintf(&b, "%sconst %s = %d // ", tabs, name(), r.IntN(1<<20))
				sentence(&b, r, 3+r.IntN(8))
				b.WriteByte('\n')
			default:
				fmt.Fprintf(&b, "%s%s(%s(%s), %q)\n", tabs, name(), name(), pick(r, names), pick(r, names)+"_"+pick(r, names))
			}
		}
		b.WriteString("}\n\n")
	}
	return b.Bytes()
}

// Prose writes sentences.
func Prose(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 1024)
	for b.Len() < size {
		for range 3 + r.IntN(6) {
			at := b.Len()
			sentence(&b, r, 6+r.IntN(18))
			if c := b.Bytes()[at]; c >= 'a' && c <= 'z' {
				b.Bytes()[at] -= 32
			}
			b.WriteString(". ")
		}
		b.WriteString("\n\n")
	}
	return b.Bytes()
}

func sentence(b *bytes.Buffer, r *rand.Rand, n int) {
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pick(r, words))
		if r.IntN(40) == 0 {
			fmt.Fprintf(b, " %d", r.IntN(3000))
		}
	}
}

// Cell is one value of a table: its bounds in the text and its column.
type Cell struct{ Lo, Hi, Column int }

// Columns are the names of the columns of [Table].
var Columns = []string{"id", "full_name", "ssn", "card_number", "phone", "date_of_birth", "address", "iban", "passport_number", "note",
	"created_at", "email", "plan", "balance", "referrer", "last_login", "locale", "description"}

// Table writes a table as comma-separated values, every row full of sensitive values.
func Table(r *rand.Rand, size int) ([]byte, []Cell) {
	var b bytes.Buffer
	b.Grow(size + 1024)
	var cells []Cell
	row := 0
	cell := func(column int, format string, args ...any) {
		if column > 0 {
			b.WriteByte(',')
		}
		lo := b.Len()
		fmt.Fprintf(&b, format, args...)
		cells = append(cells, Cell{lo, b.Len(), column})
	}
	for b.Len() < size {
		row++
		cell(0, "%d", row)
		cell(1, "%s %s", pick(r, []string{"John", "Mary", "Robert", "Linda", "Thomas", "Maria", "Peter", "Anna", "Julia", "Kevin"}), pick(r, []string{"Smith", "Johnson", "Miller", "Garcia", "Murphy", "Walker", "Fischer", "Rossi", "Martin", "Baker"}))
		cell(2, "%03d-%02d-%04d", 100+r.IntN(550), 1+r.IntN(98), 1+r.IntN(9998))
		cell(3, "%s", luhn(r, pick(r, []string{"4539", "5412", "5577", "6011", "4716"}), 16))
		cell(4, "(%d) %d-%04d", 212+r.IntN(600)/10*10, 220+r.IntN(700), r.IntN(10000))
		cell(5, "%04d-%02d-%02d", 1940+r.IntN(65), 1+r.IntN(12), 1+r.IntN(28))
		cell(6, "\"%d %s St, %s\"", 1+r.IntN(9999), pick(r, []string{"Oak", "Main", "Elm", "Lake", "Hill"}), pick(r, []string{"Austin, TX 78701", "Denver, CO 80202", "Boston, MA 02108", "Seattle, WA 98101"}))
		cell(7, "%s", iban(r))
		cell(8, "%c%08d", 'A'+rune(r.IntN(26)), r.IntN(1e8))
		cell(9, "%s", pick(r, []string{"ok", "called back in the morning", "prefers letters", "-"}))
		cell(10, "2026-%02d-%02dT%02d:%02d:%02dZ", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
		cell(11, "user%d@example.com", row)
		cell(12, "%s", pick(r, []string{"basic", "premium", "enterprise", "trial"}))
		cell(13, "%d.%02d", r.IntN(100000), r.IntN(100))
		cell(14, "https://www.example.com/%s?c=%d", pick(r, words), r.IntN(1000))
		cell(15, "2026-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))
		cell(16, "%s", pick(r, []string{"en_US", "de_DE", "fr_FR", "it_IT"}))
		b.WriteByte(',')
		lo := b.Len()
		sentence(&b, r, 4+r.IntN(8))
		cells = append(cells, Cell{lo, b.Len(), 17})
		b.WriteByte('\n')
	}
	return b.Bytes(), cells
}

// luhn completes a number of n digits with its check digit.
func luhn(r *rand.Rand, prefix string, n int) string {
	d := []byte(prefix)
	for len(d) < n-1 {
		d = append(d, '0'+byte(r.IntN(10)))
	}
	sum := 0
	for i, c := range d {
		v := int(c - '0')
		if (n-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return string(append(d, '0'+byte((10-sum%10)%10)))
}

// iban makes a German account number with its check digits.
func iban(r *rand.Rand) string {
	bban := fmt.Sprintf("%08d%010d", 10000000+r.IntN(80000000), r.Int64N(1e10))
	mod := 0
	for _, c := range bban + "131400" {
		mod = (mod*10 + int(c-'0')) % 97
	}
	return fmt.Sprintf("DE%02d%s", 98-mod, bban)
}
