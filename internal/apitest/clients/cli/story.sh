#!/usr/bin/env bash
# One administrator and one member, by the AWS CLI: what is in the mail of an
# invitation, and what an administrator does before and after it.
#
# The environment names the server (MAGPIE_TEST_ENDPOINT), a Region, and for
# each of both accounts its id, address and keys.
set -euo pipefail

as_admin() {
	AWS_ACCESS_KEY_ID=$ADMIN_KEY AWS_SECRET_ACCESS_KEY=$ADMIN_SECRET aws --region "$REGION" --endpoint-url "$MAGPIE_TEST_ENDPOINT" --output text "$@"
}
as_member() {
	AWS_ACCESS_KEY_ID=$MEMBER_KEY AWS_SECRET_ACCESS_KEY=$MEMBER_SECRET aws --region "$REGION" --endpoint-url "$MAGPIE_TEST_ENDPOINT" --output text "$@"
}
same() { # GOT WANT
	[[ $1 == "$2" ]] || {
		printf 'got  %s\nwant %s\n' "$1" "$2" >&2
		exit 1
	}
}
refused() { # TEXT COMMAND...
	local text=$1 said
	shift
	if said=$("$@" 2>&1); then
		printf 'not refused: %s\n' "$*" >&2
		exit 1
	fi
	[[ $said == *"$text"* ]] || {
		printf '%s\nsays    %s\nand not %s\n' "$*" "$said" "$text" >&2
		exit 1
	}
}
becomes() { # STATUS
	local now
	for _ in $(seq 40); do
		now=$(as_admin macie2 get-member --id "$MEMBER_ID" --query relationshipStatus)
		[[ $now == "$1" ]] && return
	done
	printf 'the member is %s and does not become %s\n' "$now" "$1" >&2
	exit 1
}

same "$(as_admin sts get-caller-identity --query Account)" "$ADMIN_ID"
refused '(AWSOrganizationsNotInUseException) when calling the DescribeOrganization operation: Your account is not a member of an organization.' \
	as_admin organizations describe-organization
refused 'An error occurred (AccessDeniedException) when calling the GetMacieSession operation: Macie is not enabled' \
	as_admin macie2 get-macie-session
as_admin macie2 enable-macie
refused '(ConflictException) when calling the EnableMacie operation: Macie has already been enabled' \
	as_admin macie2 enable-macie

as_admin macie2 create-member --account "accountId=$MEMBER_ID,email=$MEMBER_EMAIL" --tags team=data >/dev/null
same "$(as_admin macie2 create-invitations --account-ids "$MEMBER_ID" 999900001111 --message 'By the CLI' \
	--query 'unprocessedAccounts[].[accountId,errorCode]')" $'999900001111\tClientError'
becomes Invited

# As the mail tells the recipient.
as_member macie2 enable-macie
same "$(as_member macie2 get-invitations-count)" 1
id=$(as_member macie2 list-invitations --query "invitations[?accountId=='$ADMIN_ID'].invitationId")
as_member macie2 accept-invitation --administrator-account-id "$ADMIN_ID" --invitation-id "$id"
same "$(as_member macie2 get-administrator-account --query 'administrator.[accountId,invitationId,relationshipStatus]')" \
	"$ADMIN_ID"$'\t'"$id"$'\tEnabled'
same "$(as_admin macie2 list-members --query 'members[].[accountId,relationshipStatus]')" "$MEMBER_ID"$'\tEnabled'

as_admin macie2 update-member-session --id "$MEMBER_ID" --status PAUSED
becomes Paused
as_member macie2 disassociate-from-administrator-account
becomes Resigned
as_member macie2 accept-invitation --administrator-account-id "$ADMIN_ID" --invitation-id "$id"
refused 'since it is still associated to it' as_admin macie2 delete-member --id "$MEMBER_ID"
as_admin macie2 disassociate-member --id "$MEMBER_ID"
as_admin macie2 delete-member --id "$MEMBER_ID"
refused 'account is not associated with your account' as_admin macie2 get-member --id "$MEMBER_ID"

# As the mail tells the recipient who does not want to.
as_admin macie2 create-member --account "accountId=$MEMBER_ID,email=$MEMBER_EMAIL" >/dev/null
as_admin macie2 create-invitations --account-ids "$MEMBER_ID" --disable-email-notification
becomes Invited
as_member macie2 decline-invitations --account-ids "$ADMIN_ID"
as_member macie2 delete-invitations --account-ids "$ADMIN_ID"
same "$(as_member macie2 get-invitations-count)" 0
same "$(as_admin macie2 list-members --only-associated false --query 'length(members)')" 0
as_member macie2 disable-macie
as_admin macie2 disable-macie
