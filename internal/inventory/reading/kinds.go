package reading

import (
	"strings"

	"magpie/internal/extract"
	"magpie/internal/inventory"
	"magpie/internal/inventory/objectstore"
)

// InvalidObjectState is Macie's reason for objects of storage classes that cannot be read.
const InvalidObjectState extract.Reason = "INVALID_OBJECT_STATE"

// unsupported are extensions of files that hold no text, so that nobody needs to read them to know.
var unsupported = func() map[string]bool {
	all := map[string]bool{}
	for _, list := range []string{
		"7z rar cab iso dmg img vhd vhdx vmdk qcow2 deb rpm apk jar war ear whl",        // archives that are not opened
		"png jpg jpeg gif bmp tif tiff webp heic heif ico psd ai raw cr2 nef svgz avif", // pictures
		"mp3 wav flac ogg oga m4a aac wma aiff mid midi opus",                           // sound
		"mp4 m4v mov avi mkv webm wmv flv mpg mpeg 3gp ts vob",                          // moving pictures
		"exe dll so dylib o a lib obj class pyc wasm bin elf msi sys ko",                // programs
		"ttf otf woff woff2 eot",                          // fonts
		"sqlite sqlite3 db mdb accdb frm ibd myd",         // databases
		"orc pickle pkl npy npz h5 hdf5 pt onnx tfrecord", // other tables and models
		"shp dbf dwg dxf blend fbx stl",                   // drawings
	} {
		for ext := range strings.FieldsSeq(list) {
			all[ext] = true
		}
	}
	return all
}()

// Unread says why an object need not be read to know that nothing in it can be analysed, or returns an empty reason.
func Unread(o *objectstore.Object) extract.Reason {
	_, byClass := inventory.Classifiable(o.Key, o.StorageClass)
	switch {
	case !byClass:
		return InvalidObjectState
	case unsupported[strings.ToLower(inventory.Extension(o.Key))]:
		return extract.UnsupportedFileType
	case o.Size > mostBytes:
		return extract.FileExceedsSizeLimit
	}
	return ""
}

// mostBytes is the largest object that Macie analyses of any kind; for most kinds the limit is lower, which their first bytes tell.
const mostBytes = 20 << 30
