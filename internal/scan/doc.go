// Package scan is the verb `magpie scan`: what sensitive data is in these files?
//
// It owns what is between a person and package analyse: which files there are and which of them are wanted, and how the answer
// is shown: a table, JSON lines or SARIF. It needs no server and no database.
//
//	Command     flags → Options, exit code (command.go)
//	Run         walk → analyse.Pool → results in the order of the walk (run.go, walk.go, file.go; near.go for small files of text;
//	            bucket.go for objects of a store)
//	  table     for a person, worst first (table.go)
//	  explain   what is not reported, and why (explain.go)
//	  jsonl     one object per file (jsonl.go)
//	  sarif     for code hosts and editors (sarif.go)
//	  progress  a line on a terminal while it lasts (progress.go)
//
// # Promises
//
//   - Symbolic links met on the way and devices are never followed or opened, also where one has taken the place of a file or a
//     folder since it was seen: what is below an argument is opened from it, name by name (tree_unix.go). Nothing is written but the answer and, where a
//     file inside an archive must be read out of order, an unlinked temporary file.
//   - Files are read in boxes where there are any (package analyse), but for plain text of at most 256 KiB (near.go says why). Whatever is read, a scan that is interrupted ends within a
//     second and shows what was found until then; a file that hangs in the kernel is left behind.
//   - A file that becomes shorter or is written to while it is read is not called complete, but for plain text that is read at once (near.go). Of one that becomes longer
//     it is said, and that what was added was not scanned: logs grow all the time, and what they held when the scan came to them was read.
//   - What could not be read is said and counted, and the exit code tells. What is no kind of file that holds text is counted.
//   - Values are never shown, but with Reveal their last characters.
//   - Results come in the order of the walk, whatever order the workers finish in.
package scan
