package detect

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"magpie/internal/detect/validate"
)

// Names and addresses are often spread over the members of a record: first_name and
// last_name, address, city, state and zip. Each value alone says little; the name of its
// column or member says which part it is. Headers of HTTP are kept the same way: a member
// named Cookie has the value alone.

// Part says which part of a name, an address or a header a value is.
type Part uint8

const (
	NoPart Part = iota
	GivenName
	MiddleName
	FamilyName
	Street
	House // the number of a house, where the street has none
	City
	State
	PostalCode
	BasicHeader
	CookieHeader
	SetCookieHeader
	HeaderName  // the name in a pair of name and value
	HeaderValue // the value
)

// A PartName is what the names that lead to a value say of its part.
type PartName struct {
	Part Part
	// Group is what the parts of one thing have in common: billing in billing_city.
	Group string
	// Plain says that the name alone could mean anything: first, nom.
	Plain bool
	// Nested says that the part is made of members of its own: the name and the number of street.
	Nested bool
}

// partWords has the names of parts: words in lower case without accents. A name ends in
// them. A star marks a plain one.
var partWords = map[Part]string{
	GivenName: "first name|firstname|given name|givenname|given names|forename|forenames|fore name|fname|christian name|name first|first*|given*|first names|fn*|first given name|preferred name|legal first name|" +
		"vorna|rufname|prenom usuel|prenom usage|nom prenom|nombre de pila|nome proprio|nome de batismo|" +
		"prenom|prenoms|vorname|nombre*|nombres*|primer nombre|nome*|primeiro nome|voornaam|voornamen|fornamn|imie|fornavn|etunimi",
	MiddleName: "middle name|middlename|mname|middle initial|middle|mi*|segundo nombre|second name|segundo apellido|apellido 2|apellido materno",
	FamilyName: "last name|lastname|surname|sur name|family name|familyname|lname|name last|last*|family*|last names|sn*|ln*|maiden name|birth name|" +
		"nachn|geburtsname|nom de naissance|nom naissance|nom usage|nom d usage|nom usuel|nom patronymique|nom marital|ultimo nome|ultimo apellido|" +
		"nom*|nom de famille|nom famille|nachname|familienname|zuname|apellido|apellidos|primer apellido|apellido 1|apellido paterno|cognome|sobrenome|apelido|" +
		"achternaam|efternamn|nazwisko|etternavn|efternavn|sukunimi",
	Street: "address|address 1|address line|address line 1|addr|addr 1|street|street 1|street address|street name|street line 1|line 1|line*|address street|street addr|house and street|house number and street|street and number|street and house number|street number and name|street name and number|" +
		"add 1|add line 1|adr|adr 1|voie|libelle voie|nom voie|nom de la voie|n et voie|numero et voie|numero et nom de rue|rue et numero|adresse postale|adresse ligne 1|" +
		"stras|str*|str nr|str hausnr|strasse nr|strasse hausnr|strasse hausnummer|strasse und hausnummer|strasse und nr|strasse u hausnummer|calle y numero|calle numero|via e numero|via e numero civico|indirizzo e numero civico|straat en huisnummer|straat en nummer|" +
		"rue|adresse|adresse 1|strasse|anschrift|direccion|calle|domicilio|indirizzo|via*|endereco|logradouro|morada|rua|adres|straat|ulica|gatuadress|gata|adress",
	House:      "house number|house no|street number|street no|hausnummer|hausnr|numero civico|civico|huisnummer|nr domu|husnummer|house num|building number|numero voie|numero de voie|n voie|n civico|num civico|numero rue|num voie|addr housenumber|housenumber|numero*|num*|nr*|no*|hnr|haus nr",
	City:       "city|town|city name|town city|locality|address locality|suburb|town or city|city or town|city town|city suburb|post town|posttown|cty|ct*|l*|municipality|ville|commune|localite|nom commune|libelle commune|nom de la commune|stadt|ort|wohnort|ciudad|localidad|poblacion|municipio|citta|comune|localita|cidade|localidade|stad|plaats|woonplaats|miasto|miejscowosc|postort|ort 01|comune di residenza|citta di residenza|localidade",
	State:      "state|state code|state province|province|county|region|address region|st*|state province region|state region|departement|bundesland|land*|provincia|prov|estado|uf*|provincie|wojewodztwo|lan*|provincia di residenza",
	PostalCode: "zip|zip code|zipcode|zip 5|zip postal code|post code|postcode|postal code|postalcode|postal|plz|postleitzahl|code postal|codepostal|cp*|codigo postal|cap*|cep|postnummer|postnr|kod pocztowy|pin code|pincode|postal zip|zip plus 4|zip 4|zip postal|pstlz|cod postal|codigo zip|cap residenza|cap di residenza|c p*|zip postcode",

	BasicHeader:     "authorization|proxy authorization|basic auth|http basic auth|auth header|authorization header|basic*",
	CookieHeader:    "cookie|cookies|http cookie|cookie header",
	SetCookieHeader: "set cookie|set cookies|set cookie header",
	HeaderName:      "name*|naam*|namn*|navn*|key*|header|header name|field*",
	HeaderValue:     "value*|header value",
}

// partIndex leads from a name's words, without spaces, to its part; the most words a
// part's name has bound the look-up.
var partIndex = func() map[string]PartName {
	index := map[string]PartName{}
	for part, list := range partWords {
		for name := range strings.SplitSeq(list, "|") {
			plain := strings.HasSuffix(name, "*")
			index[strings.ReplaceAll(strings.TrimSuffix(name, "*"), " ", "")] = PartName{Part: part, Plain: plain}
		}
	}
	return index
}()

// noAddress has words before address that make it another kind of address.
var noAddress = newWordTable(strings.Fields("email mail e ip ipv mac web url host wallet bitcoin btc eth memory bus base server site smtp reply remote client source peer node network bind listen"))

// maxPartName is the longest name that is looked at, and maxPartWords how many words of it.
const (
	maxPartName  = 64
	maxPartWords = 4
)

// PartOf says which part the names that lead to a value make it, outermost first.
func PartOf(names []string) PartName {
	if len(names) == 0 {
		return PartName{}
	}
	name := names[len(names)-1]
	if len(name) == 0 || len(name) > maxPartName {
		return PartName{}
	}
	words := withoutKinds(nameWords(name))
	if n := len(names); n > 1 && len(words) == 1 && len(names[n-2]) <= maxPartName {
		part := map[string]Part{"name": Street, "number": House}[words[0]]
		if part != NoPart {
			if p := PartOf(names[n-2 : n-1]); p.Part == Street {
				p.Part, p.Nested = part, true
				return p
			}
		}
	}
	for from := max(0, len(words)-maxPartWords); from < len(words); from++ {
		p, ok := partIndex[strings.Join(words[from:], "")]
		if !ok || p.Part == Street && from > 0 && noAddress.has([]byte(words[from-1])) {
			continue
		}
		if p.Plain && from > 0 && !((p.Part == GivenName || p.Part == FamilyName) && (ofPeople.has([]byte(words[from-1])) || moreOfPeople.has([]byte(words[from-1])))) {
			return PartName{} // key of api_key, value of some_value; but the first of customer_first
		}
		var group []string // card of card_address_city and of card_address_line1
		for _, w := range words[:from] {
			if !groupNoise.has([]byte(w)) {
				group = append(group, w)
			}
		}
		p.Group = strings.Join(group, " ")
		return p
	}
	return PartName{}
}

// kindWords end names without saying more of the part: what kind of value it is, and whose.
var kindWords = newWordTable(strings.Fields("nm cd desc descr txt text str val value client cliente kunde customer legal residenza residencia residence"))

// FamilyBeside says whether the names of a given name are of a language in which name alone is the family's.
func FamilyBeside(names []string) bool {
	if len(names) == 0 || len(names[len(names)-1]) > maxPartName {
		return false
	}
	words := nameWords(names[len(names)-1])
	return len(words) > 0 && besideName.has([]byte(words[len(words)-1]))
}

var besideName = newWordTable(strings.Fields("vorname prenom voornaam fornamn fornavn"))

// groupNoise has words before a part that are not of the group.
var groupNoise = newWordTable(strings.Fields("address addr adr adresse anschrift direccion indirizzo endereco line first"))

// withoutKinds leaves kindWords out at the end of a name, and what ties them to it; the second of Provider Last Name (Legal Name) as well.
func withoutKinds(words []string) []string {
	n := len(words)
	if n > 3 && words[n-1] == "name" && words[n-2] == "legal" {
		n -= 2
	}
	for n > 1 && kindWords.has([]byte(words[n-1])) {
		n--
	}
	if n < len(words) && n > 1 && (words[n-1] == "di" || words[n-1] == "de" || words[n-1] == "of") {
		n--
	}
	return words[:n]
}

// nobodyWords has the last words of names under which stands what is called after people
// at most: places, institutions, firms, works. Streets and cities are among partWords too.
var nobodyWords = newWordTable(strings.Fields("city town county province region district municipality locality suburb borough village commune airport station port island river street road avenue venue stadium arena " +
	"state beer wine style recipe dish ingredient beverage hometown birthplace park school university college institution institute company organization organisation org employer brand vendor supplier manufacturer maker publisher studio distributor " +
	"team club franchise league product sku title film movie album song track game race ship vessel hotel restaurant bank department dept hospital church genre category language currency timezone airline airlines " +
	"capital country nationality constituency neighborhood neighbourhood destination origin lake mountain peak theater theatre museum " +
	"ville stadt ort ciudad cidade citta gemeinde verein mannschaft equipo squadra equipe firma unternehmen entreprise empresa azienda universidad universite universita universidade strasse rue calle via rua ulica " +
	"editorial editore editeur verlag titel titulo titolo titre aeropuerto aeroport flughafen aeroporto"))

// nobodyNamed says whether the names that lead to a value are those of places, teams and the
// like: city, airport_name, and the name of a city.
func nobodyNamed(names []string) bool {
	for i := len(names) - 1; i >= max(0, len(names)-2); i-- {
		if len(names[i]) > maxPartName {
			return false
		}
		words := nameWords(names[i])
		n := len(words)
		for n > 0 && (words[n-1] == "" || isDigit(words[n-1][0]) || words[n-1] == "name" || words[n-1] == "names") {
			n-- // home_team_2, airport_name
		}
		if n > 0 {
			return nobodyWords.has([]byte(words[n-1])) && !(n > 1 && ofPeople.has([]byte(words[0])))
		}
	}
	return false // nothing but name
}

// ofPeople has first words of names that speak of people all the same: contact_company may
// be one, and so is the player of a team.
var ofPeople = newWordTable(strings.Fields("contact person customer client owner player author director patient employee member user first last full"))

// moreOfPeople has words of people, and of firms at times: provider_first is a given name, provider_city a city.
var moreOfPeople = newWordTable(strings.Fields("emp cust pat stu mbr usr insured subscriber applicant borrower buyer seller guest student recipient sender holder agent provider billing shipping attendee spouse parent guardian voter doctor physician primary emergency"))

// nameWords splits a name at separators, digits and the edges of camel case.
func nameWords(name string) (words []string) {
	b := []byte(name)
	for i := 0; i < len(b); {
		if isDigit(b[i]) {
			j := i
			for j < len(b) && isDigit(b[j]) {
				j++
			}
			words = append(words, name[i:j])
			i = j
			continue
		}
		if !isASCIILetter(b[i]) && !(i+1 < len(b) && twoBytes(b, i)) {
			i++
			continue
		}
		j := i
		for j < len(b) && (isASCIILetter(b[j]) || j+1 < len(b) && twoBytes(b, j)) && !(j > i && camelAt(b, j)) {
			if b[j] >= utf8.RuneSelf {
				j++
			}
			j++
		}
		var buf [maxPartName]byte
		words = append(words, string(plainWord(buf[:0], b[i:j])))
		i = j
	}
	return words
}

// Fits says whether a value can be such a part.
func (p PartName) Fits(value []byte) bool {
	value = bytes.TrimSpace(value)
	switch p.Part {
	case GivenName, FamilyName:
		return nameLike(value, 40)
	case MiddleName:
		return len(value) > 0 && len(value) <= 40
	case City:
		return nameLike(value, 60)
	case State:
		return len(value) >= 2 && nameLike(value, 40)
	case PostalCode:
		return postalLike(value)
	case House:
		return len(value) > 0 && len(value) <= 8 && isDigit(value[0])
	case Street:
		return streetLike(value)
	case BasicHeader:
		return validate.BasicValue(value, 0) == len(value) && len(value) > 0
	case CookieHeader, SetCookieHeader:
		return len(value) > 0 && validate.CookieValue(value, 0, p.Part == SetCookieHeader) == len(value)
	case HeaderName: // or a family name, beside a given one
		return HeaderPart(value) != NoPart || nameLike(value, 40)
	case HeaderValue:
		return true
	}
	return false
}

// FitsBeside says whether a value can be such a part where another member has what it lacks: a street whose number stands alone.
func (p PartName) FitsBeside(value []byte) bool {
	return p.Part == Street && nameLike(bytes.TrimSpace(value), 60)
}

// HeaderPart says which part the value is to a header's name: that of a pair whose name
// is a value itself.
func HeaderPart(name []byte) Part {
	if len(name) > len("proxy-authorization") {
		return NoPart
	}
	switch strings.ToLower(string(name)) {
	case "authorization", "proxy-authorization":
		return BasicHeader
	case "cookie":
		return CookieHeader
	case "set-cookie":
		return SetCookieHeader
	}
	return NoPart
}

// nothing has what stands in place of a value.
var nothing = newWordTable(strings.Fields("na none null nil unknown test true false yes no undefined empty missing other various anonymous deleted redacted tbd todo string text name first last given family city state"))

// nameLike says whether a value is words of letters, as names of people and cities are.
func nameLike(value []byte, most int) bool {
	letters := 0
	if len(value) > 4*most || nothing.has(value) {
		return false
	}
	last := rune(' ')
	for _, r := range string(value) {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsMark(r):
		case r == ' ' || r == '-' || r == '\'' || r == '’' || r == '.':
			if r == last {
				return false
			}
		default:
			return false
		}
		last = r
	}
	return letters > 0 && utf8.RuneCount(value) <= most
}

// postalLike says whether a value is a postal code of some country: three to ten letters
// and digits with a digit among them, in at most two groups.
func postalLike(value []byte) bool {
	digits, alnums, seps := 0, 0, 0
	for _, c := range value {
		switch {
		case isDigit(c):
			digits++
			alnums++
		case isASCIILetter(c):
			alnums++
		case c == ' ' || c == '-':
			seps++
		default:
			return false
		}
	}
	return digits > 0 && alnums >= 3 && alnums <= 10 && seps <= 1
}

// streetLike says whether a value is a street with a number, or has a word that streets
// have in their names.
func streetLike(value []byte) bool {
	if len(value) < 4 || len(value) > maxAddress || bytes.IndexByte(value, '@') >= 0 || bytes.Contains(value, []byte("://")) {
		return false
	}
	digit, street, letters := false, false, 0
	for i := 0; i < len(value); {
		if isDigit(value[i]) {
			digit = true
		}
		if !nameByte[value[i]] {
			i++
			continue
		}
		j := i
		for j < len(value) && nameByte[value[j]] {
			j++
		}
		if (i == 0 || !isDigit(value[i-1])) && (j == len(value) || !isDigit(value[j])) {
			letters += j - i // 0x7fff is no street
		}
		street = street || isStreet(value[i:min(j, i+maxNameWord)])
		i = j
	}
	return letters >= 2 && (digit || street)
}

// KnownName says whether a value is, or begins with, a given or family name of the
// lexicon that is no other word.
func KnownName(value []byte, part Part) bool {
	word := bytes.TrimSpace(value)
	if i := bytes.IndexAny(word, " -"); i > 0 {
		word = word[:i]
	}
	if len(word) == 0 || len(word) > maxNameWord {
		return false
	}
	flags := wordFlags(word)
	if part == GivenName {
		return givenStrength(flags) >= known
	}
	return familyStrength(flags) >= known
}

// Parts are kinds of parts that a document may have.
type Parts uint8

const (
	// MemberParts are those of names and addresses.
	MemberParts Parts = 1 << iota
	// HeaderParts are those of headers.
	HeaderParts
)

// telling are the parts by whose names a document is told to have the others as well.
var telling = map[Part]Parts{
	GivenName: MemberParts, PostalCode: MemberParts, City: MemberParts,
	CookieHeader: HeaderParts, SetCookieHeader: HeaderParts, BasicHeader: HeaderParts,
}

// Tells says what kinds of parts a document has that has such a part.
func (p PartName) Tells() Parts { return telling[p.Part] }

// enterParts puts the names of telling parts into the prefilter of values with names, of
// identifiers that are looked for.
func (s *Set) enterParts() {
	var want []Part
	for _, r := range s.rules {
		switch r.info.ID {
		case "NAME":
			want = append(want, GivenName)
		case "ADDRESS":
			want = append(want, PostalCode, City)
		case "HTTP_COOKIE":
			want = append(want, CookieHeader, SetCookieHeader)
		case "HTTP_BASIC_AUTH_HEADER":
			want = append(want, BasicHeader)
		}
	}
	for _, part := range want {
		for name := range strings.SplitSeq(partWords[part], "|") {
			for _, form := range surfaces(strings.TrimSuffix(name, "*")) {
				s.fieldFilter.add(form, func(b *bucket) { b.parts |= telling[part] })
			}
		}
	}
}
