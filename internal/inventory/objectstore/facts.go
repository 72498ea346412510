package objectstore

// State is how much an answer says.
type State int

// The states of an answer. The zero value claims nothing.
const (
	Unknown State = iota // the store cannot say, or would not
	Absent               // there is none
	Known                // there is one: Value
)

// Answer is what a store said about one setting of a bucket.
type Answer[T any] struct {
	State State
	Value T
	// Reason says why the state is Unknown.
	Reason string
	// Denied reports that the store refused to say.
	Denied bool
	// Unsupported reports that the store has no such setting at all, as it says itself.
	Unsupported bool
}

// Is returns a known answer.
func Is[T any](v T) Answer[T] { return Answer[T]{State: Known, Value: v} }

// None returns the answer that there is none.
func None[T any]() Answer[T] { return Answer[T]{State: Absent} }

// Facts are the settings of a bucket as the store tells them.
type Facts struct {
	Policy       Answer[string] // the document
	ACL          Answer[ACL]
	Block        Answer[PublicAccessBlock] // of public access to the bucket
	AccountBlock Answer[PublicAccessBlock] // of public access to all of the account's buckets; Absent where the store has no such thing
	Encryption   Answer[Encryption]
	Versioning   Answer[bool]
	Replication  Answer[Replication]
	Tags         Answer[[]Tag]
	// Owner is the id of who owns the bucket, in the store's own terms; "" if it is not known.
	Owner Owner
}

// Owner is who owns a bucket, in the store's own terms.
type Owner struct {
	ID, DisplayName string
}

// ACL is an access control list.
type ACL struct {
	Owner  Owner
	Grants []Grant
}

// Grant is an entry of an access control list. One of Group, ID and Email names the grantee.
type Grant struct {
	Group      string // a URI, or a word where stores have words
	ID         string
	Email      string
	Permission string // READ, WRITE, READ_ACP, WRITE_ACP, FULL_CONTROL
}

// PublicAccessBlock is the four flags that block public access.
type PublicAccessBlock struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

// Encryption is a bucket's default encryption.
type Encryption struct {
	Algorithm string // AES256, aws:kms, aws:kms:dsse
	KMSKeyID  string
}

// Replication is where a bucket is replicated to.
type Replication struct {
	Rules []ReplicationRule
}

// ReplicationRule is one destination. Rules that are not enabled are left out.
type ReplicationRule struct {
	Bucket  string // an ARN
	Account string // that owns the copies, where the rule says
}

// Tag is a tag of a bucket.
type Tag struct {
	Key, Value string
}
