package finding

import "magpie/internal/macie2"

// words are what a type of finding says of itself. Those of the types whose words Macie does not document are in its style.
type words struct {
	title, description string
	score              int64 // of findings of policy
}

var titles = map[macie2.FindingType]words{
	macie2.FindingTypeSensitiveDataS3ObjectMultiple: {
		title:       "The S3 object contains multiple categories of sensitive data",
		description: "The S3 object contains more than one category of sensitive data.",
	},
	macie2.FindingTypeSensitiveDataS3ObjectFinancial: {
		title:       "The S3 object contains financial information",
		description: "The S3 object contains financial information such as bank account numbers or credit card numbers.",
	},
	macie2.FindingTypeSensitiveDataS3ObjectPersonal: {
		title:       "The S3 object contains personal information",
		description: "The S3 object contains personal information such as first or last names, addresses, or identification numbers.",
	},
	macie2.FindingTypeSensitiveDataS3ObjectCredentials: {
		title:       "The S3 object contains credentials data",
		description: "The S3 object contains credentials data such as private keys or AWS secret access keys.",
	},
	macie2.FindingTypeSensitiveDataS3ObjectCustomIdentifier: {
		title: "The S3 object contains text that matches custom data identifier criteria",
		description: "The S3 object contains text that matches the criteria of one or more custom data identifiers. " +
			"The object might contain multiple types of sensitive data.",
	},
	macie2.FindingTypePolicyIAMUserS3BlockPublicAccessDisabled: {
		title: "Block public access settings are disabled for the S3 bucket",
		description: "All bucket-level block public access settings were disabled for the S3 bucket. Access to the bucket is controlled by " +
			"account-level block public access settings, access control lists (ACLs), and the bucket’s bucket policy.",
		score: 3,
	},
	macie2.FindingTypePolicyIAMUserS3BucketEncryptionDisabled: {
		title: "Encryption is disabled for the S3 bucket",
		description: "Encryption is disabled for the Amazon S3 bucket. The data in the bucket isn’t encrypted using server-side " +
			"encryption.",
		score: 1,
	},
	macie2.FindingTypePolicyIAMUserS3BucketPublic: {
		title:       "The S3 bucket is publicly accessible",
		description: "The access control list or the bucket policy of the S3 bucket was changed to let anybody, or anybody with an account, use it.",
		score:       3,
	},
	macie2.FindingTypePolicyIAMUserS3BucketReplicatedExternally: {
		title:       "The S3 bucket is replicated to an external account",
		description: "Replication of the S3 bucket was set up to a bucket of an account outside the organization.",
		score:       3,
	},
	macie2.FindingTypePolicyIAMUserS3BucketSharedExternally: {
		title:       "The S3 bucket is shared with an external account",
		description: "The access control list or the bucket policy of the S3 bucket was changed to share it with an account outside the organization.",
		score:       3,
	},
	macie2.FindingTypePolicyIAMUserS3BucketSharedWithCloudFront: {
		title:       "The S3 bucket is shared with CloudFront",
		description: "The bucket policy of the S3 bucket was changed to share it with a CloudFront origin access identity or origin access control.",
		score:       2,
	},
}
