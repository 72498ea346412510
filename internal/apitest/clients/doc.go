// Package clients holds conversations with a running server in the words of
// those programs that Magpie's users have: boto3 (python/), the AWS CLI (cli/)
// and Terraform (terraform/). They can be read without knowing Go; this package
// starts a server from the built binary, gives each conversation two Regions of
// its own, and reports. A program that is not installed is named as such, and
// its part does not run.
//
// The same conversations run against any endpoint, with accounts that may lose
// all that Macie knows of them in the Regions used:
//
//	MAGPIE_TEST_ENDPOINT=https://macie.example.com MAGPIE_TEST_ACCOUNTS=accounts.json go test ./internal/apitest/clients
//
// python/cast.py says what stands in accounts.json.
package clients
