package analyse

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"magpie/internal/classify"
	"magpie/internal/detect"
)

// MostCleanMembers is how many files of an archive are listed at most in which nothing was found.
const MostCleanMembers = 1000

// Config says what to look for and how much of it a result shows.
type Config struct {
	// Owner is whose objects are analysed, such as an account. A box that has read one owner's
	// objects never reads another's: were it taken over by an object, it could carry what it saw.
	Owner string

	Managed    []string // ids of managed data identifiers
	Custom     []Custom
	AllowWords [][]byte // lists of values that are not reported, one on a line
	AllowRegex []string // patterns of values that are not reported

	MaxFileBytes int64 // an object larger than this is not opened; 0: Macie's quota for its type
	Samples      int   // masked values kept for each identifier and document
	Reveal       bool  `json:",omitempty"` // samples are not masked
	Explain      bool  `json:",omitempty"` // results list what is not reported, and why
	CleanMembers int   `json:",omitempty"` // files of an archive that are listed though nothing was found in them; up to MostCleanMembers
}

// Custom is a custom data identifier with the names that results give it.
type Custom struct {
	ID, Name string
	detect.CustomConfig
}

// Search is a Config compiled. It is immutable and safe for concurrent use.
type Search struct {
	config  Config
	set     *detect.Set
	names   map[*detect.Custom]classify.CustomName
	encoded []byte // of the Config, for boxes
	key     string // the same for equal Configs
}

// ConfigError says which entry of a Config cannot be used.
type ConfigError struct {
	Member string // custom, allowWords or allowRegex; empty for the whole
	Index  int
	Err    error
}

func (e *ConfigError) Error() string { return e.Err.Error() }
func (e *ConfigError) Unwrap() error { return e.Err }

var errNothing = errors.New("there is nothing to look for")

// Compile checks a Config and compiles it. Its error is a *ConfigError.
func Compile(c Config) (*Search, error) {
	s, err := compile(c)
	if err != nil {
		return nil, err
	}
	if s.encoded, err = json.Marshal(c); err != nil {
		return nil, &ConfigError{Err: err}
	}
	if len(s.encoded) > maxConfig {
		return nil, &ConfigError{Err: fmt.Errorf("the identifiers and allow lists take %d bytes, at most %d can be used at once", len(s.encoded), maxConfig)}
	}
	sum := sha256.Sum256(s.encoded)
	s.key = hex.EncodeToString(sum[:])
	return s, nil
}

// compile is the part of Compile that a box does too.
func compile(c Config) (*Search, error) {
	s := &Search{config: c, names: map[*detect.Custom]classify.CustomName{}}
	dc := detect.Config{Managed: c.Managed}
	for i := range c.Custom {
		compiled, err := detect.CompileCustom(c.Custom[i].CustomConfig)
		if err != nil {
			return nil, &ConfigError{"custom", i, err}
		}
		s.names[compiled] = classify.CustomName{ID: c.Custom[i].ID, Name: c.Custom[i].Name}
		dc.Custom = append(dc.Custom, compiled)
	}
	for i, words := range c.AllowWords {
		list, err := detect.AllowWords(words)
		if err != nil {
			return nil, &ConfigError{"allowWords", i, err}
		}
		dc.AllowLists = append(dc.AllowLists, list)
	}
	for i, pattern := range c.AllowRegex {
		list, err := detect.AllowRegex(pattern)
		if err != nil {
			return nil, &ConfigError{"allowRegex", i, err}
		}
		dc.AllowLists = append(dc.AllowLists, list)
	}
	if len(dc.Managed)+len(dc.Custom) == 0 {
		return nil, &ConfigError{Err: errNothing}
	}
	var err error
	if s.set, err = detect.Compile(dc); err != nil {
		return nil, &ConfigError{Err: err}
	}
	return s, nil
}

// Names are what results call the custom data identifiers.
func (s *Search) Names() map[*detect.Custom]classify.CustomName { return s.names }

// Set is what is looked for.
func (s *Search) Set() *detect.Set { return s.set }
