package extract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTableShapes gives tables as programs and people write them. In each, the nine digits of every row belong to the column
// passport.
func TestTableShapes(t *testing.T) {
	for _, c := range []struct {
		name, ext, text string
		want            int
		col             int64
	}{
		{"plain", "csv", "id,passport\n1,543185906\n2,486125089\n", 2, 2},
		{"a short row first", "csv", "id,passport,city\n1,543185906\n2,486125089,x\n3,486125080,x\n", 3, 2},
		{"a long row last", "csv", "id,passport,city\n1,543185906,x\n2,486125089,x\n3,486125080,x,y,z\n", 3, 2},
		{"no row like another", "csv", "id,passport,city\n1,543185906\n2,486125089,x,y\n3,486125080,x\n4,486125081,x,y,z\n", 4, 2},
		{"empty columns", "csv", "id,passport,city,,,\n1,543185906,x,,,\n2,486125089,x,,,\n", 2, 2},
		{"title", "csv", "Staff of the northern branch\nid,passport,city\n1,543185906,x\n2,486125089,y\n", 2, 2},
		{"padded title", "csv", "Staff 2024,,\n,,\nid,passport,city\n1,543185906,x\n2,486125089,y\n", 2, 2},
		{"title of pairs", "csv", "Report,Staff\nDate,2024-05-06\n\nid,passport,city,team\n1,543185906,x,r\n2,486125089,y,s\n", 2, 2},
		{"comments", "csv", "# made by hand\n# id, name, and so on\nid,passport,city\n1,543185906,x\n2,486125089,y\n", 2, 2},
		{"header behind #", "csv", "#id,passport\n1,543185906\n2,486125089\n", 2, 2},
		{"first name behind #", "csv", "# passport;city\n543185906;x\n486125089;y\n", 2, 1},
		{"sep", "csv", "sep=;\nid;passport;remark\n1;543185906;a,b\n2;486125089;a,b\n", 2, 2},
		{"quoted sep", "csv", "\"sep=|\"\r\nid|passport|remark\r\n1|543185906|a,b\r\n2|486125089|a,b\r\n", 2, 2},
		{"backslash and quote", "csv", "id,note,passport\n1,\"a \\\"b\\\", c\",543185906\n2,\"\\\\\",486125089\n", 2, 3},
		{"backslash and comma", "csv", "id,note,passport\n1,a\\, c,543185906\n2,b,486125089\n", 2, 3},
		{"folder in quotes", "csv", "id,folder,passport\n1,\"C:\\temp\\\",543185906\n2,\"C:\\\",486125089\n", 2, 3},
		{"CR only", "csv", "id,passport\r1,543185906\r2,486125089\r", 2, 2},
		{"CR only in a text", "txt", "id,city,passport\r1,x,543185906\r2,x,486125089\r", 2, 3},
		{"year in a name", "csv", "id,passport 2023\n1,543185906\n2,486125089\n", 2, 2},
		{"period in a name", "csv", "id,passport 2023-2024,x\n1,543185906,y\n2,486125089,z\n", 2, 2},
		{"years as names", "csv", "passport,2021,2022,2023,2024\n543185906,1,2,3,4\n486125089,5,6,7,8\n", 2, 1},
		{"months as names", "csv", "passport,2021-01,2021-02,2021-03\n543185906,1,2,3\n486125089,5,6,7\n", 2, 1},
		{"quote in the middle", "csv", "id,size,passport\n1,5\" pipe,543185906\n2,a \"b\" c,486125089\n", 2, 3},
		{"space and quote", "csv", "id, \"note\", passport\n1, \"a, b\", 543185906\n2, \"c, d\", 486125089\n", 2, 3},
		{"line ends in quotes", "csv", "id,note,passport\n1,\"a\n\nb, c\",543185906\n2,\"d\r\ne\",486125089\n", 2, 3},
		{"line end in the header", "csv", "id,\"passport\nnumber\"\n1,543185906\n2,486125089\n", 2, 2},
		{"byte order mark", "csv", "\ufeffpassport,\"x\"\n543185906,a\n486125089,b\n", 2, 1},
		{"mark without width in a name", "csv", "id,pass\u200bport\n1,543185906\n2,486125089\n", 2, 2},
		{"a name for the first column only", "csv", "passport\n543185906,x\n486125089,y\n", 2, 1},
		{"pipes", "txt", "id|city|passport\n1|x|543185906\n2|y|486125089\n", 2, 3},
		{"tabs and commas", "csv", "id\tcity\tpassport\n1\tBonn, Rhine\t543185906\n2\tx, y\t486125089\n", 2, 3},
		{"semicolons and decimal commas", "csv", "id;sum;passport\n1;1,50;543185906\n2;2,50;486125089\n", 2, 3},
		{"\\x01", "dat", "id\x01city\x01passport\n1\x01x\x01543185906\n2\x01y\x01486125089\n", 2, 3},
		{"unit separators", "csv", "id\x1fpassport\n1\x1f543185906\n2\x1f486125089\n", 2, 2},
		{"carets", "csv", "id^passport\n1^543185906\n2^486125089\n", 2, 2},
		{"uneven text", "txt", "id,city,passport\n" + strings.Repeat("1,x,543185906\n", 19) + "1,x,543185906,y\n", 20, 3},
		{"blank lines", "csv", "\n\nid,passport\n\n1,543185906\n\n\n2,486125089\n\n", 2, 2},
		{"header again", "csv", "id,passport\n1,543185906\nid,passport\n2,486125089\n", 2, 2},
		{"units", "csv", "id,passport,sum\n,,EUR\n1,543185906,5\n2,486125089,6\n", 2, 2},
		{"two tables", "csv", "id,city\n1,x\n2,y\n\nid,team,passport\n3,x,543185906\n4,y,486125089\n", 2, 3},
		{"two tables with titles", "csv", "Towns\nid,city\n1,x\n\nStaff\nteam,id,passport\nx,3,543185906\ny,4,486125089\n", 2, 3},
		{"Markdown", "md", "| id | passport |\n|---:|:---|\n| 1 | 543185906 |\n| 2 | 486125089 |\n", 2, 3},
		{"database shell", "txt", "+----+-----------+\n| id | passport  |\n+----+-----------+\n|  1 | 543185906 |\n|  2 | 486125089 |\n+----+-----------+\n", 2, 3},
		{"other database shell", "txt", " id | passport\n----+-----------\n  1 | 543185906\n  2 | 486125089\n(2 rows)\n", 2, 2},
		{"backslash and line end", "csv", "id,note,passport\n1,a\\\nb,543185906\n2,c,486125089\n3,d,486125080\n", 3, 3},
		{"apostrophes for quotes", "csv", "'id','name','passport'\n'1','Doe, J','543185906'\n'2','Roe, R','486125089'\n", 2, 3},
		{"apostrophe in a name", "csv", "id,name,passport\n1,O'Hara,543185906\n2,'t Hooft,486125089\n", 2, 3},
		{"tildes", "csv", "id~passport~x\n1~543185906~a\n2~486125089~b\n", 2, 2},
		{"colons", "csv", "id:passport:x\n1:543185906:a\n2:486125089:b\n", 2, 2},
		{"times in a table of commas", "csv", "id,at,passport\n1,10:15:20,543185906\n2,10:15:21,486125089\n", 2, 3},
		{"days as names", "csv", "passport,2021-01-31,2021-02-28\n543185906,1,2\n486125089,5,6\n", 2, 1},
		{"quarters as names", "csv", "passport,Q1 2020,Q2 2020,3\n543185906,1,2,3\n486125089,5,6,7\n", 2, 1},
		{"an address among the names", "csv", "me@example.com,team,passport,remark\na,b,543185906,c\nd,e,486125089,f\n", 2, 3},
		{"groups above the header", "csv", "Person,Person,Papers\nid,city,passport\n1,x,543185906\n2,y,486125089\n", 2, 3},
		{"one column", "csv", "passport\n543185906\n486125089\n486125080\n", 3, 1},
		{"one column and a title", "csv", "Who came by\npassport\n543185906\n486125089\n", 2, 1},
		{"two columns in a text", "txt", "id,passport\n1,543185906\n2,486125089\n3,486125080\n4,486125081\n", 4, 2},
		{"a log that is a table", "log", "at\tid\tpassport\n10:00\t1\t543185906\n10:01\t2\t486125089\n", 2, 3},
		{"a ruled grid", "rst", "+----+-----------+\n| id | passport  |\n+====+===========+\n|  1 | 543185906 |\n+----+-----------+\n|  2 | 486125089 |\n+----+-----------+\n", 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRecorder()
			r.needle = regexp.MustCompile(`\b\d{9}\b`)
			src := Source{Name: "a." + c.ext, ReaderAt: strings.NewReader(c.text), Size: int64(len(c.text))}
			if _, err := Extract(t.Context(), src, Options{}, r); err != nil {
				t.Fatal(err)
			}
			if len(r.found) != c.want {
				t.Fatalf("found %d numbers, want %d", len(r.found), c.want)
			}
			for _, h := range r.found {
				if len(h.names) != 1 || !strings.HasPrefix(h.names[0], "passport") || h.loc.Kind != Cell || h.loc.Col != c.col {
					t.Errorf("%s is in %q, %+v", h.value, h.names, h.loc)
				}
			}
		})
	}
}

// TestNoHeader gives tables whose first row names nothing, and text that is no table.
func TestNoHeader(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"a.csv", "A,543185906,x\nB,486125089,y\n"},
		{"a.csv", "1,Anna,x\n2,Bert,y\n3,Carl,543185906\n"},
		{"a.csv", "anna@example.com,x,1\nbert@example.com,y,543185906\n"},
		{"a.csv", "2024-05-06,x,543185906\n2024-05-07,y,486125089\n"},
		{"a.csv", "passport,me@example.com,543185907\nx,me@example.com,543185906\n"},
		{"a.csv", "10:15:20\n10:15:21\n543185906\n"},
		{"a.csv", "Anna\nBert\nCarl\n543185906\n"},
		{"a.txt", "Well, here it is\nI went, and so did you\nYes, 543185906\nNo, not 486125089\nNever, 1\n"},
		{"a.log", "at 10:00, x, y\nat 10:01, 543185906, y\nat 10:02, z, y\n"},
		{"a.txt", "Dear all, here is, as promised, the list\nof numbers, which you asked for, 543185906\nand one more, for good measure, 486125089\n"},
		{"a.txt", "error, disk, full\nerror, disk 543185906, full, again\nerror\nwarning, disk\n"},
	} {
		r := newRecorder()
		r.needle = regexp.MustCompile(`\b\d{9}\b`)
		src := Source{Name: c.name, ReaderAt: strings.NewReader(c.text), Size: int64(len(c.text))}
		if _, err := Extract(t.Context(), src, Options{}, r); err != nil {
			t.Fatal(err)
		}
		for _, h := range r.found {
			if len(h.names) > 0 {
				t.Errorf("%q: %s is in %q", c.text, h.value, h.names)
			}
		}
	}
}

// TestEscapedCells compares cells asked for one by one with the rows as splitRow has them, in every shape.
func TestEscapedCells(t *testing.T) {
	parts := []string{`a`, `\"`, `"`, `\,`, `,`, `\\`, "\n", ` `, `""`, `bc`, `,"`, `",`}
	for n := range 20_000 {
		var b strings.Builder
		b.WriteString("id,note,passport\n")
		for k := n; k > 0; k /= len(parts) {
			b.WriteString(parts[k%len(parts)])
		}
		raw := []byte(b.String() + "\n1,\"x \\\"y\\\", z\",2\n")
		for _, escape := range []bool{false, true} {
			c := newCSV(',', raw, true)
			c.escape = escape
			var want, got []string
			for rest := raw; len(rest) > 0; {
				cells, end := splitRow(rest, tableShape{delim: ',', quote: '"', escape: escape})
				want = append(want, fmt.Sprint(len(cells)))
				if end < 0 {
					break
				}
				rest = rest[end+1:]
			}
			c.walk(raw, len(raw)-1)
			for off, row, cells := 0, int64(1), 1; off < len(raw); off++ {
				c.seekCell(raw, off)
				if c.cur.row != row {
					got = append(got, fmt.Sprint(cells))
					row = c.cur.row
				}
				cells = c.cur.col + 1
				if off == len(raw)-1 {
					got = append(got, fmt.Sprint(cells))
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q, escapes %v: rows of %v cells, want %v", raw, escape, got, want)
			}
		}
	}
}
