// Package admin is the operator's verbs: account, org, key, role, policy, quota, store,
// queue, audit, backup, restore and migrate. They work on the database itself, with --data or
// --database-url after the verb, create and migrate a store that is not there, and
// can be used while servers run on it: what they change holds from the next call
// on, on every node. restore is the exception: it refuses a store in use.
//
// What is asked for goes to standard output, as a table or as JSON; what is said
// about it goes to standard error. One file per noun; start at Commands.
package admin
