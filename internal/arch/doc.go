// Package arch has no code, only tests of how the code is put together: which package may import
// which, that each says what it is for and stands in the guided tour, that each module we depend on
// is accounted for, and that the documents name tests that exist.
package arch
