// Package hostile makes files that were made to hurt: small, and each costly to a reader that believes it.
//
// They are the means to show that whatever opens files of strangers keeps its bounds of time and memory: tests take [Files] and
// hold them against what is asserted from outside of the process that reads. Each file names the kind of harm that it does; a
// reader that is mended against one file alone is not mended.
//
// The package is for tests. It knows the formats from their documents and uses no reader of this repository.
package hostile
