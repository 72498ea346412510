package detect

import (
	"slices"
	"testing"
)

// TestAddressForms: addresses as people of each country write them, each the whole of a
// match in a sentence, a field of a table and two lines.
func TestAddressForms(t *testing.T) {
	set, err := Compile(Config{Managed: []string{"ADDRESS"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		// Italy: the number after a comma, a comma before the code, the province.
		"Via Roma 12, 00184 Roma", "Via Roma, 12, 00184 Roma", "Via Garibaldi, 5, 20121, Milano", "Corso Italia 7 - 10121 Torino", "Via Dante 3, 53045, Montepulciano",
		"Via Roma 12, Roma 00184", "Via Roma, 12, Roma, 00184", "Via Verdi 8, Milano (MI), 20121", "Piazza Dante, 9, Napoli 80133",
		// Spain.
		"Calle Mayor 3, 28013 Madrid", "Calle Mayor, 3, 28013 Madrid", "Calle Mayor 3, Madrid 28013", "Calle de Alcalá, 45, Madrid, 28014", "Avda. Diagonal 405, 08008 Barcelona",
		"C/ Mayor 3, 28013 Madrid", "Calle Real 5, 2º B, 28013 Madrid", "Plaza España 4, Sevilla 41013", "Paseo de Gracia 92, Barcelona, 08008",
		// France.
		"12 rue de la Paix, 75002 Paris", "12, rue de la Paix, 75002 Paris", "12 rue de la Paix, Paris 75002", "3 avenue Jean Jaurès, Lyon, 69003", "12 bis boulevard Voltaire, 33000 Bordeaux",
		// Germany.
		"Hauptstraße 5, 10115 Berlin", "Hauptstr. 5, 10115 Berlin", "Am Markt 3, 50667 Köln", "Lindenweg 12a, D-80331 München",
		// The United States: dotted and written-out states.
		"12 Oak Street, Springfield, Ill. 62704", "4 Elm St, Boston, Mass. 02108", "1600 Pennsylvania Ave NW, Washington, D.C. 20500", "77 Sunset Blvd, Los Angeles, Calif. 90028",
		"9 Pine Rd, Albany, N.Y. 12207", "15 Main St, Charleston, W.Va. 25301", "200 Park Ave, New York, New York 10166", "8 King St, Raleigh, North Carolina 27601", "31 Market St, St. Louis, Mo. 63101",
		"31 Market St, St Louis MO 63101", "5 Hill Rd, Providence, R.I. 02903",
		// A postal code of another state, behind a street.
		"12 Oak Street, North Amanda, NY 78546", "9 Pine Rd, Lake David, MA 28401-1234", "93 Collins Street, Davisburgh NSW 8096", "907 Brittany Road, West Adamton, ON V5X 6B4",
		// Streets called otherwise.
		"778 Lee Squares Apt. 921, North Amanda, NY 12546", "30 Tina Keys, Topeka, KS 66601", "5 Rock Hill, Concord, NH 03301", "8 Peter Meadow, Leeds LS1 1AA", "7 Kim camp, Port Fionaland, WC1A 5ST",
		// Cities that end in a street's word.
		"400 Oak Road, Federal Way, WA 98003", "12 Palm Dr, Miami Gardens, FL 33056", "7 Main St, Grand Terrace, CA 92313", "90 Elm Ave, Kennett Square, PA 19348", "3 West St, Newtown Square, Pa. 19073",
		"18 Cedar Lane, Palm Beach Gardens, FL 33418", "2 The Lane, Chester-le-Street, DH3 3AB", "10 Mill Lane, Welwyn Garden City AL8 6HJ", "6 High Street, Broadway WR12 7AA", "1 Vestry Road, Street, Somerset BA16 0HX",
	} {
		for _, text := range []string{"Ship it to " + want + ".", "x;" + want + ";y", "\n" + want + "\n", `"` + want + `"`} {
			if got := findAll(t, set, text); !slices.Equal(got, []string{want}) {
				t.Errorf("%q: %q", text, got)
			}
		}
	}
	for _, text := range []string{
		"the Roma 00184 build", "Madrid 28013 users", "Paris 75002", "version 3, Madrid 28013", "see Calle Mayor", "12 oranges, Berlin 10115", "in Main Street 28013 people",
		"123 Main St, Federal, 98003", "Via 12, code 00184", "Springfield, Ill. 90210", "North Amanda, NY 78546", "Davisburgh NSW 8096", "West Adamton, ON V5X 6B4", "12 boxes, North Amanda, NY 78546", "Ill. 62704", "the street, Chicago 123456", "rue 75002",
	} {
		if got := findAll(t, set, text); len(got) != 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}
