// Package operation owns the verbs of the API's operations: for each of the contract's operations its name and flags as the AWS CLI spells
// them, the reading of their values (JSON, file://, shorthand syntax), the call through the AWS SDK, page after page, and the answer as
// plain JSON values under the contract's names.
//
// The table is generated from api/macie2.json (verbs_gen.go, by the command in gen/); what a table cannot know, one line of words and an
// example that runs for each, is in words.go. Start at Verb.
package operation

//go:generate go run ./gen -model ../../../api/macie2.json -out verbs_gen.go
