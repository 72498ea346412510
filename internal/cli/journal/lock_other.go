//go:build !unix

package journal

import "os"

// lock does nothing here: the server's own checks keep two processes from sending an invitation twice.
func lock(*os.File) error { return nil }
