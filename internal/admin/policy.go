package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/macie2"
	"magpie/internal/policy"
)

func (v verbs) policy() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Say what keys and roles may do",
		Long: `Say what keys and roles may do, by IAM policies. A policy is the name of one that is built in (` + strings.Join(policy.ManagedNames(), ", ") + `),
or a file with a document in IAM's JSON. What a change says holds from the next call on, on every node.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(v.policyAttach(), v.policyDetach(), v.policyList(), v.policySimulate())
	return c
}

// target is what the policy verbs take first.
const target = "KEY-ID|ROLE-ARN"

const policyFlag = "what it may do: the `name` of a policy that is built in, a file with a document, or none (default AdministratorAccess)"

// readPolicies turns what --policy names into what is attached: names stay, files are read.
func readPolicies(names []string) ([]string, error) {
	policies := make([]string, len(names))
	for i, name := range names {
		policies[i] = name
		if _, builtIn := policy.Managed(name); builtIn || name == policy.None {
			continue
		}
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("--policy %s is neither built in (%s, %s) nor a file", name, strings.Join(policy.ManagedNames(), ", "), policy.None)
		}
		if err != nil {
			return nil, fmt.Errorf("--policy: %w", err)
		}
		if _, err := policy.Accept(policy.Identity, string(text)); err != nil {
			return nil, fmt.Errorf("--policy %s: %w", name, err)
		}
		policies[i] = strings.TrimSpace(string(text))
	}
	return policies, nil
}

// policyNames shows attached policies in a table: documents by their number.
func policyNames(policies []string) string {
	names := slices.Clone(policies)
	for i, p := range names {
		if policy.IsDocument(p) {
			names[i] = "document-" + strconv.Itoa(i+1)
		}
	}
	return strings.Join(names, ",")
}

// policyJSON shows attached policies as JSON: documents as themselves.
func policyJSON(policies []string) []any {
	out := make([]any, len(policies))
	for i, p := range policies {
		out[i] = p
		if policy.IsDocument(p) {
			out[i] = json.RawMessage(p)
		}
	}
	return out
}

func (v verbs) policyAttach() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "attach " + target + " NAME|FILE...",
		Short: "Attach policies",
		Example: `  magpie policy attach AKIAIOSFODNN7EXAMPLE AmazonMacieReadOnlyAccess
  magpie policy attach arn:aws:iam::444455556666:role/Operator policy.json`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			more, err := readPolicies(args[1:])
			if err != nil {
				return err
			}
			return v.changePolicies(c, &l, args[0], func(policies []string) ([]string, error) {
				policies = slices.DeleteFunc(slices.Clone(policies), func(p string) bool { return p == policy.None })
				for _, p := range more {
					if !slices.Contains(policies, p) {
						policies = append(policies, p)
					}
				}
				return policies, nil
			})
		},
	}
	l.flags(c)
	return c
}

func (v verbs) policyDetach() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:     "detach " + target + " NAME...",
		Short:   "Detach policies, by the names that policy list shows; what has none left may do nothing",
		Example: `  magpie policy detach AKIAIOSFODNN7EXAMPLE AdministratorAccess document-2`,
		Args:    cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return v.changePolicies(c, &l, args[0], func(policies []string) ([]string, error) {
				shown := strings.Split(policyNames(policies), ",")
				var kept []string
				for i, p := range policies {
					if !slices.Contains(args[1:], shown[i]) {
						kept = append(kept, p)
					}
				}
				for _, name := range args[1:] {
					if !slices.Contains(shown, name) {
						return nil, fmt.Errorf("%s is not attached; attached are: %s", name, strings.Join(shown, ", "))
					}
				}
				return kept, nil
			})
		},
	}
	l.flags(c)
	return c
}

func (v verbs) changePolicies(c *cobra.Command, l *location, of string, edit func([]string) ([]string, error)) error {
	return v.directory(c, l, func(ctx context.Context, d *identity.Directory) error {
		h, err := d.ChangePolicies(ctx, of, edit)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.ErrOrStderr(), "%s has: %s\n", of, policyNames(h.Policies))
		return nil
	})
}

func (v verbs) policyList() *cobra.Command {
	var l location
	var f format
	c := &cobra.Command{
		Use:   "list [" + target + "]",
		Short: "List what is attached to a key or a role, or else what is built in",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return showPolicies(c, &f, policy.ManagedNames(), func(name string) string { text, _ := policy.Managed(name); return text })
			}
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				h, err := d.Holder(ctx, args[0])
				if err != nil {
					return err
				}
				return showPolicies(c, &f, h.Policies, func(p string) string {
					if text, ok := policy.Managed(p); ok {
						return text
					}
					return p
				})
			})
		},
	}
	l.flags(c)
	f.flags(c)
	return c
}

func showPolicies(c *cobra.Command, f *format, policies []string, text func(string) string) error {
	rows := [][]string{{"POLICY", "DOCUMENT"}}
	out := []map[string]any{}
	names := strings.Split(policyNames(policies), ",")
	for i, p := range policies {
		entry := map[string]any{"PolicyName": names[i]}
		shown := "-"
		if t := text(p); policy.IsDocument(t) {
			entry["PolicyDocument"] = json.RawMessage(t)
			shown = strings.Join(strings.Fields(t), " ")
		}
		rows = append(rows, []string{names[i], shown})
		out = append(out, entry)
	}
	return f.show(c, map[string]any{"Policies": out}, rows)
}

// simulation is what policy simulate asks.
type simulation struct {
	resource, region, sourceIP string
	requestTags, resourceTags  map[string]string
}

func (v verbs) policySimulate() *cobra.Command {
	var l location
	var f format
	var s simulation
	c := &cobra.Command{
		Use:   "simulate " + target + " ACTION...",
		Short: "Say what a key or a role may do, and which statement decides",
		Example: `  magpie policy simulate AKIAIOSFODNN7EXAMPLE macie2:CreateInvitations macie2:ListMembers
  magpie policy simulate AKIAIOSFODNN7EXAMPLE macie2:DeleteMember --region eu-west-1 \
         --resource arn:aws:macie2:eu-west-1:111122223333:member/444455556666`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return v.directory(c, &l, func(ctx context.Context, d *identity.Directory) error {
				h, err := d.Holder(ctx, args[0])
				if err != nil {
					return err
				}
				documents, err := policy.Attached(h.Policies)
				if err != nil {
					return err
				}
				names := slices.DeleteFunc(strings.Split(policyNames(h.Policies), ","), func(n string) bool { return n == policy.None })
				rows := [][]string{{"ACTION", "RESOURCE", "DECISION", "POLICY", "STATEMENT"}}
				out := []map[string]any{}
				for _, action := range args[1:] {
					if err := knownAction(action); err != nil {
						return err
					}
					decision := policy.Evaluate(documents, &policy.Request{
						Action: action, Resource: s.resource, Principal: h.Principal, RoleARN: h.RoleARN, Region: s.region, SourceIP: s.sourceIP,
						Now: v.o.Now(), RequestTags: s.requestTags, ResourceTags: s.resourceTags, TagKeys: sortedKeys(s.requestTags),
					})
					by, statement := "-", "-"
					entry := map[string]any{"EvalActionName": action, "EvalResourceName": s.resource, "EvalDecision": decision.Effect.String()}
					if decision.Effect != policy.ImplicitDeny {
						by, statement = names[decision.Document], "Statement["+strconv.Itoa(decision.Place)+"]"
						if decision.Sid != "" {
							statement += " " + decision.Sid
						}
						entry["MatchedPolicy"], entry["MatchedStatement"] = by, statement
					}
					rows = append(rows, []string{action, s.resource, decision.Effect.String(), by, statement})
					out = append(out, entry)
				}
				return f.show(c, map[string]any{"EvaluationResults": out}, rows)
			})
		},
	}
	c.Flags().StringVar(&s.resource, "resource", "*", "`ARN` of what the action is about")
	c.Flags().StringVar(&s.region, "region", "", "`Region` of the call, for aws:RequestedRegion")
	c.Flags().StringVar(&s.sourceIP, "source-ip", "", "`address` of the caller, for aws:SourceIp")
	c.Flags().StringToStringVar(&s.requestTags, "request-tag", nil, "`key=value` that the call sets, for aws:RequestTag and aws:TagKeys")
	c.Flags().StringToStringVar(&s.resourceTags, "resource-tag", nil, "`key=value` of the resource, for aws:ResourceTag")
	l.flags(c)
	f.flags(c)
	return c
}

// knownAction refuses an action of Macie's that does not exist: "allowed", which a wildcard makes of it, would be an answer to a question
// that was misspelt. Actions of other services are not ours to judge.
func knownAction(action string) error {
	name, ok := strings.CutPrefix(strings.ToLower(action), "macie2:")
	if !ok {
		return nil
	}
	for _, o := range macie2.Operations() {
		if strings.EqualFold(o.Action, "macie2:"+name) {
			return nil
		}
	}
	return fmt.Errorf("%s: Macie has no such action; an action is named like an operation, such as macie2:CreateInvitations", action)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
