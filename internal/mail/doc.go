// Package mail writes the invitation mail and hands it to a relay, or to a
// folder.
//
// It owns two things and keeps them apart. A [Composer] turns an [Invitation]
// into a [Composed] mail: pure, no I/O, the same bytes for the same invitation.
// A [Sender] delivers those bytes: [SMTP] over a few reused connections, [Dir]
// as .eml files. Deciding who is invited, queueing, retrying and counting belong
// to the packages above.
//
// # What the mail promises its reader
//
// A careful person must be able to tell it from phishing, so the mail says
// nothing that cannot be verified elsewhere, and says how to verify it: the
// account ids, the Region and the invitation id, which the reader's own
// credentials will list. It has no attachment, no remote image, no tracking, no
// deadline, and no link but the console's, if there is one. What the
// administrator wrote is quoted as the administrator's and cannot pass for ours:
// it is one line of at most [MaxMessage] characters, stripped of control and
// direction characters, wrapped behind a quote mark in plain text, escaped and
// not linkable in HTML. No header but To holds anything that a person typed.
//
// # What a sender promises its caller
//
// Send returns nil only if the relay took responsibility for the mail (or the
// file is on the disk). Every other outcome is a [*Failure], which says whether
// trying again can help and what the relay said, bounded and printable, never
// the mail. When a connection is lost after the last byte and before the
// relay's answer, nobody knows whether the mail was taken: the failure is then
// temporary and Uncertain, because delivery is at least once. A repeated mail
// carries the same Message-ID, from the invitation id, so that mail systems
// which drop duplicates can.
//
// Start reading at [Composer.Compose] and [SMTP.Send].
package mail
