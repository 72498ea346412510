// Package awsapi is the HTTP edge: it turns what an AWS SDK sends into a typed
// call of an operation, and what the operation answers into what the SDK reads.
//
// It knows the contract (macie2) and the signature (sigv4), and no domain. Who
// holds an access key, how fast it may call and what it may do are asked through
// small interfaces: [Authenticator], [Throttler], [Authorizer].
//
// # The way of a request
//
//	request id      a UUID for every answer, whatever becomes of it
//	recognise       the form of the signature; its service, Region and key are looked up
//	bounds          size, encoding, time and room of the body, which is read only now
//	authenticate    Signature Version 4, on the path as it came
//	route           by the escaped path: %2F stays in its ARN, // is not forgiven
//	throttle        429 with Retry-After
//	decode          path, query and JSON into the operation's input
//	authorise       by the action's name, such as macie2:CreateInvitations
//	check           the contract's constraints
//	invoke          the bound method; 501 if nobody bound one
//	encode          into a buffer; only then the status
//
// serve.go is that list as code, one step a method.
//
// # What it promises
//
//   - Whatever a client sends, it gets an answer in AWS's shape: JSON, with
//     x-amzn-RequestId and, when refused, x-amzn-ErrorType and a message. Never a
//     redirect, never HTML, never a 500 for what the client did. (What net/http
//     cannot parse as HTTP at all, it refuses itself, with 400 or 431.)
//   - An error that is not a *macie2.Error, and a panic, is a bland 500 to the
//     client, with the story in the log.
//   - One line is logged for each request; it holds no secret, no signature, no
//     path, no body.
//   - Memory and time that a stranger can take up are bounded: [MaxBody],
//     [Options].BodyTimeout, [NewHTTPServer]; all bodies together by the budgets
//     in body.go. A request whose key does not exist is answered before its body is read.
//   - A header of AWS's that the signature does not cover is refused.
//
// Beside the contract's operations a Server carries what else is served on the
// same address: HandlePlain for what needs no signature (/healthz), HandleSigned
// for operations of our own (/magpie/v1/…), HandleService for another AWS
// service with a protocol of its own (STS, Organizations).
package awsapi
