package detect

import (
	"bytes"
	_ "embed"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

//go:embed lexicon/names.txt
var nameList string

//go:embed lexicon/stop.txt
var stopList string

const (
	titleList = "mr mrs ms miss mx dr prof sir madam herr frau monsieur madame mme mlle signor signora sig dott señor señora sr sra senhor senhora dhr mevrouw"
)

// packLexicon makes the table of the lists. The letters after an @ say what the words below
// it are: G and g given names, F and f family names, those in capitals common, w words.
func packLexicon(list string) []byte {
	l := newLexiconWriter()
	plain := func(w string) []byte {
		var b [maxNameWord]byte
		return plainWord(b[:0], []byte(w))
	}
	start := func(w string) {
		r, n := utf8.DecodeRuneInString(w)
		for _, s := range []string{w, strings.ToUpper(w), string(unicode.ToUpper(r)) + w[n:]} {
			l.start(s)
		}
	}
	var flags uint8
	accents := false
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "@") {
			accents = line == "@accents"
			flags = 0
			for c, f := range map[string]uint8{"g": isGiven, "G": isGiven | isCommonGiven, "f": isFamily, "F": isFamily | isCommonFamily, "w": isWord} {
				if strings.Contains(line, c) {
					flags |= f
				}
			}
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			if accents {
				start(w)
				continue
			}
			l.add([]byte(w), flags)
			if flags&isGiven != 0 {
				start(w)
			}
		}
	}
	for line := range strings.Lines(stopList) {
		if !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(line) {
				l.add(plain(w), isStop)
			}
		}
	}
	for _, w := range strings.Fields(titleList) {
		l.add(plain(w), isTitle)
		start(w)
	}
	for _, w := range particles {
		l.add(plain(w), isParticle)
	}
	return l.table
}

// TestLexiconTable holds the table to the lists: go test ./internal/detect -run
// TestLexiconTable -update packs it anew.
func TestLexiconTable(t *testing.T) {
	want := packLexicon(nameList)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("lexicon/names.table", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal([]byte(lexiconTable), want) {
		t.Error("lexicon/names.table is not that of the lists: go test ./internal/detect -run TestLexiconTable -update")
	}
	used := 0
	for i := range lexiconSlots {
		if want[2*i] != 0 {
			used++
		}
	}
	if used > lexiconSlots*3/4 {
		t.Errorf("%d words are too many for the table", used)
	}
}
