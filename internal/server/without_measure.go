//go:build measure

package server

// without names what this program leaves out, any of permissions, rates and audit, by -ldflags '-X
// magpie/internal/server.without=…'. It was built with the tag measure, to measure what they cost,
// and is for nothing else.
var without string
