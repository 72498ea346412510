package casegen

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// Habits are ways in which other people's programs and pages write a keyword with its value; %K stands for the keyword, %V for
// the value. They were collected from what such files look like, not from what the rules accept.
var Habits = []Habit{
	{"settings", []string{"%K=%V", "%K = %V", "%K: %V", "export %K=\"%V\"", "set %K=%V", "$env:%K = '%V'", "-D%K=%V", "--%K %V", "--%K=%V", "%K := %V", "<add key=\"%K\" value=\"%V\" />", "[x]\n%K=%V\n", "%K\t=\t%V", "%K: !!str %V", "%K: &a '%V'"}},
	{"markup", []string{"<%K>%V</%K>", "<x %K=\"%V\"/>", "<td>%K</td><td>%V</td>", "<th>%K</th>\n<td>%V</td>", "<dt>%K</dt><dd>%V</dd>", "<b>%K:</b> %V<br>", "| %K | %V |", "**%K**: %V", "- %K: `%V`", "%K & %V \\\\", "<label>%K</label><input value=\"%V\">", "<li>%K &ndash; %V</li>", "{{%K|%V}}", "[%K] %V"}},
	{"source code", []string{"%K: \"%V\",", "'%K' => '%V',", ":%K => \"%V\"", "%K = '%V';", "const %K = \"%V\";", "x[\"%K\"] = \"%V\"", "x.set(\"%K\", \"%V\")", "put(\"%K\",\"%V\")", "WHERE %K = '%V'", "{\\\"%K\\\":\\\"%V\\\"}", "{'%K': '%V'}", "%K(\"%V\")", "assertEquals(\"%V\", %K)", "%K=@\"%V\"", "// %K %V"}},
	{"forms and letters", []string{"%K ........ %V", "%K:\n%V", "%K\n\n  %V", "%K (%V)", "%K [%V]", "%K #%V", "%K – %V", "%K → %V", "%K « %V »", "%K “%V”", "%V (%K)", "%K is: %V.", "%K - %V;", "%K:%V,", "%K;%V;", "%K,%V", "%K|%V", "%K\t%V", "%K\t\t%V", "%K /%V/"}},
	{"logs and queries", []string{"2026-01-02T03:04:05Z INFO %K=%V ok", "level=info %K=%V", "?%K=%V&x=1", "&%K=%V", "{\"%K\":\"%V\"}", "{\"%K\" : \"%V\" }", "[%K=%V]", "%K={%V}", "<14>1 - %K: %V", "msg=\"%K %V\"", "(%K=%V)", "%K -> %V"}},
}

// A Habit is a family of them.
type Habit struct {
	Name   string
	Frames []string
}

// Write puts a keyword and a value into one of the habit's frames, the keyword spelt as in such files.
func (h *Habit) Write(r *rand.Rand, keyword, value string) string {
	frame := h.Frames[r.IntN(len(h.Frames))]
	k := keyword
	if h.Name != "forms and letters" {
		k = Spell(r, keyword)
	} else if r.IntN(3) == 0 {
		k = title(keyword)
	}
	return strings.ReplaceAll(strings.ReplaceAll(frame, "%K", k), "%V", value)
}

// Spell writes a keyword as programs name things: with dots, in Pascal case, with upper-case words.
func Spell(r *rand.Rand, keyword string) string {
	switch r.IntN(6) {
	case 0:
		return strings.ReplaceAll(keyword, " ", ".")
	case 1:
		return strings.ReplaceAll(title(keyword), " ", "")
	case 2:
		return strings.ToUpper(strings.ReplaceAll(keyword, " ", "_"))
	case 3:
		return strings.ReplaceAll(title(keyword), " ", "_")
	case 4:
		return strings.ReplaceAll(title(keyword), " ", "-")
	}
	return title(keyword)
}

// title begins each word with a capital.
func title(s string) string {
	before := ' '
	return strings.Map(func(c rune) rune {
		start := before == ' '
		before = c
		if start {
			return unicode.ToUpper(c)
		}
		return c
	}, s)
}

// Typeset writes a value as word processors and web pages do, with other spaces and dashes; false where it has neither.
func Typeset(r *rand.Rand, value string) (string, bool) {
	if !strings.ContainsAny(value, " -") || strings.ContainsAny(value, "/\n") {
		return value, false
	}
	space := one(r, "\u00a0", "\u202f", "\u2009", "\u2007", "\u2002", "&nbsp;"[:0]+"\u00a0")
	dash := one(r, "\u2010", "\u2011", "\u2012", "\u2013", "\u2212")
	return strings.NewReplacer(" ", space, "-", dash).Replace(value), true
}

// A NearMiss makes texts in which nothing of an identifier's is, though it looks like it.
type NearMiss struct {
	Name string
	IDs  []string // of which nothing may be reported
	Make func(r *rand.Rand) string
}

// NearMisses are what other tools were reported to take for cards, phones, codes and coordinates.
var NearMisses = []NearMiss{
	{"card-like numbers without a keyword", []string{"CREDIT_CARD_NUMBER", "CREDIT_CARD_NUMBER_(NO_KEYWORD)"}, func(r *rand.Rand) string {
		n := cardOf(r, one(r, "4", "51", "55", "37", "6011", "35"))
		switch r.IntN(6) {
		case 0:
			return "0." + n + " of the whole"
		case 1:
			return "https://img.example.com/p/" + n + "/large.jpg"
		case 2:
			return num(r, 16) + " " + n + " " + num(r, 16) + " " + num(r, 16) + "\n"
		case 3:
			return "digest " + pick(r, "0123456789abcdef", 8) + "-" + n[:4] + "-" + n[4:8] + "-" + n[8:12] + "-" + pick(r, "0123456789abcdef", 12)
		case 4:
			return "-" + n[:1] + "." + n[1:] + "e+05"
		}
		return "id=" + pick(r, "abcdef", 3) + n + pick(r, "abcdef", 2)
	}},
	{"keywords in the middle of constants", []string{"CREDIT_CARD_SECURITY_CODE", "USA_PASSPORT_NUMBER", "UK_PASSPORT_NUMBER", "DRIVERS_LICENSE", "BANK_ACCOUNT_NUMBER", "AUSTRALIA_DRIVERS_LICENSE"}, func(r *rand.Rand) string {
		name := one(r, "SCHEMAV_CVC_ELT_4_2", "CVV_TIMEOUT_MS", "MAX_CVC_RETRIES", "CVC_BUFFER_SIZE", "PASSPORT_NO_LENGTH_MAX", "passport_number_field_width", "kDriverLicenseOffset", "DL_CACHE_ENTRIES", "account_number_column_width")
		return one(r, "#define "+name+" ", name+" = ", name+"=", "const "+name+": ") + between(r, 100, 9999, 3)
	}},
	{"numbers of other kinds near words for phones", []string{"PHONE_NUMBER", "FRANCE_PHONE_NUMBER", "GERMANY_PHONE_NUMBER", "ITALY_PHONE_NUMBER", "SPAIN_PHONE_NUMBER", "UK_PHONE_NUMBER", "BRAZIL_PHONE_NUMBER"}, func(r *rand.Rand) string {
		switch r.IntN(4) {
		case 0:
			return "tel: +7 495 " + num(r, 3) + "-" + num(r, 2) + "-" + num(r, 2)
		case 1:
			return "phone usage: 0." + num(r, 10)
		case 2:
			return "phone call at 2026-0" + between(r, 1, 9, 1) + "-1" + num(r, 1) + " 1" + num(r, 1) + ":30:00+0100"
		}
		return "tel: +48 " + num(r, 2) + " " + num(r, 3) + " " + num(r, 2) + " " + num(r, 2)
	}},
	{"lists of decimals near words for places", []string{"LATITUDE_LONGITUDE"}, func(r *rand.Rand) string {
		f := func() string { return between(r, 2, 80, 1) + "." + num(r, 4) }
		if r.IntN(2) == 0 {
			return "location: 0." + num(r, 4) + ", 0." + num(r, 4)
		}
		return "position: " + f() + ", " + f() + ", " + f() + ", " + f()
	}},
	{"places, institutions and works called after people", []string{"NAME"}, func(r *rand.Rand) string {
		given, family := one(r, "James", "Maria", "Carlos", "Pierre", "Anna", "Victor"), one(r, "Martin", "Lopez", "Schmidt", "Johnson", "Hugo", "Rossi")
		return one(r, "the "+given+" "+family+" University", given+" "+family+" High School", given+" "+family+" Street", "San "+given+" Capistrano", "Saint-"+given+"-de-"+family, "University of "+family, given+" & "+family+" Ltd", given+" "+family+" GmbH", "Lake "+family, "Port "+given)
	}},
}

// cardOf makes a number with a Luhn digit.
func cardOf(r *rand.Rand, prefix string) string {
	s := prefix + num(r, 15-len(prefix))
	return s + luhnDigit(s)
}

// Address makes an address of a country in one of the ways in which people there write it; streets and cities are well known ones.
func Address(country string, r *rand.Rand) string {
	n, a := between(r, 1, 199, 1), one(r, "", "", "a", "b")
	switch country {
	case "Australia":
		return one(r, n+" ", "Unit "+between(r, 1, 30, 1)+", "+n+" ", between(r, 1, 30, 1)+"/"+n+" ") + one(r, "Collins Street", "Pitt St", "Hay Street", "Queen St", "Northbourne Avenue") +
			one(r, ", ", "\n") + one(r, "Melbourne VIC 3000", "Sydney, NSW 2000", "Perth WA 6000", "Brisbane, Queensland 4000", "Canberra ACT 2601", "Hobart, TAS, 7000")
	case "Canada":
		return n + one(r, " Queen Street West", " Granville St", ", rue Sherbrooke Est", " Jasper Ave, Suite 200") + one(r, ", ", "\n") +
			one(r, "Toronto, ON M5H 2N2", "Vancouver BC V6C 1T2", "Montréal (Québec) H2X 1Y4", "Edmonton, Alberta T5J 3N6", "Halifax, NS  B3J 1S9")
	case "France":
		return one(r, n, n+" bis", n+",") + one(r, " rue de la République", " avenue Jean Jaurès", " boulevard Voltaire", " place d'Italie", " impasse des Lilas") + one(r, ", ", "\n", " ") +
			one(r, "75011 Paris", "69003 LYON", "44000 Nantes", "F-33000 Bordeaux", "56400 Sainte-Anne-d'Auray")
	case "Germany":
		return one(r, "Hauptstraße ", "Bahnhofstr. ", "Am Markt ", "Goetheplatz ", "Unter den Eichen ", "Lindenallee ", "Mühlenweg ") + n + a + one(r, ", ", "\n") +
			one(r, "10115 Berlin", "D-80331 München", "50667 Köln", "01067 Dresden", "20095 Hamburg")
	case "Italy":
		return one(r, "Via Roma ", "Corso Italia, ", "Piazza Garibaldi, ", "Viale dei Mille ", "Largo Augusto, ") + n + one(r, ", ", " - ", "\n") +
			one(r, "00184 Roma (RM)", "20121 Milano MI", "80133, Napoli", "10121 Torino (TO)", "53045 Montepulciano (SI)")
	case "Spain":
		return one(r, "Calle Mayor ", "C/ Alcalá, ", "Avda. de la Constitución, ", "Paseo de Gracia ", "Plaza de España, ") + n + one(r, "", ", 3º B", ", 2º izq.") + one(r, ", ", "\n", " - ") +
			one(r, "28013 Madrid", "08008 Barcelona", "41001 Sevilla", "46002 Valencia")
	case "UK":
		return one(r, "Flat "+between(r, 1, 40, 1)+", ", "", "") + n + one(r, " High Street", " Church Lane", " Station Road", " The Grove") + one(r, ", ", "\n") +
			one(r, "London SW1A 2AA", "Leeds, LS1 4AP", "Edinburgh EH3 9DP", "Oxford\nOX1 4AH", "Stratford-upon-Avon, Warwickshire, CV37 6HB")
	}
	return n + one(r, " Main St", " Elm Street, Apt. 4B", " Sunset Blvd", " N. 5th Ave", " Oak Hollow Rd") + one(r, ", ", "\n") +
		one(r, "Springfield, IL 62704", "Boston, Mass. 02108", "Los Angeles CA 90028-1234", "Raleigh, North Carolina 27601", "New York, N.Y. 10016", "St. Paul, MN, 55102")
}

// Countries are those that Address knows.
func Countries() []string {
	return []string{"Australia", "Canada", "France", "Germany", "Italy", "Spain", "UK", "US"}
}
