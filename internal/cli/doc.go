// Package cli owns the client verbs: commands that talk to a Magpie, to AWS, or to any endpoint that speaks the Macie API, over the wire and
// with signed requests, like every other client. It knows nothing of the server's inside.
//
// The verbs are thin: read flags, call, print. What they stand on has packages of its own:
//
//	operation   every operation of the API as a verb, generated from the contract
//	onboard     the engine of invite and of members sync: decide, do, wait, account for it
//	roster      lists of accounts as people have them
//	pace        how fast calls are made
//	journal     what a run records of itself, to be resumed
//	table       tables made for reading, CSV
//	region      the Regions that "all" means
//
// Start at commands.go, which lists the verbs; each has a file of its own. target.go says whom they talk to and as whom: the default
// credential chain of the AWS SDK. exit.go has the exit codes. client.go signs what the SDK has no operation for: Magpie's own paths.
package cli
