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
		// As people publish them.
		"Via Rapagnano 90/92, 00138 Roma (RM)", "Via M. Cervantes de Saavedra 55/27, 80133 Napoli (NA)", "Via Santa Brigida 51, 80133 Napoli NA", "Via Appia Pignatelli 450 – 00178 Roma (RM)",
		"Avda. de la Constitución, 7 - 41001 Sevilla", "C. Antonia Díaz, 19, 41001 Sevilla", "Calle Mayor 5, 3º B, 28013 Madrid", "Plaza de la Constitución, 8, 41001 Sevilla",
		"15 Rue Sainte-Catherine, 33000 Bordeaux", "9 cours Pasteur, 33000 Bordeaux", "89 quais des Chartrons, 33000 Bordeaux", "88 rue Lagrange 33000 Bordeaux", "12 bis rue de la Paix, 75001 Paris",
		"1 rue de l’Exemple, 33000 Bordeaux", "1 AVENUE DU GENERAL DE GAULLE, 92141 CLAMART",
		"Von-Melle-Park 6, 20146 Hamburg", "An der Verbindungsbahn 8, 20146 Hamburg", "Bundesstr. 55, D-20146 Hamburg", "Kirchring 4, 17321 Löcknitz", "Am Alten Markt 3, 17321 Löcknitz", "Hauptstraße 12a, 17321 Löcknitz",
		"1100, rue Notre-Dame Ouest, Montréal (Québec) H3C 1K3", "475 BOUL. DE MAISONNEUVE EST, MONTRÉAL (QUÉBEC) H2L 5C4", "36 Toronto Street Suite 260, Toronto, Ontario M5C 2C5", "45 Bay St, St. Catharines, Ontario L2R 1A1",
		"70 Alfred St, North Melbourne VIC 3051", "2 George St, Brisbane, Queensland 4000", "5 Ann St, Brisbane QUEENSLAND 4000", "12/43 King Street, Newtown NSW 2042", "Unit 6, 116 Woodburn Road, Berala, NSW, 2141", "PO Box 211, North Melbourne VIC 3051",
		"4 Stockbridge Crescent, Edinburgh EH3 5LR", "145-147 West Port, Edinburgh EH3 9DP", "Flat 3, 12 High Street, Oxford OX1 4AH", "Flat 12B, Mill Lane, Little Snoring, NR21 0AA",
		"PSC 7602, Box 0776, APO AA 95814", "Unit 2050 Box 4190, DPO AP 96521", "12  Oak Street,  Springfield,  IL  62704", "305 Main, Fort Cobb, OK, 73038", "98-1247 Kaahumanu, Aiea, HI 96701",
		"Av. Paulista, 1578 - Bela Vista, São Paulo - SP, 01310-200", "Rua Augusta, 100, Consolação, 01305-000 São Paulo / SP", "Rua Raul Leite Magalhães, 65, Tapiraí - SP, 18180-000",
		// In small letters.
		"12 oak street, springfield, il 62704", "via roma 12, 00184 roma", "12 rue de la paix, 75002 paris", "calle mayor 3, 28013 madrid", "hauptstraße 5, 10115 berlin", "8 king street, leeds ls1 1aa",
		"70 alfred st, north melbourne vic 3051", "2 george st, brisbane, queensland 4000", "45 bay st, toronto, on m5v 2t6",
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
		"took 12 ms in main street, in 46012 ns", "read 5 bytes, 3 of 75002 bytes", "factor of 100, to fix 10038 and", "727272 ffffff, ffffff ffffff c7c 7c7", "at 10 am, 12345 users", "the string 5, 12345 bytes", "#12, 20 items, 10115 berlin",
		"Section 3, 12345 Items", "String 5, 12345 Foo bar", "in the Victoria 3000 build", "In 2019, Australia 5000 things", "float32 conversion was tested with all\n// 65536 values", "mail 12345 Foo", "tel 01310-100",
		"Wolfsburg 0, Nürnberg 3, 24123 Zuschauer", "Im Jahr 2010, 12345 Menschen", "Im Sommer 2010 12345 Touristen", "Bahnhof 5, 12345 Reisende", "Zum Preis 50, 12345 Stück", "Editor 12, 12345 Users", "Firewall 5, 12345 Packets",
		"Engineering 5, 12345 Jobs", "Voie 2, 44000 Passagers", "Sector 7, 33000 Personas", "Zone 3, Foobar, 33000 people", "Sector 3, Foobar, 33000 personas", "Page 12 Big Brother, Sydney NSW 2000 people", "12 Apostles, Port Campbell, Victoria, 3269 visitors",
		"24 Houston Astros, Dallas, TX 99999 seats", "12 Angry Men, Chicago, IL 60601 tickets", "Zone 3, Nantes 44000 habitants",
		"123 Main St, Federal, 98003", "Via 12, code 00184", "Springfield, Ill. 90210", "North Amanda, NY 78546", "Davisburgh NSW 8096", "West Adamton, ON V5X 6B4", "12 boxes, North Amanda, NY 78546", "Ill. 62704", "the street, Chicago 123456", "rue 75002",
	} {
		if got := findAll(t, set, text); len(got) != 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}
