package operation

// words is what help says of an operation.
type words struct {
	short   string
	example string // the arguments of a call that is well formed
}

// Short says in a line what the operation does.
func (v *Verb) Short() string { return said[v.Operation].short }

// Example is a command line that is well formed.
func (v *Verb) Example() string {
	if args := said[v.Operation].example; args != "" {
		return v.Name + " " + args
	}
	return v.Name
}

const exampleARN = "arn:aws:macie2:eu-west-1:111122223333:"

var said = map[string]words{
	"AcceptInvitation":                        {"Accept an invitation to become a member", "--administrator-account-id 111122223333 --invitation-id b6c9e81cc0c310b3484111032b0f3e32"},
	"BatchGetCustomDataIdentifiers":           {"Show several custom data identifiers", "--ids 3293a69d-4a1e-4a07-8715-208ddexample"},
	"BatchUpdateAutomatedDiscoveryAccounts":   {"Change the status of automated discovery for accounts", "--accounts accountId=444455556666,status=ENABLED"},
	"CreateAllowList":                         {"Create an allow list", "--name order-numbers --criteria regex=ORDER-[0-9]{6}"},
	"CreateClassificationJob":                 {"Create a job that looks for sensitive data", `--name once --job-type ONE_TIME --s3-job-definition '{"bucketDefinitions":[{"accountId":"111122223333","buckets":["example-bucket"]}]}'`},
	"CreateCustomDataIdentifier":              {"Create a custom data identifier", "--name employee-id --regex 'E-[0-9]{7}' --keywords employee staff"},
	"CreateFindingsFilter":                    {"Create a filter of findings", `--name low --action ARCHIVE --finding-criteria '{"criterion":{"severity.description":{"eq":["Low"]}}}'`},
	"CreateInvitations":                       {"Invite accounts that were added before", "--account-ids 444455556666 777788889999 --message 'Please join'"},
	"CreateMember":                            {"Add an account to the inventory, before it is invited", "--account accountId=444455556666,email=member@example.com"},
	"CreateSampleFindings":                    {"Create sample findings", "--finding-types SensitiveData:S3Object/Personal"},
	"DeclineInvitations":                      {"Decline invitations", "--account-ids 111122223333"},
	"DeleteAllowList":                         {"Delete an allow list", "--id nkr81bmtu2542yyexample"},
	"DeleteCustomDataIdentifier":              {"Delete a custom data identifier", "--id 3293a69d-4a1e-4a07-8715-208ddexample"},
	"DeleteFindingsFilter":                    {"Delete a filter of findings", "--id 9b2b4508-aa2f-4940-b347-d1451example"},
	"DeleteInvitations":                       {"Delete invitations that were declined or ended", "--account-ids 111122223333"},
	"DeleteMember":                            {"Delete an account from the inventory", "--id 444455556666"},
	"DescribeBuckets":                         {"Show what is known of buckets", `--criteria '{"bucketName":{"prefix":"example"}}'`},
	"DescribeClassificationJob":               {"Show a job", "--job-id cb94ccc2ce5a3f5d7a5dd7e3cexample"},
	"DescribeOrganizationConfiguration":       {"Show the configuration of Macie for the organization", ""},
	"DisableMacie":                            {"Disable Macie, and delete what it holds for the account", ""},
	"DisableOrganizationAdminAccount":         {"End the delegation of an administrator for the organization", "--admin-account-id 111122223333"},
	"DisassociateFromAdministratorAccount":    {"Leave the administrator", ""},
	"DisassociateFromMasterAccount":           {"Leave the administrator (the operation's former name)", ""},
	"DisassociateMember":                      {"End the membership of an account", "--id 444455556666"},
	"EnableMacie":                             {"Enable Macie for the account", "--finding-publishing-frequency SIX_HOURS"},
	"EnableOrganizationAdminAccount":          {"Delegate an administrator for the organization", "--admin-account-id 111122223333"},
	"GetAdministratorAccount":                 {"Show the account's administrator", ""},
	"GetAllowList":                            {"Show an allow list", "--id nkr81bmtu2542yyexample"},
	"GetAutomatedDiscoveryConfiguration":      {"Show the configuration of automated discovery", ""},
	"GetBucketStatistics":                     {"Count buckets and objects", "--account-id 444455556666"},
	"GetClassificationExportConfiguration":    {"Show where detailed results are stored", ""},
	"GetClassificationScope":                  {"Show which buckets automated discovery leaves out", "--id 117aff7ed76b59a59c3224ebdexample"},
	"GetCustomDataIdentifier":                 {"Show a custom data identifier", "--id 3293a69d-4a1e-4a07-8715-208ddexample"},
	"GetFindingStatistics":                    {"Count findings", "--group-by severity.description"},
	"GetFindings":                             {"Show findings", "--finding-ids 1f1c2d74db5d8caa76859ec52example"},
	"GetFindingsFilter":                       {"Show a filter of findings", "--id 9b2b4508-aa2f-4940-b347-d1451example"},
	"GetFindingsPublicationConfiguration":     {"Show which findings are published to Security Hub", ""},
	"GetInvitationsCount":                     {"Count the invitations that the account received", ""},
	"GetMacieSession":                         {"Show the account's status and settings", ""},
	"GetMasterAccount":                        {"Show the account's administrator (the operation's former name)", ""},
	"GetMember":                               {"Show a member", "--id 444455556666"},
	"GetResourceProfile":                      {"Show what automated discovery found out about a bucket", "--resource-arn arn:aws:s3:::example-bucket"},
	"GetRevealConfiguration":                  {"Show whether samples of sensitive data can be revealed", ""},
	"GetSensitiveDataOccurrences":             {"Reveal samples of what a finding found", "--finding-id 1f1c2d74db5d8caa76859ec52example"},
	"GetSensitiveDataOccurrencesAvailability": {"Tell whether samples of what a finding found can be revealed", "--finding-id 1f1c2d74db5d8caa76859ec52example"},
	"GetSensitivityInspectionTemplate":        {"Show which identifiers automated discovery uses", "--id fd7b6d71c8006fcd6391e6eedexample"},
	"GetUsageStatistics":                      {"Show usage and quotas by account", "--time-range MONTH_TO_DATE"},
	"GetUsageTotals":                          {"Show usage in total", "--time-range MONTH_TO_DATE"},
	"ListAllowLists":                          {"List allow lists", ""},
	"ListAutomatedDiscoveryAccounts":          {"List the accounts' status of automated discovery", "--account-ids 444455556666"},
	"ListClassificationJobs":                  {"List jobs", `--filter-criteria '{"includes":[{"comparator":"EQ","key":"jobStatus","values":["RUNNING"]}]}'`},
	"ListClassificationScopes":                {"List the classification scopes", ""},
	"ListCustomDataIdentifiers":               {"List custom data identifiers", ""},
	"ListFindings":                            {"List the ids of findings", `--finding-criteria '{"criterion":{"severity.description":{"eq":["High"]}}}'`},
	"ListFindingsFilters":                     {"List filters of findings", ""},
	"ListInvitations":                         {"List the invitations that the account received", ""},
	"ListManagedDataIdentifiers":              {"List the managed data identifiers", ""},
	"ListMembers":                             {"List the accounts of the inventory", "--only-associated false"},
	"ListOrganizationAdminAccounts":           {"List the delegated administrators of the organization", ""},
	"ListResourceProfileArtifacts":            {"List the objects that automated discovery looked at in a bucket", "--resource-arn arn:aws:s3:::example-bucket"},
	"ListResourceProfileDetections":           {"List what automated discovery found in a bucket", "--resource-arn arn:aws:s3:::example-bucket"},
	"ListSensitivityInspectionTemplates":      {"List the templates of automated discovery", ""},
	"ListTagsForResource":                     {"List the tags of a resource", "--resource-arn " + exampleARN + "member/444455556666"},
	"PutClassificationExportConfiguration":    {"Set where detailed results are stored", `--configuration '{"s3Destination":{"bucketName":"example-results","kmsKeyArn":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}'`},
	"PutFindingsPublicationConfiguration":     {"Set which findings are published to Security Hub", "--security-hub-configuration publishClassificationFindings=false,publishPolicyFindings=true"},
	"SearchResources":                         {"Search buckets", "--max-results 10"},
	"TagResource":                             {"Tag a resource", "--resource-arn " + exampleARN + "member/444455556666 --tags team=blue"},
	"TestCustomDataIdentifier":                {"Try a custom data identifier on a text", "--regex 'E-[0-9]{7}' --sample-text 'employee E-1234567'"},
	"UntagResource":                           {"Remove tags from a resource", "--resource-arn " + exampleARN + "member/444455556666 --tag-keys team"},
	"UpdateAllowList":                         {"Change an allow list", "--id nkr81bmtu2542yyexample --name order-numbers --criteria regex=ORDER-[0-9]{8}"},
	"UpdateAutomatedDiscoveryConfiguration":   {"Turn automated discovery on or off", "--status ENABLED"},
	"UpdateClassificationJob":                 {"Pause, resume or cancel a job", "--job-id cb94ccc2ce5a3f5d7a5dd7e3cexample --job-status CANCELLED"},
	"UpdateClassificationScope":               {"Change which buckets automated discovery leaves out", `--id 117aff7ed76b59a59c3224ebdexample --s3 '{"excludes":{"bucketNames":["example-bucket"],"operation":"ADD"}}'`},
	"UpdateFindingsFilter":                    {"Change a filter of findings", "--id 9b2b4508-aa2f-4940-b347-d1451example --name low-severity"},
	"UpdateMacieSession":                      {"Suspend or resume Macie for the account, or change its settings", "--status PAUSED"},
	"UpdateMemberSession":                     {"Suspend Macie for a member", "--id 444455556666 --status PAUSED"},
	"UpdateOrganizationConfiguration":         {"Choose whether new accounts of the organization become members", "--auto-enable"},
	"UpdateResourceProfile":                   {"Override the sensitivity score of a bucket", "--resource-arn arn:aws:s3:::example-bucket --sensitivity-score-override 100"},
	"UpdateResourceProfileDetections":         {"Choose which detections count for the score of a bucket", `--resource-arn arn:aws:s3:::example-bucket --suppress-data-identifiers id=NAME,type=MANAGED`},
	"UpdateRevealConfiguration":               {"Choose whether samples of sensitive data can be revealed", "--configuration status=DISABLED"},
	"UpdateSensitivityInspectionTemplate":     {"Change which identifiers automated discovery uses", "--id fd7b6d71c8006fcd6391e6eedexample --excludes managedDataIdentifierIds=NAME,PHONE_NUMBER"},
}
