package membership

import "magpie/internal/macie2"

// Message texts are interface: clients match parts of them. Those of the shared membership backend
// begin with "The request is rejected because", those of Macie's own front with "The request failed
// because" or are short sentences. Where Macie's own text was never published it is the one that
// GuardDuty, which stands on the same backend, documents; docs/divergences.md lists them.
const (
	textDisableWhileMember        = "Cannot disable Macie while associated with an administrator account"
	textDisableWhileAdministrator = "Cannot disable Macie while accounts are in the member inventory of the current account. Disassociate and delete each of them first."
	textPauseWhileAdministrator   = "Cannot suspend Macie while member accounts are associated with the current account. Disassociate each of them first."
	textSessionEnded              = "The request failed because the Macie session of the current account ended while the request was processed"

	textNotAssociated = "The request failed because the specified account is not associated with your account."
	textNotAMember    = "The request is rejected because the given account ID is not an associated member of account the current account."
	hintCreateMember  = " Add the account by CreateMember first."

	textCreateWhileMember = "The request is rejected because the current account cannot create members since it is already an associated member of another master account."
	textCreateSelf        = "The request is rejected because an account cannot become a member of itself."
	textAlreadyAMember    = "The request is rejected because the given account ID is already a member or associated member of the current account."
	textTooManyMembers    = "The request is rejected because the current account cannot create anymore members since it cannot exceed the maximum number of allowed members."

	textInviterTooManyMembers = "The request is rejected because the given account ID cannot exceed the maximum number of allowed members."

	textInviteWhileMember = "The request is rejected because the current account cannot invite other accounts since it is already an associated member of another master account."
	textInviteSelf        = "The request is rejected because the current account cannot invite itself."
	textAlreadyInvited    = "The request is rejected because the current account has already invited or is already the Macie administrator of the given member account ID."
	textVerificationFail  = "The request is rejected because the email address of the given member account ID could not be verified: it is not the address registered for the account. Delete the member, add it again with the right address, and invite it again."
	textAccountSuspended  = "The request is rejected because the given member account ID belongs to an account that is suspended or closed."
	textRegionDisabled    = "The request is rejected because the current Region is disabled for the given member account ID."
	hintAddAgain          = " Add the account by CreateMember again; if it is not in your organization any more, delete the member first."
	textEmailMissing      = "The request is rejected because member account's email address is missing."
	textTooManyMailsSent  = "The request is rejected because the current account has sent as many invitation emails today as it may."
	textTooManyMailsGot   = "The request is rejected because the given member account ID has got as many invitation emails today as it may."
	textInternal          = "The request could not be processed for the given account ID because of an internal error. Try again."

	textNoPendingInvitation   = "The request is rejected because the current account has no pending invitation from the given master account ID or is already an associated member of another master account."
	textAcceptFromMember      = "The request is rejected because the current account cannot accept invitation from the given account ID since the latter is an associated member of another master account."
	textAcceptWithMembers     = "The request is rejected because the current account cannot accept invitations since it still has created, invited or associated members."
	textDeleteInvitation      = "The request is rejected because the current account cannot delete the invitation from the given master account ID since it is still associated to it or has not declined their invitation yet."
	textDeleteAssociated      = "The request is rejected because the current account cannot delete the given member account ID since it is still associated to it."
	textNoAdministrator       = "The request failed because this account does not have a master"
	textNotAssociatedToMaster = "The request is rejected because the current account is not associated to a master account."
	textOnlyMemberResumes     = "The request is rejected because Macie was suspended for the given member account ID and only that account can enable it again, since it joined by invitation."

	textAlreadyDelegated        = "The request failed because there's already a delegated Macie administrator account for your organization"
	textAnotherDelegated        = "The request failed because another account has already been designated as the delegated Macie administrator account for your organization"
	hintDeregister              = ". Disable it in every Region, and deregister it by organizations:DeregisterDelegatedAdministrator, first."
	textNotInOrganization       = "The account is not a member in the AWS Organization"
	textNotManagement           = "The request failed because you must be the management account of an organization to perform this operation"
	textManagementIsMember      = "The request failed because your account is a Macie member account. Its Macie administrator must disassociate it first."
	textNotDelegated            = "The request failed because the specified account isn't the delegated Macie administrator account for your organization"
	textBeingDisabled           = "The request failed because the designation of the specified account as the delegated Macie administrator account is being disabled. Try again later."
	textNotOrganizationAdmin    = "The request failed because you must be the Macie administrator for an organization to perform this operation"
	textDelegateIsMember        = "The request failed because the specified account is a Macie member account. It must be disassociated from its Macie administrator account first."
	textDelegateUnavailable     = "The request failed because the specified account is suspended or closed, or the current Region is disabled for it."
	textTiedElsewhere           = "The request is rejected because the given account ID is already an associated member of another master account."
	textIsAdministrator         = "The request is rejected because the given account ID is a Macie administrator account, and an account cannot be an administrator and a member at the same time."
	textManagementNotEnabled    = "The request is rejected because the given account ID is the management account of the organization, and only that account can enable Macie for itself."
	textOrganizationMember      = "The request failed because you don't have sufficient permissions to perform this operation: your account is managed through AWS Organizations, by its Macie administrator."
	textDisableWhileDelegated   = "Cannot disable Macie while the current account is the delegated Macie administrator account for an organization"
	textAcceptWhileDelegated    = "The request is rejected because the current account cannot accept invitations since it is the delegated Macie administrator account for an organization."
	textOrganizationMembersFull = "The request is rejected because the current account cannot have any more members through its organization: it has the maximum number of allowed members."

	textInvalidPageToken = "The request is rejected because the parameter nextToken has an invalid value: it was not issued for this account, Region and operation."
	textOnlyAssociated   = "The request is rejected because the parameter onlyAssociated has an invalid value: it must be true or false."
	textLostRace         = "The request failed because the relationship was changed by another request at the same time. Try again."
)

var (
	errSessionEnded = macie2.ErrNotFound("%s", textSessionEnded)
	errLostRace     = macie2.ErrConflict("%s", textLostRace)
)
