// Package console serves the web console at /console/: its files, and the few endpoints that keep a browser signed in.
//
// What it promises:
//
//   - The console can do nothing that a signed call cannot. It holds no key: for each request, the session that the cookie names says
//     whose call it is, and the call is signed in the process and goes through the door that the network's calls go through (Options.Call).
//     Permissions, rates and audit records are those of the principal, at that moment.
//   - A secret access key is used once, to sign in, and is never stored, logged or answered. Browsers hold a cookie that scripts cannot
//     read; the database holds its SHA-256 (package signin).
//   - Nothing is done for another site's page: the cookie is SameSite=Strict, requests that change something must come from the same
//     origin (http.CrossOriginProtection), every request under /console/api/ carries a header that a form cannot, and the name in Host
//     must be this server's.
//   - Only wrong answers count against a source, so nobody can be kept from signing in with a right one.
//
// Start at handler.go; session.go is signing in and out, call.go the calls, files.go the built files of the web folder.
package console
