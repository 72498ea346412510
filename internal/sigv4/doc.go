// Package sigv4 parses, verifies and makes AWS Signature Version 4 in the
// Authorization header. It is pure: no I/O, no clock, no logs, no state.
//
// A server calls, in this order, before it looks at the path for any other
// purpose:
//
//	sig, err := sigv4.Parse(r, now)               // form, clock skew, scope syntax
//	err = sig.RequireService("macie2")            // is it meant for us?
//	key := sigv4.DeriveKey(secret, sig.Date, sig.Region, sig.Service) // cache it
//	err = sig.Verify(key, r, sha256.Sum256(body)) // constant time
//
// A caller that does not know the access key should still call Verify, with any
// key, and throw the answer away: then an unknown key costs what a wrong secret
// costs.
//
// What is promised:
//   - Every refusal is an *Error which carries the exception name, the status
//     and wording that AWS's own services use, so that what a client does with
//     AWS's answer it does with ours.
//   - The path and query are taken as they came on the wire (Request.RequestURI),
//     not as net/http cleaned them. "//" and "%2F" are kept. As for every
//     service but S3 the path, already escaped by the client, is escaped once
//     more. Path segments are never resolved: AWS additionally removes "." and
//     "//" before it compares; here the signature must cover what was sent.
//   - The payload's hash is that of the bytes received. x-amz-content-sha256,
//     where present, has to agree, and unsigned or streamed payloads are refused.
//   - A signature in the query string (a presigned URL) is refused with a
//     message that says so.
//   - Work is bounded: see the limits in parse.go.
//
// The AWS SDK's signer is the oracle of the tests; AWS's published test suite is
// in suite_test.go.
package sigv4
