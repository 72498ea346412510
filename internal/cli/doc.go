// Package cli owns the client verbs: commands that talk to a Magpie, or to any endpoint that speaks the Macie API, over the wire and with
// signed requests, like every other client. It knows nothing of the server's inside.
//
// Start at client.go, which signs and sends; each verb has a file of its own.
package cli
