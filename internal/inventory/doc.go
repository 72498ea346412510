// Package inventory owns object stores and what is known of their buckets. No other package speaks S3.
//
// # What it promises
//
//   - What a store did not say is unknown, and never "none": a bucket is NOT_PUBLIC only when everything that could make it public was
//     read. The reasons are kept beside the bucket.
//   - A bucket that cannot be read is shown, with an error; it does not stop the others. One that is gone is not shown.
//   - A bucket is written by compare-and-set, together with the sums over its account's buckets, so that two workers never count twice.
//   - All calls of a process to a store keep to one pace, which gives way when the store asks for fewer requests, and to the operator's
//     caps.
//   - Secrets are sealed under the master key, and leave this package for the store that they belong to only.
//
// # For the packages above
//
// [Service.Open] finds a bucket by Region, account and name. The [Bucket] that it returns lists ([Bucket.List], [Bucket.Walk]), reads
// ([Bucket.Get]; package reading for analysis) and writes objects ([Bucket.Put]):
//
//	b, err := inventory.Open(ctx, region, account, "data")
//	err = b.Walk(ctx, after, to, func(objects []objectstore.Object) error { … })   // after < key <= to, in order
//	body, err := b.Get(ctx, o.Key, o.ETag, objectstore.Range{})                    // ErrChanged if it is another object by now
//
// Errors are of the kinds of objectstore (ErrNoObject, ErrDenied, ErrChanged, ErrArchived, ErrCustomerKey, ErrKMS, …), for errors.Is;
// objectstore.Passing tells those that may pass. Calls wait for the store's pace and are tried again where that helps, so the caller does
// neither. A key is any string of bytes: [EncodeKey] makes text of it that a database takes, [DecodeKey] the key again.
//
// [Service.OnChange] registers what happens, in the same transaction, when a bucket changed in a way that Macie has a policy finding for.
//
// # The life of a bucket
//
//	store added ─▶ look: list buckets ─▶ known by name ─▶ asked about: facts ─▶ counted: census
//	                     ▲   │ gone: deleted                    │ cannot be read: an error code, nothing claimed
//	      daily, asked for ──┘
//	store removed ─▶ shown with an error for an hour ─▶ gone
//
// settings.go and store.go have stores, open.go opens them and their buckets, look.go looks at a store, facts.go asks about its buckets,
// record.go writes them, statistics.go keeps the sums.
package inventory
