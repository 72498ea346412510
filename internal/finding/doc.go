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
// fields.go lists every field that a criterion may name. A [Criteria] is checked against that list once, and then either
// compiled to SQL (statement) or asked of one finding (Match); a test holds the two, and an evaluator that reads the JSON,
// against each other. Fields that are mostly asked for have columns of their own; the values of all others stand in one
// column, terms. What GetFindingStatistics counts is counted when findings are written (finding_count), and only criteria
// that name other fields make it look at the findings themselves.
//
// Start reading at service.go; then record.go for what comes in and list.go for what goes out.
package finding
