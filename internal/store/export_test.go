package store

import "io/fs"

// WithMigrations replaces the embedded migrations.
func WithMigrations(o Options, m fs.FS) Options {
	o.migrations = m
	return o
}

// These are for tests in store_test.
var (
	Embedded     = embedded
	Placeholders = placeholders
	SQLState     = sqlState
	OfPostgres   = postgresError
)
