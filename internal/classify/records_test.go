package classify

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/hamba/avro/v2/ocf"
	"github.com/parquet-go/parquet-go"

	"magpie/internal/detect"
	"magpie/internal/extract"
)

// placesOf returns where occurrences are: the column and row of a cell, the record and path of a member.
func placesOf(d *Detection) (places []string) {
	for _, l := range d.Occurrences {
		switch l.Kind {
		case extract.Cell:
			places = append(places, fmt.Sprintf("%s %d", l.Name, l.Row))
		case extract.Record:
			places = append(places, fmt.Sprintf("%d %s", l.Record, l.Path))
		default:
			places = append(places, fmt.Sprintf("line %d", l.Line))
		}
	}
	return places
}

// TestRecords: names, addresses and headers over the members of a record, placed at the first of them.
func TestRecords(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	for _, x := range []struct {
		file, text, id string
		want           []string
	}{
		{"a.csv", "id,first_name,last_name,amount\n1,Mary,Smith,3\n2,Zbyszko,Brzezicki,4\n", "NAME", []string{"first_name 2", "first_name 3"}},
		{"a.csv", "LAST NAME;FIRST NAME;x\nSMITH;MARY;1\nO'BRIEN;SEAN;2\n", "NAME", []string{"LAST NAME 2", "LAST NAME 3"}},
		{"a.csv", "givenName,note,familyName\nmary,x,smith\n,x,jones\nann,x,\nBo,y,Li\n", "NAME", []string{"givenName 2", "givenName 5"}},
		{"a.tsv", "prenom\tnom\tn\nÉlodie\tDurand\t1\nJean-Luc\tDe La Fontaine\t2\n", "NAME", []string{"prenom 2", "prenom 3"}},
		{"a.csv", "vorname;nachname;n\nJürgen;Weiß;1\nUlrike;von der Heide;2\n", "NAME", []string{"vorname 2", "vorname 3"}},
		{"a.csv", "nombre,apellido1,apellido2\nJosé,García,López\nAna,Gil,Ruiz\n", "NAME", []string{"nombre 2", "nombre 3"}},
		{"a.csv", "nome,cognome,n\nGiulia,Rossi,1\nLuca,Esposito,2\n", "NAME", []string{"nome 2", "nome 3"}},
		{"a.csv", "first,last,n\nMary,Smith,1\nMonday,Friday,2\n12,40,3\nalpha,omega,4\n", "NAME", []string{"first 2"}},
		{"a.csv", "customer_first_name,customer_last_name,agent_first_name,agent_last_name\nMary,Smith,John,Miller\n", "NAME", []string{"customer_first_name 2", "agent_first_name 2"}},
		{"a.csv", "first_name,last_name,n\nn/a,none,1\nx1,y2,2\n,,3\nnull,null,4\n", "NAME", nil},
		{"a.csv", "first_name,amount\nMary,3\nJohn,4\n", "NAME", nil},
		{"a.csv", "file_name,last_name,n\nreport,Smith,1\n", "NAME", nil},
		{"a.json", `{"first_name":"Mary","last_name":"Smith"}`, "NAME", []string{"0 $.first_name"}},
		{"a.json", `{"name":{"last":"Smith","first":"Mary"},"x":1}`, "NAME", []string{"0 $.name.last"}},
		{"a.json", `[{"firstName":"Mary","lastName":"Smith"},{"firstName":"Ann","age":3},{"lastName":"Lee"},{"firstName":"Bo","lastName":"Li"}]`, "NAME",
			[]string{"0 $[0].firstName", "0 $[3].firstName"}},
		{"a.json", `{"people":[{"given_name":"A","k":1}, {"family_name":"Smith"}]}`, "NAME", nil},
		{"a.jsonl", "{\"forename\":\"Mary\",\"surname\":\"Smith\"}\n{\"forename\":\"Ann\"}\n{\"surname\":\"Lee\"}\n{\"surname\":\"Li\",\"forename\":\"Bo\"}\n", "NAME",
			[]string{"0 $.forename", "3 $.surname"}},
		{"a.json", `{"first_name":"Mary Ann","last_name":"Smith","full_name":"Mary Ann Smith"}`, "NAME", []string{"0 $.first_name", "0 $.full_name"}},

		{"a.csv", "id,address,city,state,zip\n1,12 Oak Street,Springfield,IL,62704\n2,PO Box 12,Austin,TX,78701-1234\n", "ADDRESS", []string{"address 2", "address 3"}},
		{"a.csv", "zip;city;street\n10115;Berlin;Hauptstraße 5\n80331;München;Am Anger 3\n", "ADDRESS", []string{"zip 2", "zip 3"}},
		{"a.csv", "adresse,code_postal,ville\n12 rue de la Paix,75002,Paris\n", "ADDRESS", []string{"adresse 2"}},
		{"a.csv", "indirizzo,cap,comune,provincia\n\"Via Roma, 12\",00184,Roma,RM\n", "ADDRESS", []string{"indirizzo 2"}},
		{"a.csv", "direccion,codigo_postal,localidad\n\"Calle Mayor, 3\",28013,Madrid\n", "ADDRESS", []string{"direccion 2"}},
		{"a.csv", "billing_street,billing_city,billing_zip,shipping_street,shipping_city,shipping_zip\n1 Oak St,Austin,78701,2 Elm St,Boston,02108\n", "ADDRESS",
			[]string{"billing_street 2", "shipping_street 2"}},
		{"a.csv", "street,house_number,city,postcode\nHigh Street,5,London,SW1A 1AA\n", "ADDRESS", []string{"street 2"}},
		{"a.csv", "Address Line 1,Address Line 2,Town,Postcode\n5 High Street,Flat 2,London,SW1A 1AA\n", "ADDRESS", []string{"Address Line 1 2"}},
		{"a.csv", "email_address,city,zip\na@example.com,Austin,78701\n", "ADDRESS", nil},
		{"a.csv", "ip_address,city,state,zip\n10 0 0 1,Austin,TX,78701\n", "ADDRESS", nil},
		{"a.csv", "address,city,state,zip\n0x7fff1234,Austin,TX,78701\nn/a,Austin,TX,78701\n", "ADDRESS", nil},
		{"a.csv", "address,city,n\n12 Oak Street,Austin,3\n", "ADDRESS", nil},
		{"a.csv", "address,city,state,zip\n\"12 Oak St, Austin, TX 78701\",Austin,TX,78701\n", "ADDRESS", []string{"address 2"}},
		{"a.json", `{"customer":{"address":{"street":"12 Oak Street","city":"Austin","state":"TX","zip":"78701"}}}`, "ADDRESS", []string{"0 $.customer.address.street"}},
		{"a.json", `{"address":"12 Oak Street","city":"Austin","zip":78701}`, "ADDRESS", []string{"0 $.address"}},

		{"a.json", `{"name":[{"family":"Donald","given":["Duck","D"]}],"address":[{"line":["3300 Washtenaw Avenue"],"city":"Ann Arbor","postalCode":"48104"}]}`, "ADDRESS", []string{"0 $.address[0].line[0]"}},
		{"a.json", `{"location":{"street":{"number":2479,"name":"Henry Street"},"city":"Leeds","postcode":"LS1 4AP"}}`, "ADDRESS", []string{"0 $.location.street.number"}},
		{"a.json", `{"product":{"name":"Henry Street","number":5},"city":"Leeds","postcode":"LS1 4AP"}`, "ADDRESS", nil},
		{"a.csv", "vorname,name,n\nJürgen,Weiß,1\n", "NAME", []string{"vorname 2"}},
		{"a.csv", "first_name,name,n\nMary,Widget,1\n", "NAME", nil},
		{"a.csv", "Provider Street Address,n\n601 MARTIN LUTHER KING AVE,1\nCalle de Juan Pérez 3,2\n", "NAME", nil},
		{"a.csv", "address,n\n\"Mary Smith, 12 Oak St\",1\n", "NAME", []string{"address 2"}},

		{"a.csv", "time,Cookie,status\n1,theme=dark; lang=en,200\n2,-,200\n3,sid=31d4d96e,404\n", "HTTP_COOKIE", []string{"Cookie 2", "Cookie 4"}},
		{"a.json", `{"headers":{"Cookie":"theme=dark; lang=en","Accept":"*/*"}}`, "HTTP_COOKIE", []string{"0 $.headers.Cookie"}},
		{"a.json", `{"headers":{"set-cookie":["a=b; Path=/","c=d; Secure"]}}`, "HTTP_COOKIE", []string{"0 $.headers['set-cookie'][0]", "0 $.headers['set-cookie'][1]"}},
		{"a.json", `{"headers":[{"name":"Cookie","value":"theme=dark"},{"name":"Host","value":"a=b"},{"value":"x=y","name":"cookie"}]}`, "HTTP_COOKIE",
			[]string{"0 $.headers[0].value", "0 $.headers[2].value"}},
		{"a.json", `{"Authorization":"Basic dXNlcjpwYXNz","authorization2":"Basic dXNlcjpwYXNz"}`, "HTTP_BASIC_AUTH_HEADER", []string{"0 $.Authorization"}},
		{"a.csv", "Authorization,x\nBasic dXNlcjpwYXNz,1\nBearer dXNlcjpwYXNz,2\n", "HTTP_BASIC_AUTH_HEADER", []string{"Authorization 2"}},
		{"a.json", `[{"name":"Authorization","value":"Basic dXNlcjpwYXNz"}]`, "HTTP_BASIC_AUTH_HEADER", []string{"0 $[0].value"}},
		{"a.json", `{"cookie":"none","cookies":true,"cookie_policy":"a=b"}`, "HTTP_COOKIE", nil},
	} {
		r := classifyBytes(t, c, x.file, []byte(x.text))
		d := find(&r.Document, x.id)
		if got := placesOf(d); !slices.Equal(got, x.want) || int(d.Count) != len(x.want) {
			t.Errorf("%s of %q: %d at %q, want %q", x.id, x.text, d.Count, got, x.want)
		}
	}
}

// TestManyRecords: records on both sides of every place where segments meet are counted once.
func TestManyRecords(t *testing.T) {
	set, err := detect.Compile(detect.Config{Managed: []string{"NAME", "ADDRESS", "HTTP_COOKIE"}})
	if err != nil {
		t.Fatal(err)
	}
	c := New(set, Options{MaxOccurrences: 100_000})
	const pad = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	for _, rows := range []int{900, 5000} {
		var csv, lines, array strings.Builder
		csv.WriteString("cookie,first_name,pad,last_name,address,city,zip\n")
		array.WriteString("[")
		for i := range rows {
			p := pad[:i%len(pad)] + strings.Repeat(pad, 3)
			fmt.Fprintf(&csv, "a=b%d,Mary,%s,Smith,%d Oak St,Austin,78701\n", i, p, i+1)
			member := fmt.Sprintf(`{"cookie":"a=b%d","first_name":"Mary","pad":"%s","last_name":"Smith","address":"%d Oak St","city":"Austin","zip":"78701"}`, i, p, i+1)
			lines.WriteString(member + "\n")
			if i > 0 {
				array.WriteString(",")
			}
			array.WriteString(member)
		}
		array.WriteString("]")
		for name, text := range map[string]string{"a.csv": csv.String(), "a.jsonl": lines.String(), "a.json": array.String()} {
			r := classifyBytes(t, c, name, []byte(text))
			for id, want := range map[string]int{"NAME": min(rows, 1000), "ADDRESS": min(rows, 1000), "HTTP_COOKIE": rows} {
				d := find(&r.Document, id)
				if int(d.Count) != want || len(d.Occurrences) != want {
					t.Errorf("%d rows, %s: %d of %s, want %d", rows, name, d.Count, id, want)
				}
				seen := map[string]bool{}
				for _, p := range placesOf(d) {
					seen[p] = true
				}
				if len(seen) != want {
					t.Errorf("%d rows, %s: %d places of %s, want %d", rows, name, len(seen), id, want)
				}
			}
			if more := rows > 1000; r.More != more {
				t.Errorf("%d rows, %s: more %v", rows, name, r.More)
			}
		}
	}
}

// TestManyColumns: the same in many row groups of a file that lies by columns.
func TestManyColumns(t *testing.T) {
	var p bytes.Buffer
	w := parquet.NewGenericWriter[person](&p, parquet.MaxRowsPerRowGroup(700))
	for i := range 5000 {
		one := person{int64(i), "Mary", "Smith", home{fmt.Sprintf("%d Oak Street", i), "Austin", "78701"}}
		if i%7 != 0 {
			one.First, one.Home.City, one.Home.Zip = "", "", ""
		}
		if _, err := w.Write([]person{one}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c, _ := newClassifier(t, Options{})
	r := classifyBytes(t, c, "a.parquet", p.Bytes())
	for _, id := range []string{"NAME", "ADDRESS"} {
		d := find(&r.Document, id)
		// 715 of the 5,000 are whole; what is remembered of a column is bounded, and Macie counts no more than 1,000.
		if d.Count < 500 || d.Count > 715 {
			t.Errorf("%s: %d", id, d.Count)
		}
	}
}

// TestRecordsAllowed: a name that an allow list holds is not reported when it is spread either.
func TestRecordsAllowed(t *testing.T) {
	list, err := detect.AllowWords([]byte("mary smith\n"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := detect.Compile(detect.Config{Managed: []string{"NAME"}, AllowLists: []*detect.AllowList{list}})
	if err != nil {
		t.Fatal(err)
	}
	r := classifyBytes(t, New(set, Options{}), "a.csv", []byte("first_name,last_name\nMary,Smith\nJohn,Smith\n"))
	if got := placesOf(find(&r.Document, "NAME")); !slices.Equal(got, []string{"first_name 3"}) {
		t.Errorf("%q", got)
	}
}

type person struct {
	ID    int64  `parquet:"id" avro:"id"`
	First string `parquet:"first_name" avro:"first_name"`
	Last  string `parquet:"last_name" avro:"last_name"`
	Home  home   `parquet:"home" avro:"home"`
}

type home struct {
	Street string `parquet:"street" avro:"street"`
	City   string `parquet:"city" avro:"city"`
	Zip    string `parquet:"zip" avro:"zip"`
}

const personSchema = `{"type":"record","name":"person","fields":[{"name":"id","type":"long"},{"name":"first_name","type":"string"},
{"name":"last_name","type":"string"},{"name":"home","type":{"type":"record","name":"home","fields":[{"name":"street","type":"string"},
{"name":"city","type":"string"},{"name":"zip","type":"string"}]}}]}`

// TestRecordsOfColumns: the same in formats whose names are no part of their text.
func TestRecordsOfColumns(t *testing.T) {
	people := []person{
		{1, "Mary", "Smith", home{"12 Oak Street", "Austin", "78701"}}, {2, "", "Jones", home{"", "Austin", "78701"}}, {3, "Zbyszko", "Brzezicki", home{"5 Elm St", "Boston", "02108"}},
	}
	var a, p, x bytes.Buffer
	enc, err := ocf.NewEncoder(personSchema, &a)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range people {
		if err := enc.Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[person](&p)
	if _, err := w.Write(people); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeWorkbook(t, &x, [][]string{
		{"id", "first_name", "last_name", "street", "city", "zip"}, {"1", "Mary", "Smith", "12 Oak Street", "Austin", "78701"},
		{"2", "", "Jones", "", "Austin", "78701"}, {"3", "Zbyszko", "Brzezicki", "5 Elm St", "Boston", "02108"},
	})
	c, _ := newClassifier(t, Options{})
	for _, f := range []struct {
		name            string
		data            []byte
		names, adresses []string
	}{
		{"a.avro", a.Bytes(), []string{"0 $.first_name", "2 $.first_name"}, []string{"0 $.home.street", "2 $.home.street"}},
		// Columns lie one after the other: the place is at the last that was needed.
		{"a.parquet", p.Bytes(), []string{"0 $.last_name", "2 $.last_name"}, []string{"0 $.home.zip", "2 $.home.zip"}},
		{"a.xlsx", x.Bytes(), []string{"first_name 2", "first_name 4"}, []string{"street 2", "street 4"}},
	} {
		r := classifyBytes(t, c, f.name, f.data)
		if got := placesOf(find(&r.Document, "NAME")); !slices.Equal(got, f.names) {
			t.Errorf("%s: names at %q, want %q", f.name, got, f.names)
		}
		if got := placesOf(find(&r.Document, "ADDRESS")); !slices.Equal(got, f.adresses) {
			t.Errorf("%s: addresses at %q, want %q", f.name, got, f.adresses)
		}
	}
}

// writeWorkbook writes a workbook of one sheet.
func writeWorkbook(t *testing.T, to io.Writer, rows [][]string) {
	t.Helper()
	var sheet strings.Builder
	sheet.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i, row := range rows {
		fmt.Fprintf(&sheet, `<row r="%d">`, i+1)
		for k, cell := range row {
			if cell != "" {
				fmt.Fprintf(&sheet, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+k, i+1, cell)
			}
		}
		sheet.WriteString("</row>")
	}
	sheet.WriteString("</sheetData></worksheet>")
	z := zip.NewWriter(to)
	for _, f := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="People" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", sheet.String()},
	} {
		w, err := z.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, f[1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRecordHabits: records as other programs export them. Counted are names and addresses.
func TestRecordHabits(t *testing.T) {
	c, names := newClassifier(t, Options{})
	for _, x := range []struct {
		file, text      string
		name, addresses int64
	}{
		// Exports of shops, of mail programs, of schools, of payrolls.
		{"a.csv", "Billing First Name,Billing Last Name,Billing Address 1,Billing City,Billing State,Billing Postcode\nMary,Smith,12 Oak St,Austin,TX,78701\nAnn,Lee,9 Elm Rd,Boston,MA,02108\n", 2, 2},
		{"a.csv", "Order,Shipping First Name,Shipping Last Name,Shipping Street,Shipping City,Shipping Zip\n1,Mary,Smith,12 Oak St,Austin,78701\n", 1, 1},
		{"a.csv", "Given Name,Additional Name,Family Name,Address 1 - Street,Address 1 - City,Address 1 - Postal Code\nMary,Q,Smith,12 Oak St,Austin,78701\n", 1, 1},
		{"a.csv", "EMP_ID,EMP_FNAME,EMP_LNAME,ADDR1,CITY,ST,ZIP\n1,MARY,SMITH,12 OAK ST,AUSTIN,TX,78701\n", 1, 1},
		{"a.csv", "Student Last Name;Student First Name;Guardian Last Name;Guardian First Name\nSmith;Tom;Smith;Mary\n", 2, 0},
		{"a.csv", "Vorname;Nachname;Straße;Hausnummer;PLZ;Ort\nJürgen;Weiß;Lindenweg;5;10115;Berlin\nUrsula;Groß;Am Markt;3;50667;Köln\n", 2, 2},
		{"a.csv", "nom;prenom;adresse;code_postal;ville\nDurand;Élodie;12 rue de la Paix;75002;Paris\n", 1, 1},
		{"a.csv", "nombre;apellidos;direccion;codigo_postal;ciudad\nJosé;García López;Calle Mayor 3;28013;Madrid\n", 1, 1},
		{"a.csv", "nome;cognome;indirizzo;cap;città\nGiulia;Rossi;Via Roma 12;00184;Roma\n", 1, 1},
		{"a.csv", "nome;sobrenome;endereco;cep;cidade\nJoão;Silva;Rua Augusta 100;01305-000;São Paulo\n", 1, 1},
		{"a.csv", "voornaam;achternaam;straat;huisnummer;postcode;plaats\nJan;de Vries;Damrak;1;1012 LG;Amsterdam\n", 1, 1},
		{"a.csv", "fornamn;efternamn;gatuadress;postnummer;postort\nSven;Nilsson;Storgatan 1;111 22;Stockholm\n", 1, 1},
		{"a.csv", "imie;nazwisko;ulica;kod_pocztowy;miasto\nWojciech;Kowalski;Marszałkowska 1;00-590;Warszawa\n", 1, 1},
		{"a.json", `{"customer":{"firstName":"Mary","lastName":"Smith","address":{"line1":"12 Oak St","city":"Austin","postal_code":"78701","state":"TX"}}}`, 1, 1},
		{"a.json", `{"shipping_address":{"first_name":"Mary","last_name":"Smith","address1":"12 Oak St","city":"Austin","zip":"78701"}}`, 1, 1},
		{"a.json", `[{"name":{"given":"Mary","family":"Smith"}},{"name":{"given":"Ann","family":"Lee"}}]`, 2, 0},
		{"a.jsonl", "{\"fname\":\"Mary\",\"lname\":\"Smith\",\"addr\":{\"street\":\"12 Oak St\",\"town\":\"Leeds\",\"postcode\":\"LS1 1AA\"}}\n", 1, 1},
		{"a.tsv", "first name\tmiddle name\tlast name\nMary\tAnn\tSmith\nBo\t\tLi\n", 2, 0},

		// What looks like a record and is none.
		{"a.csv", "first,last,count\n1,9,3\n2,8,4\n", 0, 0},
		{"a.csv", "first_name,city\nMary,Austin\n", 0, 0},
		{"a.csv", "last_name,count\nSmith,3\nJones,4\n", 0, 0},
		{"a.csv", "city,state,zip\nAustin,TX,78701\n", 0, 0},
		{"a.csv", "ip address,city,state,zip\n10.0.0.1,Austin,TX,78701\n", 0, 0},
		{"a.csv", "email address,city,zip\na@example.com,Austin,78701\n", 0, 0},
		{"a.csv", "mac_address,state,zip\n00:11:22:33:44:55,up,1\n", 0, 0},
		{"a.csv", "first_name,last_name\nfirst_name,last_name\n", 0, 0},
		{"a.csv", "first_name,last_name\nNULL,NULL\n,\nn/a,n/a\n", 0, 0},
		{"a.csv", "file_first_name,sheet_last_name\nreport,summary\n", 0, 0},
		{"a.csv", "first_page,last_page\n12,40\n", 0, 0},
		{"a.csv", "host,address,state\nweb1,0x7fff0001,running\n", 0, 0},
		{"a.json", `{"first":{"name":"step"},"last":{"name":"stop"}}`, 0, 0},
		{"a.json", `{"first_name":"Mary","children":[{"last_name":"Smith"}]}`, 0, 0},
		{"a.json", `[{"first_name":"Mary"},{"last_name":"Smith"}]`, 0, 0},
		{"a.json", `{"address":"0x1f","city":"cache","zip":"a.zip"}`, 0, 0},
		{"a.json", `{"street":true,"city":null,"zip":0}`, 0, 0},
		{"a.jsonl", "{\"first_seen\":\"2026-01-01\",\"last_seen\":\"2026-02-02\"}\n", 0, 0},
	} {
		r := classifyBytes(t, c, x.file, []byte(x.text))
		found := map[string]int64{}
		for _, d := range r.Detections {
			found[d.Name(names)] = d.Count
		}
		if found["NAME"] != x.name || found["ADDRESS"] != x.addresses {
			t.Errorf("%q: %d names and %d addresses, want %d and %d", x.text, found["NAME"], found["ADDRESS"], x.name, x.addresses)
		}
	}
}

// TestHeadersOfOthers: columns as other people's programs call them, of whose rows each is a name, an address or both.
func TestHeadersOfOthers(t *testing.T) {
	c, _ := newClassifier(t, Options{})
	for _, x := range []struct{ first, last, street, house, city, state, code string }{
		{"First Name", "Last Name", "Home Street", "", "Home City", "Home State", "Home Postal Code"},
		{"Given Name", "Family Name", "Address 1 - Street", "", "Address 1 - City", "Address 1 - Region", "Address 1 - Postal Code"},
		{"First Name", "Last Name", "Default Address Address1", "", "Default Address City", "Default Address Province Code", "Default Address Zip"},
		{"billing_first_name", "billing_last_name", "billing_address_1", "", "billing_city", "billing_state", "billing_postcode"},
		{"FirstName", "LastName", "MailingStreet", "", "MailingCity", "MailingState", "MailingPostalCode"},
		{"", "", "Card Address Line1", "", "Card Address City", "Card Address State", "Card Address Zip"},
		{"", "", "Address Line 1", "", "Town/City", "State/Province/Region", "Zip/Postal Code"},
		{"", "", "ship-address-1", "", "ship-city", "ship-state", "ship-postal-code"},
		{"givenName", "sn", "street", "", "l", "st", "postalCode"},
		{"givenName", "familyName", "streetAddress", "", "addressLocality", "addressRegion", "postalCode"},
		{"VORNA", "NACHN", "STRAS", "", "ORT01", "", "PSTLZ"},
		{"first_name", "last_name", "res_street_address", "", "res_city_desc", "state_cd", "zip_code"},
		{"Provider First Name", "Provider Last Name (Legal Name)", "Provider First Line Business Mailing Address", "", "Provider Business Mailing Address City Name", "Provider Business Mailing Address State Name", "Provider Business Mailing Address Postal Code"},
		{"FNAME", "LNAME", "ADDR_1", "", "CITY", "STATE", "ZIP5"},
		{"Forename(s)", "Family name", "House and street", "", "Town or city", "", "Postcode"},
		{"", "", "addr:street", "addr:housenumber", "addr:city", "", "addr:postcode"},
		{"Vorname", "Familienname", "Straße und Hausnummer", "", "Wohnort", "", "Postleitzahl"},
		{"vorname", "name", "strasse", "hausnr", "ort", "", "plz"},
		{"KUNDE_VORNAME", "KUNDE_NACHNAME", "ANSCHRIFT_STRASSE", "", "ANSCHRIFT_ORT", "", "ANSCHRIFT_PLZ"},
		{"Prénom usuel", "Nom de naissance", "N° et voie", "", "Localité", "", "CP"},
		{"PRENOM_CLIENT", "NOM_CLIENT", "ADR1", "", "COMMUNE", "", "CODE_POSTAL"},
		{"Nombre(s)", "Apellido Paterno", "Calle y número", "", "Ciudad", "Estado", "C.P."},
		{"Nome", "Cognome", "Indirizzo residenza", "", "Comune di residenza", "Provincia di residenza", "CAP residenza"},
		{"primeiro_nome", "ultimo_nome", "logradouro", "numero", "cidade", "estado", "cep"},
		{"Voornaam", "Achternaam", "Straat", "Huisnummer", "Woonplaats", "", "Postcode"},
		{"Imię", "Nazwisko", "Ulica", "Nr domu", "Miejscowość", "", "Kod pocztowy"},
		{"emp_first_nm", "emp_last_nm", "emp_addr_line1", "", "emp_city_nm", "emp_state_cd", "emp_zip_cd"},
		{"name.first", "name.last", "address.street", "", "address.city", "address.state", "address.zip"},
		{"Owner First", "Owner Last", "Physical Address", "", "Physical City", "Physical State", "Physical Zip"},
	} {
		var header, row []string
		add := func(name, value string) {
			if name != "" {
				header, row = append(header, `"`+name+`"`), append(row, `"`+value+`"`)
			}
		}
		add("id", "1")
		add(x.first, "Mary")
		add(x.last, "Smith")
		street := "12 Oak Street"
		if x.house != "" {
			street = "Oak Street"
		}
		add(x.street, street)
		add(x.house, "12")
		add(x.city, "Springfield")
		add(x.state, "IL")
		add(x.code, "62704")
		r := classifyBytes(t, c, "a.csv", []byte(strings.Join(header, ",")+"\n"+strings.Join(row, ",")+"\n"))
		if d := find(&r.Document, "ADDRESS"); d.Count != 1 {
			t.Errorf("%q: %d addresses", header, d.Count)
		}
		want := 0
		if x.first != "" {
			want = 1
		}
		if d := find(&r.Document, "NAME"); int(d.Count) != want {
			t.Errorf("%q: %d names, want %d", header, d.Count, want)
		}
	}
}
