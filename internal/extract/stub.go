package extract

func extractPDF(w *walker, doc *Document, in *input) error { return nil }
