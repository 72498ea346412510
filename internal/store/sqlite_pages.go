package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	sqlitePage = 4096 // bytes, SQLite's default, which every store of ours has
	// sharedPages is how many pages SQLite keeps in memory for all connections of the program
	// together, 6.6 MB.
	sharedPages = 1500
)

// sharePages gives SQLite one piece of memory for the page caches of all connections. While it is
// full, a cache that wants another page takes over the one that was used least recently, whichever
// connection had it; only pages that are all in use at once come from elsewhere. By itself SQLite
// allocates each page on its own: 4,368 bytes, for which the allocator below it takes 8,192. Nine
// connections with caches of 2 and 8 MB could come to 48 MB so, and did come to 25.
//
// It has to be told before the first connection of the program is opened. Where somebody else has
// opened one already, caches are as they are by themselves.
var sharePages = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	header := libc.Xmalloc(tls, 8)
	if header == 0 {
		return errors.New("out of memory")
	}
	defer libc.Xfree(tls, header)
	if err := configure(tls, sqlite3.SQLITE_CONFIG_PCACHE_HDRSZ, header); err != nil {
		return err
	}
	slot := sqlitePage + (int32(binary.NativeEndian.Uint32(libc.GoBytes(header, 4)))+7)&^7
	pages := libc.Xmalloc(tls, types.Size_t(slot)*sharedPages)
	if pages == 0 {
		return errors.New("out of memory")
	}
	if err := configure(tls, sqlite3.SQLITE_CONFIG_PAGECACHE, pages, slot, int32(sharedPages)); err != nil {
		libc.Xfree(tls, pages)
		return err
	}
	return nil
})

func configure(tls *libc.TLS, option int32, args ...any) error {
	list := libc.NewVaList(args...)
	defer libc.Xfree(tls, list)
	if code := sqlite3.Xsqlite3_config(tls, option, list); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("SQLite refuses option %d: code %d", option, code)
	}
	return nil
}
