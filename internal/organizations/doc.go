// Package organizations is the edge of AWS Organizations, version 2016-11-28: the JSON 1.1 protocol
// of the operations that clients of Macie ask for, which is who is in the organization, which
// services it trusts, and who acts for it. What they do is in package identity; how a request gets
// here, with its signature verified, in package awsapi, of which a Service is one more service on
// the same address.
//
// Who may ask is as AWS documents it: DescribeOrganization any account of the organization, what
// else reads its management account or a delegated administrator, what changes something its
// management account alone. Organizations are made, and accounts come and go, by the operator's
// command line, not here.
//
// # What it promises
//
//   - A request is read strictly (input.go): a member that is named twice, or has another type, is
//     refused; one that is not known is passed over, as AWS does, since newer clients have more of
//     them. What is read is bounded before it goes anywhere.
//   - Exceptions have the names, texts and reasons of Organizations (errors.go), because clients
//     match on those: a fault of ours is a ServiceException, too many calls are a
//     TooManyRequestsException.
//   - Organizations has no Regions: a page token of one is good in all.
//
// Start at the table of operations in service.go.
package organizations
