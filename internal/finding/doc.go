// Package finding keeps what jobs and changes of buckets have brought to light, and answers for it as Macie does.
//
// It owns findings (their shape, titles and severity, how they are selected, sorted, counted and suppressed, and that they
// end after 90 days), the rules that select them (FindingsFilter), and what of them is published.
//
// # Who holds a finding
//
// A finding of data belongs to the account that created the job, and to nobody else: the owner of the bucket does not see
// it. A finding of policy belongs to the owner of the bucket; its administrator sees it too, for as long as it is one.
//
// # How a finding comes to be
//
// A caller that has analysed an object describes it as an [Analysis]; [Service.Shape] makes the finding, whose id is a
// function of the run and the object's version, and [Service.Record] writes it, counts it and lets the suppression rules
// of its holder act, all in the caller's transaction. Recording a finding again changes nothing. [Service.Change] does the
// same for a change of a bucket, where a repetition counts up the finding that is there.
//
// # How findings are selected
//
// fields.go lists every field that a criterion may name. A [Criteria] is checked against that list once, and then asked of a
// finding (Match), of the columns of many, or compiled to SQL (statement); a test holds the three, and an evaluator that reads
// the JSON, against each other.
//
// # How findings are kept
//
// A finding of data never changes. It is a row of finding_data, with its document, under the next number of its holder, and a
// part of a segment, which holds findings with consecutive numbers by columns:
//
//	Record ─▶ segment of a batch (loose: all columns in its row) ─ merge ─▶ … ─▶ segment of 4,096 to 65,536 (a row for each column)
//	                                          archived, gone: bits in the segment's row, under its version
//
// Columns are immutable and cached in memory; the rows of segments are read by each request. Merging writes new segments and
// takes the old ones away: a reader that finds one gone begins again. When the last finding of a segment has ended, so has it.
//
// A finding of policy changes with each repetition. It is a row of finding, where fields that are mostly asked for have columns
// of their own, and the values of all others stand in one, terms; finding_count counts what GetFindingStatistics groups by.
// What an earlier version wrote of findings of data is there too, and is read likewise.
//
// Start reading at service.go; then record.go for what comes in and list.go for what goes out; segment.go, column.go and
// merge.go are how findings of data are kept, data.go how they are read.
package finding
