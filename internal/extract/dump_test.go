package extract

import (
	"fmt"
	"strings"
	"testing"
)

// TestDumps reads dumps as the tools of several databases write them: each value has the name of its column, and its place.
func TestDumps(t *testing.T) {
	for name, c := range map[string]struct {
		file, data string
		want       []string // names, value, line and column
	}{
		"mysql": {"a.sql", "-- MySQL dump 10.13\nDROP TABLE IF EXISTS `p`;\n/*!40101 SET x = 1 */;\nCREATE TABLE `p` (\n  `id` int(11) NOT NULL,\n  `name` varchar(20) DEFAULT 'a,b',\n  `ssn` char(11),\n  PRIMARY KEY (`id`),\n  KEY `k` (`name`)\n) ENGINE=InnoDB;\n" +
			"LOCK TABLES `p` WRITE;\nINSERT INTO `p` VALUES (1,'B\\'s, (a)','536-90-4399'),(2,NULL,'524-11-7837');\nUNLOCK TABLES;\n",
			[]string{"[ssn] 536-90-4399 12:40", "[ssn] 524-11-7837 12:63"}},
		"named columns": {"a.sql", "INSERT INTO people (name, ssn)\nVALUES ('it''s', '536-90-4399'),\n       ('524-11-7837', '');\n",
			[]string{"[ssn] 536-90-4399 2:19", "[name] 524-11-7837 3:10"}},
		"pg_dump": {"a.sql", "CREATE TABLE public.people (\n    id integer,\n    ssn text\n);\nCOPY public.people (id, ssn) FROM stdin;\n1\t536-90-4399\n\\N\t524-11-7837\n\\.\n\nSELECT 'ssn 601-33-2841';\n",
			[]string{"[ssn] 536-90-4399 6:3", "[ssn] 524-11-7837 7:4", "[] 601-33-2841 10:13"}},
		"pg_dump inserts": {"dump.txt", "--\n-- PostgreSQL database dump\n--\n\\connect a\nSET x = y;\nINSERT INTO public.people (id, ssn) VALUES (1, E'536-90-4399') ON CONFLICT DO NOTHING;\nINSERT INTO public.people VALUES (2, '524-11-7837');\n",
			[]string{"[ssn] 536-90-4399 6:50", "[ssn] 524-11-7837 7:39"}},
		"sql server": {"a.sql", "SET IDENTITY_INSERT [dbo].[People] ON \nGO\nINSERT [dbo].[People] ([Id], [Ssn]) VALUES (1, N'536-90-4399')\nINSERT [dbo].[People] ([Id], [Ssn]) VALUES (CAST(2 AS Int), N'524-11-7837')\nGO\n",
			[]string{"[Ssn] 536-90-4399 3:50", "[Ssn] 524-11-7837 4:63"}},
		"sqlite": {"a.sql", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE p(id INTEGER PRIMARY KEY, ssn TEXT);\nINSERT INTO p VALUES(1,'536-90-4399');\nCOMMIT;\n",
			[]string{"[ssn] 536-90-4399 4:25"}},
		"an expression": {"a.sql", "INSERT INTO p (ssn, b) VALUES (trim('536-90-4399', ' '), 2), (concat('a', '524-11-7837'), 3);\n",
			[]string{"[ssn] 536-90-4399 1:38", "[ssn] 524-11-7837 1:76"}},
		"more values than columns": {"a.sql", "INSERT INTO p (a) VALUES (1, '536-90-4399');\n", []string{"[] 536-90-4399 1:31"}},
		"of a query":               {"a.sql", "INSERT INTO p (a) SELECT '536-90-4399' FROM b;\nINSERT INTO p (a) VALUES ('524-11-7837');\n", []string{"[] 536-90-4399 1:27", "[a] 524-11-7837 2:28"}},
		"cut":                      {"a.sql", "INSERT INTO p (a) VALUES ('524-11-7837", []string{"[a] 524-11-7837 1:28"}},
		"quotes and commas": {"a.sql", "INSERT INTO p (a, ssn) VALUES (\"x, \"\"y\"\"\", \"536-90-4399\"), (`x, y`, '524-11-7837');\n",
			[]string{"[ssn] 536-90-4399 1:45", "[ssn] 524-11-7837 1:70"}},
		"dollars": {"a.sql", "INSERT INTO p (a, ssn) VALUES ($$x, y$$, $a$536-90-4399$a$), ($b$it's $$, (y$b$, '524-11-7837');\n",
			[]string{"[ssn] 536-90-4399 1:45", "[ssn] 524-11-7837 1:83"}},
		"arrays": {"a.sql", "INSERT INTO p (a, ssn) VALUES (ARRAY[1, 2], '536-90-4399');\n", []string{"[ssn] 536-90-4399 1:46"}},
		"comments": {"a.sql", "INSERT INTO p (a, ssn) VALUES (1, /* it's, not 601-33-2841, */ '536-90-4399'), (2 -- a, b\n, '524-11-7837' # it's, it\n);\n",
			[]string{"[] 601-33-2841 1:48", "[ssn] 536-90-4399 1:65", "[ssn] 524-11-7837 2:4"}},
		"words that are columns": {"a.sql", "CREATE TABLE p (key text, index varchar(9), period int, exclude nvarchar(max), ssn text, PRIMARY KEY (key), KEY x (ssn), KEY date USING BTREE (ssn), " +
			"FULLTEXT INDEX (ssn), PERIOD FOR a (b, c), last int);\nINSERT INTO p VALUES ('a', 'b', 1, 'c', '536-90-4399', '524-11-7837');\n",
			[]string{"[ssn] 536-90-4399 2:42", "[last] 524-11-7837 2:57"}},
		"two schemas": {"a.sql", "CREATE TABLE a.p (ssn text, name text);\nCREATE TABLE b.p (id int, tin text);\nINSERT INTO a.p VALUES ('536-90-4399', 'x');\n" +
			"INSERT INTO b.p VALUES (1, '524-11-7837');\nINSERT INTO c.p VALUES (1, '601-33-2841');\n",
			[]string{"[ssn] 536-90-4399 3:26", "[tin] 524-11-7837 4:29", "[] 601-33-2841 5:29"}},
		"two databases": {"a.sql", "USE a;\nCREATE TABLE p (ssn text, name text);\nINSERT INTO p VALUES ('536-90-4399', 'x');\nUSE b;\nCREATE TABLE p (id int, tin text);\nINSERT INTO p VALUES (1, '524-11-7837');\n",
			[]string{"[ssn] 536-90-4399 3:24", "[tin] 524-11-7837 6:27"}},
		"copy csv": {"a.sql", "COPY p (a, ssn) FROM stdin WITH (FORMAT csv, HEADER);\na,ssn\n\"x, \"\"y\"\"\nz\",536-90-4399\n1,\"524-11-7837\"\n\\.\nSELECT '601-33-2841';\n",
			[]string{"[ssn] 536-90-4399 4:4", "[ssn] 524-11-7837 5:4", "[] 601-33-2841 7:9"}},
		"copy with a delimiter": {"a.sql", "COPY p (a, ssn) FROM stdin DELIMITER '|';\nx\\|y|536-90-4399\n\\.\nCOPY p (a, ssn) FROM stdin (FORMAT csv, DELIMITER ';', QUOTE '~');\n~x;y~;524-11-7837\n\\.\n",
			[]string{"[ssn] 536-90-4399 2:6", "[ssn] 524-11-7837 5:7"}},
		"prose": {"a.txt", "To add a row, write\nINSERT INTO p (ssn) VALUES ('536-90-4399');\n", []string{"[] 536-90-4399 2:30"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := extractBytes(t, c.file, []byte(c.data), Options{})
			var got []string
			for _, h := range r.found {
				got = append(got, fmt.Sprint(h.names, " ", h.value, " ", h.loc.Line, ":", h.loc.Column))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") || r.status[""].Code != Complete {
				t.Errorf("found %q, want %q; %v, %s", got, c.want, r.status, r.text[""])
			}
		})
	}
}

// A dump has a statement for each row, and perhaps many tables: what is kept follows neither.
func TestManyStatements(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "INSERT INTO t%d (id, ssn) VALUES (%d, '%s');\n", i%2, i, serial(i))
	}
	r := extractBytes(t, "a.sql", []byte(b.String()), Options{MaxMemory: 64 * kib})
	if len(r.found) != 20_000 || r.status[""].Code != Complete {
		t.Fatalf("%d found, %v", len(r.found), r.status)
	}
	for i, h := range r.found {
		if h.value != serial(i) || h.loc.Line != int64(i+1) || len(h.names) != 1 || h.names[0] != "ssn" {
			t.Fatalf("%d: %+v", i, h)
		}
	}
}

// A dump may have more lists of columns than are remembered at a time, and more tables: the first lose no names, and a dump of the
// second does not end as complete.
func TestManyTables(t *testing.T) {
	var named, created strings.Builder
	for i := range maxSQLTables + 100 {
		fmt.Fprintf(&named, "INSERT INTO t (a%d, ssn) VALUES (1, '%s');\n", i, serial(i))
		fmt.Fprintf(&created, "CREATE TABLE t%d (id int, ssn text);\nINSERT INTO t%d VALUES (1, '%s');\n", i, i, serial(i))
	}
	r := extractBytes(t, "a.sql", []byte(named.String()), Options{})
	if len(r.found) != maxSQLTables+100 || r.status[""].Code != Complete {
		t.Fatalf("%d found, %v", len(r.found), r.status)
	}
	for i, h := range r.found {
		if len(h.names) != 1 || h.names[0] != "ssn" {
			t.Fatalf("%d: %+v", i, h)
		}
	}
	r = extractBytes(t, "a.sql", []byte(created.String()), Options{})
	if len(r.found) != maxSQLTables+100 || r.status[""].Code != Partial {
		t.Errorf("%d found, %v", len(r.found), r.status)
	}
}

// TestNamesBeyondMemory: where there is no memory for the names of columns, values are read without; a table that is made anew
// takes no more than it did.
func TestNamesBeyondMemory(t *testing.T) {
	var named, anew strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&named, "INSERT INTO t (a%d, ssn) VALUES (1, '%s');\n", i%3000, serial(i))
		fmt.Fprintf(&anew, "CREATE TABLE t (id int, ssn text);\nINSERT INTO t VALUES (1, '%s');\nDROP TABLE t;\n", serial(i))
	}
	for name, c := range map[string]struct {
		text  string
		named int
		want  Code
	}{"many lists": {named.String(), 100, Partial}, "one table": {anew.String(), 6000, Complete}} {
		r := extractBytes(t, "a.sql", []byte(c.text), Options{MaxMemory: 64 * kib})
		named := 0
		for _, h := range r.found {
			if len(h.names) == 1 && h.names[0] == "ssn" {
				named++
			}
		}
		if len(r.found) != 6000 || named < c.named || r.status[""].Code != c.want {
			t.Errorf("%s: %d found, %d with their column, %v", name, len(r.found), named, r.status)
		}
	}
}

func TestRTF(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"runs":      {`{\rtf1\ansi{\fonttbl{\f0\fswiss Arial;}}\f0 ssn \b 536\b0 -90-\i 4399\i0\par next}`, "ssn 536-90-4399\nnext"},
		"hyphens":   {`{\rtf1 536\_90\_4399 a\~b\-c}`, "536-90-4399 a bc"},
		"hex":       {`{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2 \'35}`, "Привет 5"},
		"two bytes": {`{\rtf1\ansicpg932 \'82\'a0\'82\'a2}`, "あい"},
		"unicode":   {`{\rtf1\uc1\u1055?\u-10179?\u-8704?\uc2\u8364\'3f\'3f!}`, "П😀€!"},
		"left out":  {`{\rtf1{\*\generator x;}{\info{\title T}}{\pict\bin4 }}}}}{\stylesheet{\s1 y;}}{\*\unknown {z}}a}`, "\nT\na"},
		"apart":     {`{\rtf1 a{\footnote 536-90-4399}b{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt in}}c}`, "a\n536-90-4399\nb\nin\nc"},
		"shapes": {`{\rtf1 a{\*\shpinst{\sp{\sn pib}{\sv 0102}}{\sp{\sn wzDescription}{\sv 536-90-4399}}{\sp{\sn gtextUNICODE}{\sv art}}}` +
			`{\*\shppict{\pict{\*\picprop{\sp{\sn wzName}{\sv b}}}ff}}c}`, "a\n536-90-4399\n\nart\n\nb\nc"},
		"binary text":   {`{\rtf1 a \bin11 536-90-4399b}`, "a 536-90-4399b"},
		"behind a code": {`{\rtf1\uc16\u1055?536-90-4399}`, "П536-90-4399"},
		"twice":         {`{\rtf1 a{\upr{b?}{\*\ud{b\u1055?}}}c{\*\bkmkstart {\upr{d?}{\*\ud{d\u1055?}}}}}`, "abПc"},
		"link":          {`{\rtf1 {\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt 536-90-4399}}}`, "\nHYPERLINK \"http://x\"\n536-90-4399"},
		"cells":         {`{\rtf1\trowd a\cell b\cell\row c}`, "a\tb\t\nc"},
		"escapes":       {`{\rtf1 \{a\}\\}`, `{a}\`},
		"line ends":     {"{\\rtf1 536-90\r\n-4399\\\nx}", "536-90-4399\nx"},
		"after it":      {`{\rtf1 a}536-90-4399`, "a\n536-90-4399"},
		"not so deep":   {`{\rtf1 {{{a}b}c}d}`, "abcd"},
	} {
		r := extractBytes(t, "a.rtf", []byte(c.data), Options{})
		if got := r.text[""].String(); got != c.want || r.status[""].Code != Complete || r.mimes[""] != "application/rtf" {
			t.Errorf("%s: %q, want %q; %v %v", name, got, c.want, r.status, r.mimes)
		}
	}
	r := extractBytes(t, "a.rtf", []byte("{\\rtf1\n\\b a\\par\n b 536-90-4399"), Options{})
	if len(r.found) != 1 || r.found[0].loc.Line != 3 || r.found[0].loc.Column != 4 || r.status[""].Code != Partial {
		t.Errorf("cut: %+v, %v", r.found, r.status)
	}
	r = extractBytes(t, "a.txt", []byte("{\\rtf is how it begins: 536-90-4399\n"), Options{})
	if len(r.found) != 1 || r.mimes[""] != "text/plain" {
		t.Errorf("prose: %+v, %v", r.found, r.mimes)
	}
}

func TestUTF32WithoutMark(t *testing.T) {
	for _, order := range []int{0, 3} {
		var b []byte
		for _, c := range "my ssn is 536-90-4399, straße\n" {
			var u [4]byte
			u[order], u[order^1] = byte(c), byte(c>>8)
			b = append(b, u[:]...)
		}
		r := extractBytes(t, "a.txt", b, Options{})
		if len(r.found) != 1 || r.found[0].loc.Column != 11 || !strings.Contains(r.text[""].String(), "straße") {
			t.Errorf("%d: %+v %v %q", order, r.found, r.status, r.text[""])
		}
	}
}
