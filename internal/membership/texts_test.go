package membership

// The texts that clients match, as they were seen on the wire or documented (Macie's own, or those
// of GuardDuty, which stands on the same backend). They are repeated here to the letter, so that a
// change of one in text.go does not pass unseen.
const (
	specNotEnabled            = "Macie is not enabled"
	specAlreadyEnabled        = "Macie has already been enabled"
	specDisableWhileMember    = "Cannot disable Macie while associated with an administrator account"
	specNoAdministrator       = "The request failed because this account does not have a master"
	specNotAssociated         = "The request failed because the specified account is not associated with your account."
	specNotAMember            = "The request is rejected because the given account ID is not an associated member of account the current account."
	specCreateWhileMember     = "The request is rejected because the current account cannot create members since it is already an associated member of another master account."
	specCreateSelf            = "The request is rejected because an account cannot become a member of itself."
	specAlreadyAMember        = "The request is rejected because the given account ID is already a member or associated member of the current account."
	specTooManyMembers        = "The request is rejected because the current account cannot create anymore members since it cannot exceed the maximum number of allowed members."
	specInviteWhileMember     = "The request is rejected because the current account cannot invite other accounts since it is already an associated member of another master account."
	specInviteSelf            = "The request is rejected because the current account cannot invite itself."
	specAlreadyInvited        = "The request is rejected because the current account has already invited or is already the Macie administrator of the given member account ID."
	specNoPendingInvitation   = "The request is rejected because the current account has no pending invitation from the given master account ID or is already an associated member of another master account."
	specAcceptFromMember      = "The request is rejected because the current account cannot accept invitation from the given account ID since the latter is an associated member of another master account."
	specAcceptWithMembers     = "The request is rejected because the current account cannot accept invitations since it still has created, invited or associated members."
	specDeleteInvitation      = "The request is rejected because the current account cannot delete the invitation from the given master account ID since it is still associated to it or has not declined their invitation yet."
	specDeleteAssociated      = "The request is rejected because the current account cannot delete the given member account ID since it is still associated to it."
	specEmailMissing          = "The request is rejected because member account's email address is missing."
	specNotInOrganization     = "The account is not a member in the AWS Organization"
	specAlreadyDelegated      = "The request failed because there's already a delegated Macie administrator account for your organization"
	specAnotherDelegated      = "The request failed because another account has already been designated as the delegated Macie administrator account for your organization"
	specNotOrganizationAdmin  = "The request failed because you must be the Macie administrator for an organization to perform this operation"
	specNotAssociatedToMaster = "The request is rejected because the current account is not associated to a master account."
)

// Texts of our own, where none of Macie's was ever published. Tests ask for what they must say;
// their wording may change.
const (
	oursDisableWithMembers    = textDisableWhileAdministrator
	oursPauseWithMembers      = textPauseWhileAdministrator
	oursHintCreateMember      = hintCreateMember
	oursVerificationFailed    = textVerificationFail
	oursAccountSuspended      = textAccountSuspended
	oursRegionDisabled        = textRegionDisabled
	oursOnlyMemberResumes     = textOnlyMemberResumes
	oursInviterTooManyMembers = textInviterTooManyMembers

	oursNotManagement           = textNotManagement
	oursManagementIsMember      = textManagementIsMember
	oursNotDelegated            = textNotDelegated
	oursBeingDisabled           = textBeingDisabled
	oursDelegateIsMember        = textDelegateIsMember
	oursDelegateUnavailable     = textDelegateUnavailable
	oursTiedElsewhere           = textTiedElsewhere
	oursIsAdministrator         = textIsAdministrator
	oursManagementNotEnabled    = textManagementNotEnabled
	oursOrganizationMember      = textOrganizationMember
	oursDisableWhileDelegated   = textDisableWhileDelegated
	oursAcceptWhileDelegated    = textAcceptWhileDelegated
	oursOrganizationMembersFull = textOrganizationMembersFull
)
