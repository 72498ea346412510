package extract

// Code says how much of an object was analysed, in Macie's words.
type Code string

const (
	Complete Code = "COMPLETE"
	Partial  Code = "PARTIAL"
	Skipped  Code = "SKIPPED"
)

// Reason says why the code is not Complete, in Macie's words.
type Reason string

const (
	ArchiveContainsUnprocessedFiles         Reason = "ARCHIVE_CONTAINS_UNPROCESSED_FILES"
	ArchiveExceedsSizeLimit                 Reason = "ARCHIVE_EXCEEDS_SIZE_LIMIT"
	ArchiveNestingLevelOverLimit            Reason = "ARCHIVE_NESTING_LEVEL_OVER_LIMIT"
	ArchiveTotalBytesExtractedOverLimit     Reason = "ARCHIVE_TOTAL_BYTES_EXTRACTED_OVER_LIMIT"
	ArchiveTotalDocumentsProcessedOverLimit Reason = "ARCHIVE_TOTAL_DOCUMENTS_PROCESSED_OVER_LIMIT"
	FileExceedsSizeLimit                    Reason = "FILE_EXCEEDS_SIZE_LIMIT"
	InvalidEncryption                       Reason = "INVALID_ENCRYPTION"
	JSONNestingLevelOverLimit               Reason = "JSON_NESTING_LEVEL_OVER_LIMIT"
	MalformedFile                           Reason = "MALFORMED_FILE"
	MalformedOrFileSizeExceedsLimit         Reason = "MALFORMED_OR_FILE_SIZE_EXCEEDS_LIMIT"
	OOXMLUncompressedRatioExceedsLimit      Reason = "OOXML_UNCOMPRESSED_RATIO_EXCEEDS_LIMIT"
	OOXMLUncompressedSizeExceedsLimit       Reason = "OOXML_UNCOMPRESSED_SIZE_EXCEEDS_LIMIT"
	PermissionDenied                        Reason = "PERMISSION_DENIED"
	SourceObjectNoLongerAvailable           Reason = "SOURCE_OBJECT_NO_LONGER_AVAILABLE"
	TimeCutOffReached                       Reason = "TIME_CUT_OFF_REACHED"
	UnableToParseFile                       Reason = "UNABLE_TO_PARSE_FILE"
	UnsupportedFileType                     Reason = "UNSUPPORTED_FILE_TYPE_EXCEPTION"
)

// Status is what became of a document. Reason and Detail are empty when, and only when, the code is Complete.
type Status struct {
	Code   Code
	Reason Reason
	Detail string // for a person; never holds content of the document
}
