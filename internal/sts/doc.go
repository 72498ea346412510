// Package sts is the edge of AWS's Security Token Service, version 2011-06-15:
// the query protocol (form in, XML out) of the two operations with which
// Terraform, the AWS CLI and every tool for many accounts begin,
// GetCallerIdentity and AssumeRole. What they do is in package identity; how a
// request gets here, with its signature verified, in package awsapi, of which a
// Service is one more service on the same address.
//
// Errors have the names that STS gives them (InvalidClientTokenId where Macie
// says UnrecognizedClientException), because SDKs and tools match on those.
package sts
