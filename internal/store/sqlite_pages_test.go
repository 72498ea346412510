package store

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The pages that connections keep are in the memory that they share, and do not fill more than it.
func TestPagesAreShared(t *testing.T) {
	if err := sharePages(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "store.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if used := sqliteStatus(sqlite3.SQLITE_STATUS_PAGECACHE_USED); used == 0 || used > sharedPages {
		t.Errorf("%d pages of %d are used", used, sharedPages)
	}
}

// sqliteStatus is one of SQLite's counters for the whole program.
func sqliteStatus(counter int32) uint64 {
	tls := libc.NewTLS()
	defer tls.Close()
	values := libc.Xmalloc(tls, 16)
	defer libc.Xfree(tls, values)
	sqlite3.Xsqlite3_status64(tls, counter, values, values+8, 0)
	return binary.NativeEndian.Uint64(libc.GoBytes(values, 8))
}
