package store

import "io/fs"

// WithMigrations replaces the embedded migrations.
func WithMigrations(o Options, m fs.FS) Options {
	o.migrations = m
	return o
}

// Embedded and Placeholders are for tests in store_test.
var (
	Embedded     = embedded
	Placeholders = placeholders
)
