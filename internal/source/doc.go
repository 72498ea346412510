// Package source says where requests come from. It is pure.
//
// [Address] is the one spelling of an address: what policies ask for as aws:SourceIp, what records
// show, and what limits count by. [Network] is as much of an address as one stranger has for
// himself.
package source
