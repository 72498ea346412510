package detect

import "strings"

// streetWords are what streets are called in the supported countries.
var streetWords = newWordTable(strings.Fields("street st road rd avenue ave boulevard blvd lane ln drive dr court ct place pl square sq terrace crescent close way parkway pkwy highway hwy circle cir trail mews gardens row walk esplanade parade broadway " +
	"rue avenue boulevard bd place chemin impasse allee allees quai quais cours route square passage faubourg " +
	"strasse str weg platz allee gasse ring damm ufer chaussee markt " +
	"via viale piazza corso vicolo largo piazzale strada lungotevere " +
	"calle avenida avda plaza paseo carrer ronda camino carretera travesia glorieta po box"))

// moreStreets are other words of streets in English, which a city may be called as well: they count where the city is known to
// stand behind.
var moreStreets = newWordTable(strings.Fields("alley annex arcade bayou bend bluff bluffs bottom branch bridge brook brooks burg burgs bypass camp canyon cape causeway center centers circles cliff cliffs club common commons corner corners course courts " +
	"cove coves creek crest crossing crossroad crossroads curve dale dam divide drives estate estates expressway extension extensions fall falls ferry field fields flat flats ford fords forest forge forges fork forks " +
	"fort freeway garden gateway glen glens green greens grove groves harbor harbors haven heights hill hills hollow inlet island islands isle junction junctions key keys knoll knolls lake lakes land landing light lights " +
	"loaf lock locks lodge loop mall manor manors meadow meadows mill mills mission motorway mount mountain mountains neck orchard oval overpass park parks parkways pass passage path pike pine pines plain plains plaza " +
	"point points port ports prairie radial ramp ranch rapid rapids rest ridge ridges river roads rue run shoal shoals shore shores skyway spring springs spur spurs squares station stravenue stream streets summit throughway trace " +
	"track trafficway trails trailer tunnel turnpike underpass union unions valley valleys viaduct view views village villages ville vista walks wall ways well wells " +
	"allee amble approach bank basin beach block boardwalk boulevarde bowl brace brae break broad chase circuit circus cliff concourse copse cottages cross cul cutting cycleway deviation dip dock domain downs driveway easement elbow " +
	"entrance escarpment firetrail flats follow formation frontage gap gate gates grange ground gully harbour heath highroad hub interchange intersection island knob ladder lees link lookout lynne maltings manse mead mount nook outlook " +
	"paddock palms parklands pathway peninsula piazza plateau plaza pocket promenade quad quadrangle quadrant quay quays reach reserve retreat rise riverway rotary rotunda round route rows rylands serviceway siding slope sound steps strait strand strip subway " +
	"tarn thoroughfare tollway top tor towers triangle trunkway twitten vale vennel vents views villas wharf wood woods wynd yard alleyway fairway parkland busway riviera courtyard laneway anchorage brow byway distributor nook"))

// A streetKind says of which countries the words of streets count, beyond those of streetWords.
type streetKind uint8

const (
	latinStreet  streetKind = 1 << iota // French, Italian, Spanish and Portuguese
	germanStreet                        // ends of words
	smallLetters                        // the text has none but small ones: a shape alone says nothing
)

// latinStreets are what streets are called in France, Italy, Spain and Portugal, before their names. Many are words of other
// languages as well, so they count only before a postal code as these countries have it.
var latinStreets = newWordTable(strings.Fields("rue boulevard boul chemin impasse allee allees alle quai quais cours place route avenue av ave bld blvd cite clos domaine esplanade hameau lotissement mail montee parc parvis passage promenade rang residence ruelle sentier square traverse venelle villa voie zone " +
	"via viale vle piazza pza corso vicolo vico largo piazzale piazzetta strada borgo calata campo canale cascina circonvallazione contrada frazione fraz galleria incrocio localita loc lungarno lungomare lungotevere rampa rione rotonda salita stretto traversa discesa sentiero bivio " +
	"calle cl avenida avda plaza pza plazuela paseo carrer carrera ronda camino carretera ctra travesia glorieta acceso acera alameda arroyo autovia avinguda barrio bulevar callejon canada cami costanilla cuesta gran parque partida pasadizo pasaje passeig placa poligono pol prolongacion rambla ramblas rincon rua sector senda torrent torrente urbanizacion urb vereda vial via " +
	"praca travessa largo estrada rodovia ladeira alameda avenida setor quadra condominio conjunto fazenda sitio chacara loteamento nucleo vila parque jardim"))

// lowerStreets begin a street's name without a capital.
var lowerStreets = newWordTable([]string{"rue", "via", "calle"})

// lowerLatin are those that are written in small letters even at the beginning of an address.
var lowerLatin = newWordTable(strings.Fields("rue avenue boulevard bd chemin impasse allee allees all place quai quais cours route passage square rang montee cite residence lotissement faubourg ruelle sentier hameau " +
	"via viale piazza corso vicolo largo piazzale strada contrada calle avenida avda plaza paseo camino carrer carretera ronda rambla travesia rua travessa alameda"))

// germanEnds are the ends of German streets that are no ends of other words there.
var germanEnds = [...]string{"ring", "damm", "ufer", "markt", "stieg", "steig", "steg", "pfad", "graben", "chaussee", "promenade", "zeile", "twiete", "winkel", "kamp", "hof", "berg", "garten", "wall", "tor", "brucke", "bruecke", "anger", "redder", "deich", "strassen", "weg", "grund", "park", "wiese", "wiesen", "feld", "aue", "rain", "stiege"}

// isStreet says whether a word is what a street is called, or ends in it as German ones do.
func isStreet(w []byte) bool {
	if streetWords.has(w) {
		return true
	}
	switch last := w[len(w)-1]; {
	case isASCIILetter(last) && strings.IndexByte("ergz", last|0x20) < 0:
		return false // none of the ends below
	}
	plain := lowerPlain(w)
	for _, end := range [...]string{"strasse", "str", "platz", "allee", "gasse"} {
		if strings.HasSuffix(plain, end) {
			return true
		}
	}
	return strings.HasSuffix(plain, "weg") && len(plain) > len("xxweg")
}

// streetOf says whether a word is what a street is called in some countries, and whether it is one of moreStreets, where those count.
func streetOf(w []byte, kind streetKind) (street, more bool) {
	h := plainHash(w)
	if streetWords.hash(h) {
		return true, false
	}
	if kind&^smallLetters == 0 {
		return false, moreStreets.hash(h)
	}
	return kind&latinStreet != 0 && latinStreets.hash(h) || kind&(germanStreet|smallLetters) == germanStreet && germanFirst.hash(h) || isStreet(w), false
}

// germanEnd says whether text[j:i] is a German street by its end, with the number of a house and nothing else before end.
func germanEnd(text []byte, j, i, end int) bool {
	if i-j < 6 || i >= len(text) || text[i] != ' ' || end-i > 12 || i+1 >= end || !isDigit(text[i+1]) {
		return false
	}
	letters := 0
	for _, c := range text[i+1 : end] {
		switch {
		case isASCIILetter(c):
			letters++
		case isDigit(c) || strings.IndexByte(" -/.", c) >= 0:
		default:
			return false
		}
	}
	if letters > 2 {
		return false
	}
	plain := lowerPlain(text[j:i])
	for _, end := range germanEnds {
		if strings.HasSuffix(plain, end) && len(plain) >= len(end)+3 {
			return true
		}
	}
	return false
}

// germanBegins are words before a German street's own: Am Alten Markt.
var germanBegins = newWordTable(strings.Fields("am an der dem den im in zum zur auf unter alter alte alten neue neuer neuen bei beim hinter vor vorm obere oberer untere unterer grosse grosser kleine kleiner hohe hoher lange langer sankt st"))

// germanBack returns where a German street starts whose word starts at j.
func germanBack(text []byte, j int) int {
	start := j
	for n := 0; n < 3 && j > 1 && text[j-1] == ' '; n++ {
		k := wordBack(text, j-1)
		if k == j-1 || !germanBegins.has(text[k:j-1]) {
			break
		}
		if j = k; capital(text, k) {
			start = k
		}
	}
	return start
}

// countedWords are what numbers count: 12,345 people are in no city, and 24123 Zuschauer is none.
var countedWords = newWordTable(strings.Fields("people persons visitors spectators attendees fans users customers employees members voters inhabitants residents households refugees soldiers workers students pupils children riders passengers tourists " +
	"items events packets bytes votes words pixels miles feet acres meters metres kilometers kilometres tons tonnes dollars pounds copies seats jobs cells units records rows files requests errors messages hits views hops games homes houses cases deaths shares tickets hours minutes seconds species trees cars vehicles vessels " +
	"zuschauer zuschauern besucher besuchern menschen einwohner einwohnern touristen personen teilnehmer teilnehmern stuck stueck euro exemplare exemplaren einheiten stimmen reisende reisenden fahrgaste passagiere passagieren punkte punkten meter metern kilometer kilometern tonnen liter soldaten arbeiter arbeitern mitarbeiter mitarbeitern " +
	"beschaftigte beschaftigten studenten studierende studierenden schuler schulern kinder kindern frauen manner mannern leser lesern nutzer nutzern kunden wahler wahlern wahlberechtigte aktien hektar umdrehungen zeichen byte tote toten opfer fluchtlinge tage tagen stunden minuten sekunden dollar franken fahrzeuge wohnungen arbeitsplatze " +
	"habitants spectateurs personnes visiteurs euros francs kilometres voix voyageurs passagers touristes etudiants eleves exemplaires soldats morts hommes femmes enfants entrees emplois logements electeurs " +
	"abitanti spettatori persone visitatori metri chilometri voti punti passeggeri turisti studenti copie tonnellate soldati morti anni posti lire bambini donne uomini elettori " +
	"habitantes espectadores personas visitantes metros kilometros votos puntos pasajeros turistas estudiantes alumnos ejemplares toneladas soldados muertos viviendas empleos electores ninos mujeres hombres plazas pesetas pesos " +
	"pessoas pontos passageiros estudantes toneladas reais criancas mulheres homens eleitores"))

// countedAt says whether a space and a word of those things that numbers count stand at i.
func countedAt(text []byte, i int) bool {
	if i < 0 || i >= len(text) || text[i] != ' ' {
		return false
	}
	j := i + 1
	for j < len(text) && j-i <= maxNameWord && nameByte[text[j]] {
		j++
	}
	return j > i+1 && j-i <= maxNameWord && countedWords.has(text[i+1:j])
}

// germanFirst begin German streets that have no word of streets: Am Nordkanal 11.
var germanFirst = newWordTable(strings.Fields("am im zum zur"))

// germanPhrase says whether text[j:i] is the article of a German street that has no word of streets: An der Kirche 8.
func germanPhrase(text []byte, j, i int) bool {
	if n := i - j; n != 3 || text[j]|0x20 != 'd' || text[j+1]|0x20 != 'e' || j < 3 || text[j-1] != ' ' || i+1 >= len(text) || !capital(text, i+1) {
		return false
	}
	k := wordBack(text, j-1)
	return k < j-1 && capital(text, k) && germanBegins.has(text[k:j-1])
}
