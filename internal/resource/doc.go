// Package resource owns what all kinds of Macie resources have in common: their ARNs, their tags,
// and the client tokens that make creating one safe to repeat.
//
// A domain keeps the tags of its resources in its own rows and registers a [Kind] for them;
// TagResource, UntagResource and ListTagsForResource find the kind by the ARN. arn.go reads and
// writes ARNs, tags.go has the rules for tags, operations.go the three operations, token.go the
// client tokens.
package resource
