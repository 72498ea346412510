package extract

import "magpie/internal/extract/hostile"

type pdfMaker = hostile.PDF

var (
	newPDFMaker = hostile.NewPDF
	pdfPage     = hostile.PDFPage
	pdfLine     = hostile.PDFLine
	deflated    = hostile.Deflated
	hostilePDFs = hostile.PDFs
)
