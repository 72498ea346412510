// Package identity knows who may call: accounts, access keys, roles, and the
// temporary sessions that come from assuming a role; and which accounts belong
// together in organizations.
//
// What it owns: the tables account, access_key, role and master_key
// (migrations/00002_identity.sql), and those of organizations
// (00008_organization.sql). What it promises:
//
//   - Truth is in the database. Resolve reads the key or role and its
//     account once for every request, so that a key revoked, a role deleted or an
//     account suspended on any node is refused from the next call on. Only what
//     cannot change is cached: decrypted secrets by their ciphertext, and the
//     signing keys derived from them, in a bounded cache.
//   - Secrets are encrypted at rest under the master key (masterkey.go), each
//     bound to its access key id. The store remembers which master key it belongs
//     to; a node that holds another one does not start.
//   - An unknown access key costs what a wrong secret costs, and whether a role
//     exists cannot be told from the answer to AssumeRole.
//   - An account is in one organization at most, and who acts for an organization
//     stays in it: constraints of the database, whichever node asks. Changes of one
//     organization wait for each other (organization.go, delegate.go).
//   - Sessions are stateless: the session token is the sealed session
//     (session.go). They end with their expiry, their role or their account.
//
// Four types divide the work. Accounts, Principals (keys and roles) and
// Organizations need only a database; a Directory is the three of them together,
// which is enough for most administration. A Service is a Directory with the
// master key: it makes keys, finds out who calls (resolve.go: start reading
// there) and answers STS (sts.go).
//
// The Hooks run in the transaction that changes an account or an
// organization, so that the parts of Magpie above this one change with it or not
// at all.
//
// In dev mode (Options.Dev), which a server offers on loopback only, secrets are
// not checked: an access key id of 12 digits is that account, a key or session
// that was issued here is its own account, any other is account 000000000000.
// Every account exists, and every role can be assumed.
package identity
