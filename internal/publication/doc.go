// Package publication tells others of findings: the ways out.
//
// It owns destinations (where findings of an account in a Region go, and the secrets for it), what is still to be delivered to
// each, and the shapes that findings take on the way: Macie's event, Security Hub's finding format and OCSF.
//
// # What is promised
//
// What is to be told of a finding is written in the transaction that records the finding ([Service.Publish]), so either both
// are there or neither. It is deleted when its destination has accepted it: whatever happens in between, everything is
// delivered at least once, and what comes again has the same id, which is a function of the finding and of its count. A
// destination gets what it gets in the order in which it was recorded. Updates of findings of policy are held back for as long
// as the session's frequency says, and only the last one of that time goes out.
//
// # Who delivers
//
// Every node looks for destinations that have something due, and takes each by a lease on its row (deliver.go): the row's fence
// counts up, and what was delivered is deleted only while the fence is still the same. One destination is one goroutine, so one
// that hangs or fails delays no other; it is tried again after a time that doubles up to an hour. What a destination refuses for
// good becomes a dead letter, which an operator can look at and deliver again.
//
// Start reading at service.go; then deliver.go for the loop and event.go, asff.go and ocsf.go for the shapes.
package publication
