package inventory

import "strings"

// classes are the storage classes whose objects can be read without being restored.
var classes = map[string]bool{
	"": true, "STANDARD": true, "STANDARD_IA": true, "ONEZONE_IA": true, "INTELLIGENT_TIERING": true, "REDUCED_REDUNDANCY": true, "GLACIER_IR": true,
}

// extensions are the name extensions of files whose content can be analysed. Macie does not publish all of those that it takes for text.
var extensions = func() map[string]bool {
	m := map[string]bool{}
	for e := range strings.FieldsSeq(`avro parquet gz gzip tar tgz zip pdf doc docx xls xlsx eml csv json jsonl ndjson tsv
		txt text xml htm html xhtml yaml yml log md markdown rst ini cfg conf properties toml env sql ics vcf mbox
		c cc cpp cs css go h hpp java js jsx kt php pl ps1 py r rb rs scala sh swift tf ts tsx vb`) {
		m[e] = true
	}
	return m
}()

// Extension is what follows the last dot of a key's last part; "" if there is none.
func Extension(key string) string {
	name := key[strings.LastIndexByte(key, '/')+1:]
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i+1:]
	}
	return ""
}

// Classifiable reports whether an object can be analysed as far as its listing tells: by the extension of its name, and by its storage
// class.
func Classifiable(key, class string) (byExtension, byClass bool) {
	return classifiableExtension(Extension(key)), classes[class]
}

func classifiableExtension(extension string) bool {
	if extensions[extension] {
		return true
	}
	return len(extension) <= 10 && extensions[strings.ToLower(extension)]
}

// compressed reports whether objects of an extension count as compressed: what Macie takes for it.
func compressed(extension string) bool {
	switch strings.ToLower(extension) {
	case "gz", "gzip", "zip":
		return true
	}
	return false
}
