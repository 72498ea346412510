// Package identifier owns what the engine is told to look for: the operations on managed and custom data identifiers, and on allow lists.
//
// What an identifier or a list means is detect's business: every definition is compiled there before it is kept, and refused with detect's
// reason when it cannot be. This package keeps the definitions, for each account and Region, with their tags, quotas and client tokens.
//
// A custom data identifier does not change after it was created. Deleting it keeps it, marked, so that findings that name it can be
// explained; it is not listed any more and does not count against the quota. An allow list is changed in place and deleted for good.
//
// Words of an allow list stand in an object of one of the account's buckets, and are read each time that they are used or asked about.
//
// managed.go, custom.go and allowlist.go have the operations, words.go lists of words, service.go what they share.
package identifier
