// Package server owns the wiring: configuration becomes parts, parts become listeners and workers,
// and all of them end together.
//
// Nothing is decided here that a part could decide for itself. config.go says what can be set,
// server.go puts the parts together, starts and stops them, mailer.go connects invitations to a
// relay or a folder, and history.go mounts what is served beside Macie's API. Who may call, and
// what, is decided in packages admission and permission.
package server

//go:generate go test . -run TestCoverageDocument -update
