//go:build !unix

package folder

import "os"

// unlink removes a file from the folder r. An empty folder that has taken its place since it was looked at is removed as well.
func unlink(r *os.Root, name string) error { return r.Remove(name) }
