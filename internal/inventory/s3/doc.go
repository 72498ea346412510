// Package s3 speaks to object stores that have the interface of Amazon S3.
//
// Stores differ, and many answer with a status of 200 to what they do not know: the list of a bucket's objects, as a rule. So an answer
// counts only if its root element is the expected one and it is whole; an error's code decides what it means, and its text is for people
// only. A listing whose keys do not ascend, or that begins before the place that was asked for, is refused: it would never end.
//
// No redirect is followed, and no proxy is used: a request goes to the endpoint that the operator has named, or nowhere. The addresses
// that its name stands for are checked when a connection is made, after the name was looked up (dial.go).
//
// client.go has the requests and when they are tried again, xml.go reads answers, list.go listings, object.go objects, facts.go the
// settings of buckets, trial.go what `magpie store test` shows.
package s3
