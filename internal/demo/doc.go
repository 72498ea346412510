// Package demo owns `magpie demo`: the main story of Magpie, told by a real server and real, signed requests. An administrator adds an
// account and invites it and another; that one is refused, and the answer says why; the mail is shown; the recipient accepts; both sides
// are shown.
//
// Nothing is prepared: every answer that is printed came over the wire from the server that the demo has started on a free port.
package demo
