package onboard

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/smithy-go"
)

func wrongAddress(email string) string {
	return fmt.Sprintf("%s is not the address registered for the account. Correct it in the list and run this again: the record is then replaced", email)
}

// statusReason says in words what a relationship is that cannot be helped from the administrator's side.
func statusReason(s types.RelationshipStatus) string {
	switch s {
	case types.RelationshipStatusAccountSuspended:
		return "the account is suspended or closed. It can be invited again once it is not"
	case types.RelationshipStatusRegionDisabled:
		return "the Region is disabled for the account. Enable it there, then run this again"
	case types.RelationshipStatusRemoved:
		return "somebody removed it from the membership meanwhile. Run this again to invite it again"
	case types.RelationshipStatusResigned:
		return "it resigned meanwhile"
	}
	return "its relationship is " + string(s) + ", which this program does not know"
}

const (
	declinedReason = "it was invited and is not in the inventory any more: it declined, or somebody deleted it. Ask its owner before inviting it again"
	pendingReason  = "invited; its address is still being verified. See magpie members status in a while"
)

// reasonOf puts an error of the service in words, with what to do where that is known.
func reasonOf(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err.Error()
	}
	return adviseOn(api.ErrorCode(), api.ErrorMessage())
}

// advice is what to do about a message. The first part that matches decides.
var advice = []struct{ part, todo string }{
	{"cannot exceed the maximum number of allowed members", "The quota of members is used up: delete members that resigned or were removed, or ask for a higher quota"},
	{"cannot invite other accounts since it is already an associated member", "Your account is itself a member of another administrator; it must leave that first"},
	{"cannot create members since it is already an associated member", "Your account is itself a member of another administrator; it must leave that first"},
	{"cannot become a member of itself", "Your own account is in the list; take it out"},
	{"cannot invite itself", "Your own account is in the list; take it out"},
	{"still has created, invited or associated members", "The account administers members of its own; they must be removed first"},
	{"is already an associated member of another master account", "The account belongs to another administrator; it must leave that first"},
	{"Macie is not enabled", "Macie is not enabled there"},
	{"is not authorized to perform", "The permission is missing"},
}

func adviseOn(code, message string) string {
	for _, a := range advice {
		if strings.Contains(message, a.part) {
			return a.todo + " (" + code + ": " + message + ")"
		}
	}
	return code + ": " + message
}
