//go:build !unix

package cli

import "os"

func windowWidth(*os.File) int { return 0 }
