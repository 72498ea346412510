package detect

import (
	"slices"
	"strings"
	"testing"
)

func findAll(t *testing.T, set *Set, text string) []string {
	t.Helper()
	out := []string{}
	for _, m := range scanAll(set.NewScanner(), []byte(text)) {
		out = append(out, text[m.Start:m.End])
	}
	return out
}

func TestNames(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"NAME"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"I met John Smith yesterday.":               {"John Smith"},
		"JOHN SMITH, MARY O'BRIEN":                  {"JOHN SMITH", "MARY O'BRIEN"},
		"Mary-Jane Watson-Parker called":            {"Mary-Jane Watson-Parker"},
		"by John F. Kennedy in":                     {"John F. Kennedy"},
		"Smith, John Q.":                            {"Smith, John Q."},
		"Ludwig van Beethoven; Vincent van Gogh":    {"Ludwig van Beethoven", "Vincent van Gogh"},
		"José García López y María Fernández":       {"José García López", "María Fernández"},
		"François Lefèvre, Jürgen Müller":           {"François Lefèvre", "Jürgen Müller"},
		"Herr Wolfgang Weiß":                        {"Wolfgang Weiß"},
		"Dr. Xiulan Qiu said":                       {"Dr. Xiulan Qiu"},
		"Agnieszka Brzozowska-Nowak":                {"Agnieszka Brzozowska-Nowak"},
		"Anna Tkaczynska wrote":                     {"Anna Tkaczynska"},
		"the George Washington University":          {},
		"Victoria Station, Jordan River":            {},
		"Mark Down the prices":                      {},
		"John asked Peter":                          {},
		"Michael Street and Robert Foundation":      {},
		"John The file, Peter Error":                {},
		"fmt.John Smith":                            {},
		"JavaScript PeterSmith":                     {},
		"On Monday Mary Monday":                     {},
		"james brown":                               {},
		"Olivo Collado y García Polanco":            {},
		"MENCHACA ROSARIO Y NEGRETE MOTA":           {},
		"BARROS, REIS E PEREIRA":                    {},
		"JOHN E SMITH":                              {"JOHN E SMITH"},
		"Ana y María García":                        {"María García"},
		"Paris Texas, Austin Fernandez":             {"Austin Fernandez"},
		`{"name":"Sarah Connor","x":1}`:             {"Sarah Connor"},
		"Élodie Durand\nÓscar Núñez\tŁukasz Nowak,": {"Élodie Durand", "Óscar Núñez", "Łukasz Nowak"},
	} {
		if got := findAll(t, set, text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestFamilyFirst: a family name, a comma and a given name are a person where they stand for
// themselves, and none out of a list of people, where they end one and begin the next.
func TestFamilyFirst(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"NAME"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"Smith, John", []string{"Smith, John"}},
		{"Smith, John\n", []string{"Smith, John"}},
		{"SMITH, JOHN", []string{"SMITH, JOHN"}},
		{"Smith, John; Miller, Jane", []string{"Smith, John", "Miller, Jane"}},
		{"Smith, John\nMiller, Jane\nTaylor, Peter\n", []string{"Smith, John", "Miller, Jane", "Taylor, Peter"}},
		{"  Smith, John\n  Miller, Jane\n  Taylor, Peter\n", []string{"Smith, John", "Miller, Jane", "Taylor, Peter"}},
		{"1\tSmith, John\t1990\n2\tMiller, Jane\t1991\n", []string{"Smith, John", "Miller, Jane"}},
		{"a,\"Smith, John\",b", []string{"Smith, John"}},
		{"Patient Smith, John was seen", []string{"Smith, John"}},
		{"Name: Smith, John", []string{"Smith, John"}},
		{"Author Smith, John", []string{"Smith, John"}},
		{"Employee Smith, John", []string{"Smith, John"}},
		{"Dear Smith, John", []string{"Smith, John"}},
		{"From Smith, John to", []string{"Smith, John"}},
		{"Mr. Smith, John", []string{"Smith, John"}},
		{"the report of Smith, John Q. of May", []string{"Smith, John Q."}},
		{"(Herrmann, Rene R.)", []string{"Herrmann, Rene R."}},
		{"Smith, John Paul", []string{"Smith, John"}},
		{"Brown, Peter\nJones, David\r\nJohnson, Michael", []string{"Brown, Peter", "Jones, David", "Johnson, Michael"}},
		{"patient: Williams, Robert\n\"Davis, James\"\t<td>Scott, James</td>", []string{"Williams, Robert", "Davis, James", "Scott, James"}},
		{"Lewis, Carl; Young, Neil; White, Susan", []string{"Lewis, Carl", "Young, Neil", "White, Susan"}},
		{"Smith, John (Boston, MA)", []string{"Smith, John"}},
		{"Smith, John, 12 May 1990", []string{"Smith, John"}},

		{"Emily\u00a0Gonyer, Ettore\u00a0Atalan", nil},
		{"Tom\u00a0Yan, Tony\u00a0Asleson,\n", nil},
		{"[Matthias, Tommi]", nil},
		{"Jonathan, Tommi, Stefan Kost", []string{"Stefan Kost"}},
		{"Daniel\n        Buch, Daniel Mack, daurnimator", []string{"Daniel Mack"}},
		{"Muktha Narayan, Owen]", nil},
		{"Hui Yiqun, imayoda, Insun Pyo, Iwan\n  Timmer", nil},
		{"Norbert\n  Lange, Paul Cercueil, pelzvieh", []string{"Paul Cercueil"}},
		{"Steven\n  Hiscocks, Thomas Hindoe Andersen", nil},
		{"Filipe\n  Brandenburger, Hans de Goede", []string{"Hans de Goede"}},
		{"Karl\n\tVogel, Kaveh R. Ghazi and others", []string{"Kaveh R. Ghazi"}},
		{"T. Barclay, Ian", nil},
		{"Thomas H. P. Andersen, Tobias", nil},
		{"Shuang Liu, Simon\n  Fowler, x", nil},
		{"[Scott, James]", nil},
		{"we asked Scott, Thomas, Kelly", nil},
		{"Update German, Dutch translations", nil},
		{"(Johan, John, Gian Mario)", nil},
		{"Mark\u00a0Boudreau, Matthijs\u00a0van\u00a0Duin", nil},
		{"Arnaud\u00a0Ferraris, Arvid E.\u00a0Picciani", nil},
	} {
		got := findAll(t, set, c.text)
		if c.want == nil {
			for _, g := range got {
				if strings.Contains(g, ", ") {
					t.Errorf("%q: %q", c.text, got)
				}
			}
		} else if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"ADDRESS"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"ship to 123 Main St, Springfield, IL 62704.":               {"123 Main St, Springfield, IL 62704"},
		"1600 Pennsylvania Avenue NW, Washington, DC 20500-0003":    {"1600 Pennsylvania Avenue NW, Washington, DC 20500-0003"},
		"42 Elm Road\nSan Francisco, California 94105":              {"42 Elm Road\nSan Francisco, California 94105"},
		"Springfield, IL 90210":                                     {},
		"10 Downing Street, London SW1A 2AA":                        {"10 Downing Street, London SW1A 2AA"},
		"5 High Street, Little Snoring, Norfolk NR21 0HZ":           {"5 High Street, Little Snoring, Norfolk NR21 0HZ"},
		"111 Wellington St, Ottawa, ON K1A 0A9":                     {"111 Wellington St, Ottawa, ON K1A 0A9"},
		"Ottawa, ON V1A 0A9":                                        {},
		"1 George Street, Sydney NSW 2000":                          {"1 George Street, Sydney NSW 2000"},
		"12 rue de la Paix, 75002 Paris":                            {"12 rue de la Paix, 75002 Paris"},
		"Hauptstraße 5, 10115 Berlin":                               {"Hauptstraße 5, 10115 Berlin"},
		"Via Roma 12, 00184 Roma":                                   {"Via Roma 12, 00184 Roma"},
		"Calle Mayor 3, 28013 Madrid":                               {"Calle Mayor 3, 28013 Madrid"},
		"we have 10115 Users and 28013 Berlin":                      {},
		"id 62704 IL 62704":                                         {},
		`{"address":"9 Rue Victor Hugo\n69002 Lyon","zip":"69002"}`: {`9 Rue Victor Hugo\n69002 Lyon`},
	} {
		if got := findAll(t, set, text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
