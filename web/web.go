// Package web holds the built files of the web console, as `npm run build` in this folder makes them from src. They are committed, so
// that building the program takes no Node.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var built embed.FS

// Files are index.html and what is in assets.
func Files() fs.FS {
	f, err := fs.Sub(built, "dist")
	if err != nil { // the folder is embedded above
		panic(err)
	}
	return f
}
