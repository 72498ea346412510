// Package extract turns an object's bytes into text, and a place in that text into a place in the object.
//
// It owns what the file formats are: which kind a file is (by its bytes), how to read it within bounds, and how Macie names
// the places in it and the reasons why it could not be read. It knows nothing of sensitive data; package detect does, and
// package classify joins the two.
//
// # Use
//
//	status, err := extract.Extract(ctx, extract.Source{Name: name, ReaderAt: file, Size: size}, extract.Options{}, sink)
//
// The sink is told of each document, the object and what is inside it, and given its text as [Segment]s. A segment says which
// part of its text is its own, so that overlapping segments report a match once. Segment.Field gives the value around an offset
// and the names that lead to it; Segment.Silent says how far no name matters, so that no value needs to be asked for;
// Segment.Locate gives a [Location], which has the shape of Macie's Occurrences. A sink that looks at the text calls
// Segment.Tidy first: it takes out what a reader does not see. The places:
//
//	text, XML, HTML, YAML, e-mail, Word,  lines and the column in the first
//	RTF, dumps of databases (SQL),
//	OpenDocument text
//	CSV, TSV, workbooks                   row, column, the column's name; in workbooks "C5", or
//	                                      "Sheet2!C5" where there are several sheets
//	JSON, JSON Lines, Avro, Parquet       record number and JSONPath
//	PDF, presentations                    page
//
// # Promises
//
//   - Pure: no files, no clock, no logs. A deadline comes with the context, and space on disk by Options.NewSpool.
//   - Plain text, tables and JSON are not copied: segments are windows of the read buffer. Rows, records and paths are worked
//     out only around what the caller asks about, and newlines are counted once per block.
//   - One Extract holds its fixed buffers and at most Options.MaxMemory beside them, however large the object is, and whatever
//     it claims to be. Depth, number and size of archive members, inflation ratios and JSON depth have Macie's limits.
//   - Two accounts bound every object: of bytes, what is kept is held through an [Account]; and of work, every loop that the
//     input drives counts its steps and looks at the context (account.go).
//   - One byte decides nothing: text is told from what programs store by what all of it looks like (plausible.go), and what fails as
//     a format but reads as text is read as text.
//   - Hostile input gets a reason. A decoder that others wrote may panic: that is the document's malformation, and the caller
//     is told of the [Fault] (foreign.go). A panic of our own code is never taken for the document's fault.
//   - Nothing is ever written under a name from an archive.
//   - An error means that the source, the sink or the context failed. What is wrong with the object is a [Status].
//
// # How it flows
//
//	Extract            opens the source and walks it as one document
//	  sniff            kind by content (sniff.go; zip.go looks inside zips)
//	  kind.extract     one extractor per format:
//	    pump           raw text in place: text.go, csv.go, json.go are layouts that explain its bytes (pump.go); tables that
//	                   are written otherwise are made plain on the way: respell.go, and tablelines.go for the tables of wikis
//	                   and those of a fixed width
//	    builder        produced text with marks where the position changes: markup.go, flatoffice.go, eml.go (and uuencode.go),
//	                   folded.go, sql.go, rtf.go, docx.go,
//	                   xlsx.go, pptx.go, opendocument.go, word97.go, xls.go, pdf.go, avro.go, parquet.go; the rows of a table in a
//	                   document become values under the names of its columns: doctables.go
//	    archive        members, each of which is a document again: archive.go, zip.go, tnef.go (winmail.dat), what was
//	                   put into Office files: embedded.go, and their macros: vba.go; files in data: URIs: datauri.go
//
// # Where to start reading
//
// segment.go and tidy.go (what comes out), extract.go (the walk and its limits), pump.go (how overlap works), then a format.
package extract
