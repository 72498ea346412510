//go:build !measure

package server

// without names what a program leaves out that was built to measure what it costs; see
// without_measure.go. Nothing is left out here, and no linker can change that.
const without = ""
