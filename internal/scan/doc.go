// Package scan is the verb `magpie scan`: what sensitive data is in these files?
//
// It owns what is between a person and package classify: which files there are and which of them are wanted, how many are read
// at once and within what memory, and how the answer is shown: a table, JSON lines or SARIF. It needs no server and no store.
//
//	Command     flags → Options, exit code (command.go)
//	Run         walk → workers → results in the order of the walk (run.go, walk.go, file.go)
//	  table     for a person, worst first (table.go)
//	  jsonl     one object per file (jsonl.go)
//	  sarif     for code hosts and editors (sarif.go)
//	  progress  a line on a terminal while it lasts (progress.go)
//
// # Promises
//
//   - Symbolic links met on the way and devices are never followed or opened. Nothing is written but the answer and, where a
//     file inside an archive must be read out of order, an unlinked temporary file.
//   - What could not be read is said and counted, and the exit code tells. What is no kind of file that holds text is counted.
//   - Values are never shown, but with Reveal their last characters.
//   - Results come in the order of the walk, whatever order the workers finish in.
package scan
