package extract

func extractEML(w *walker, doc *Document, in *input) error     { return extractText(w, doc, in) }
func extractPDF(w *walker, doc *Document, in *input) error     { return nil }
func extractAvro(w *walker, doc *Document, in *input) error    { return nil }
func extractParquet(w *walker, doc *Document, in *input) error { return nil }
