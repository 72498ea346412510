// Package apitest holds whole conversations with a running Magpie in the words of
// the AWS SDK for Go: real accounts and keys, real signatures, real HTTP, on both
// engines. What only shows over the wire, or only when processes die, is shown
// here; tables of behaviour stand with the packages that behave.
//
// Start at story_test.go. house_test.go makes an installation and its accounts.
package apitest
