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

// TestNamesUnderNames holds what the names of columns and members say of people's names in them.
func TestNamesUnderNames(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"NAME"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		value string
		names []string
		want  bool
	}{
		{"Wade Hampton", []string{"county"}, false},
		{"Wade Hampton", []string{"name"}, true},
		{"Wade Hampton", []string{"contact"}, true},
		{"Prince William", []string{"County Name"}, false},
		{"Charlotte Douglas", []string{"airport_name"}, false},
		{"Charlotte Douglas", []string{"passenger_name"}, true},
		{"Jackson Martin", []string{"city"}, false},
		{"Jackson Martin", []string{"employee"}, true},
		{"Martin Luther King", []string{"street"}, false},
		{"Henry Ford", []string{"hospital"}, false},
		{"Henry Ford", []string{"attending_physician"}, true},
		{"Morris Brown", []string{"college"}, false},
		{"James Madison", []string{"universityName"}, false},
		{"James Madison", []string{"university_contact"}, true},
		{"Barry Lyndon", []string{"movie_title"}, false},
		{"Barry Lyndon", []string{"director"}, true},
		{"Jerry Maguire", []string{"film"}, false},
		{"Philip Morris", []string{"company"}, false},
		{"Philip Morris", []string{"company_contact"}, true},
		{"Philip Morris", []string{"contact_company"}, true},
		{"Simon Schuster", []string{"publisher"}, false},
		{"Johnson Matthey", []string{"Supplier Name"}, false},
		{"Jack Daniel", []string{"brand"}, false},
		{"Calvin Klein", []string{"vendor"}, false},
		{"Aston Martin", []string{"home_team"}, false},
		{"Sebastian Vettel", []string{"driver"}, true},
		{"Marie Curie", []string{"station"}, false},
		{"Maria Curie", []string{"Stadt"}, false},
		{"Lázaro Cárdenas", []string{"ciudad"}, false},
		{"Lázaro Cárdenas", []string{"cliente"}, true},
		{"San Marino", []string{"country"}, false},
		{"Maria Lopez", []string{"city", "name"}, false},
		{"Maria Lopez", []string{"customer", "name"}, true},
		{"Maria Lopez", []string{"city", "mayor"}, true},
		{"Maria Lopez", []string{"team_2"}, false},
		{"Maria Lopez", []string{"имя"}, true},
		{"Maria Lopez", []string{""}, true},
	} {
		found := false
		f := oneField{Field{0, len(c.value), set.Names(c.names...)}}
		set.NewScanner().Scan(&Block{Text: []byte(c.value), Hi: len(c.value), Start: true, End: true, Fields: f}, func(Match) { found = true })
		if found != c.want {
			t.Errorf("%q under %q: %v", c.value, c.names, found)
		}
	}
}

// TestNamesOfCharacters: tables of characters have names of their own, in capitals or not.
func TestNamesOfCharacters(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"NAME"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"0E08;THAI CHARACTER CHO CHAN;Lo;0;L":       0,
		"1AAC;TAI THAM SIGN HANG;Mn":                0,
		"#define XK_Thai_maiek 0x0de8 /* MAI EK */": 1,
		"/* U+0E48 THAI CHARACTER MAI EK */":        0,
		"MONGOLIAN LETTER MANCHU ALI GALI LHA":      0,
		"MYANMAR SIGN TAI LAING TONE-2":             0,
		"TIBETAN MARK RIN CHEN SPUNGS SHAD":         0,
		"Thai Character Cho Chan":                   0,
		"SHIP TO MARY JOHNSON":                      1,
		"MARY JOHNSON, SIGN HERE":                   1,
		"Copyright 2015 Rene Rivera":                1,
		"KEITH PACKARD DISCLAIMS ALL WARRANTIES":    1,
		"Paseo de Josefina Huerta 4":                0,
		"Glorieta Tomás Peinado 8":                  0,
		"Señora de Josefina Huerta":                 1,
	} {
		n := 0
		set.NewScanner().Scan(&Block{Text: []byte(text), Hi: len(text), Start: true, End: true}, func(Match) { n++ })
		if n != want {
			t.Errorf("%s: %d names, want %d", text, n, want)
		}
	}
}

// TestInstitutions: hospitals, schools and the like that have a person's name are none, in capitals and as titles are
// written, with the word that says so behind or before; people beside such a word are.
func TestInstitutions(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"NAME"}})
	if err != nil {
		t.Fatal(err)
	}
	find := func(text string) (out []string) {
		set.NewScanner().Scan(&Block{Text: []byte(text), Hi: len(text), Start: true, End: true}, func(m Match) { out = append(out, text[m.Start:m.End]) })
		return out
	}
	for _, name := range []string{"St. Mary's", "St. Mary's Hospital", "St. Joseph Hospital", "John Muir Medical Center", "John Muir Medical Center-Concord Campus", "John Muir Medical Ctr", "John Muir Health", "Henry Ford Health System",
		"Martin Luther King Library", "Martin Luther King Jr. Community Hospital", "Charles A Cannon Jr Memorial Hospital", "Sarah Bush Lincoln Health Center", "William S. Middleton Memorial Veterans Hospital",
		"Frances Mahon Deaconess Hospital", "Abraham Lincoln Memorial", "Abraham Lincoln Elementary", "John Heinz Institute of Rehabilitation", "Robert Wood Johnson Foundation", "Robert Wood Johnson University Hospital", "Thomas Jefferson Clinic",
		"John Knox Church", "James Cook University", "John F. Kennedy International Airport", "John F. Kennedy Airport", "Mary Hitchcock Memorial Hospital", "Medical Center John Muir", "Hospital John Muir",
		"Albert Schweitzer Klinik", "Robert Bosch Krankenhaus", "Robert Bosch Stiftung", "Heinrich Heine Universität", "Friedrich Schiller Gymnasium", "Thomas Mann Bibliothek", "Klinikum Robert Koch",
		"Hôpital Edouard Herriot", "Hopital Edouard Herriot", "École Jules Ferry", "Lycée Victor Hugo", "Bibliothèque Pierre Martin", "Fondation Pierre Martin", "Aéroport Charles de Gaulle", "Clinique Pierre Martin",
		"Hospital General Juan Pérez", "Hospital Universitario Juan Pérez", "Clínica Juan Pérez", "Universidad Juan Carlos García", "Escuela María García", "Colegio María García", "Biblioteca José García", "Fundación Juan García", "Aeropuerto Benito Juárez", "Instituto Nacional José García",
		"Ospedale Carlo Rossi", "Ospedale Civile Carlo Rossi", "Università Carlo Rossi", "Scuola Maria Rossi", "Fondazione Carlo Rossi", "Aeroporto Cristoforo Colombo", "Liceo Carlo Rossi", "Chiesa Carlo Rossi",
	} {
		for _, text := range []string{name, "He came to " + name + ", and", "hospital," + name + "\n", strings.ToUpper(name)} {
			if got := find(text); len(got) > 0 {
				t.Errorf("%s: %q", text, got)
			}
		}
	}
	for text, want := range map[string]string{
		"Mary Johnson, hospital director":          "Mary Johnson",
		"Mary Johnson works at a hospital":         "Mary Johnson",
		"PATIENT: MARY JOHNSON, MERCY HOSPITAL":    "MARY JOHNSON",
		"Hospital director Mary Johnson":           "Mary Johnson",
		"Hospital: Mary Johnson":                   "Mary Johnson",
		"Library: Mary Johnson":                    "Mary Johnson",
		"University Professor John Smith":          "John Smith",
		"John Smith (University of Oxford)":        "John Smith",
		"John Smith\nMemorial Hospital":            "John Smith",
		"Call Center John Smith":                   "John Smith",
		"Jefe de la Clínica: Juan Pérez, director": "Juan Pérez",
	} {
		if got := find(text); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
