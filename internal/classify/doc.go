// Package classify says what sensitive data an object holds, as Macie's ClassificationResult.
//
// It joins package extract, which turns bytes into text with places, and package detect, which finds sensitive data in text.
// It owns what neither knows: counting by type and category, the occurrences that a result lists and how many, what of a
// location must be left out because it is sensitive itself, and how the files inside an archive add up to the archive.
//
// Names, addresses and headers that are spread over the members of a record, first_name and last_name, are found here as well
// (records.go): no value alone holds them.
//
// A [Classifier] is compiled once and shared; each goroutine takes a [Worker] from it, whose Classify is called once per
// object:
//
//	c := classify.New(set, classify.Options{})
//	result, err := c.NewWorker().Classify(ctx, extract.Source{Name: name, ReaderAt: f, Size: size})
//
// Like the packages below, it does no I/O of its own and does not log. Matched values are not kept; with Options.Samples a few
// are, masked but for their last characters.
//
// Start reading at Worker.Classify.
package classify
