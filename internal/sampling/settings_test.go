package sampling

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie/internal/macie2"
)

const (
	on   = macie2.AutomatedDiscoveryStatusEnabled
	off  = macie2.AutomatedDiscoveryStatusDisabled
	all  = macie2.AutoEnableModeAll
	new_ = macie2.AutoEnableModeNew
	none = macie2.AutoEnableModeNone
)

// accounts spells for which accounts discovery is on.
func (n *node) accounts(as macie2.AccountID) string {
	n.t.Helper()
	var text []string
	in := &macie2.ListAutomatedDiscoveryAccountsInput{MaxResults: macie2.Ptr(int32(2))}
	for {
		out, err := n.ListAutomatedDiscoveryAccounts(n.t.Context(), n.call(as), in)
		n.must(err)
		for _, x := range out.Items {
			text = append(text, map[macie2.AccountID]string{alice: "alice", bob: "bob", carol: "carol", dave: "dave"}[macie2.AccountID(*x.AccountId)]+" "+string(*x.Status))
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return strings.Join(text, ", ")
		}
	}
}

func (n *node) set(as macie2.AccountID, pairs ...any) (string, error) {
	in := &macie2.BatchUpdateAutomatedDiscoveryAccountsInput{}
	for i := 0; i < len(pairs); i += 2 {
		in.Accounts = append(in.Accounts, macie2.AutomatedDiscoveryAccountUpdate{
			AccountId: macie2.Ptr(string(pairs[i].(macie2.AccountID))), Status: macie2.Ptr(macie2.AutomatedDiscoveryAccountStatus(pairs[i+1].(string)))})
	}
	out, err := n.BatchUpdateAutomatedDiscoveryAccounts(n.t.Context(), n.call(as), in)
	if err != nil {
		return "", err
	}
	var text []string
	for _, x := range out.Errors {
		text = append(text, *x.AccountId+" "+string(*x.ErrorCode))
	}
	return strings.Join(text, ", "), nil
}

// TestConfiguration: what is configured, by whom, and for whom it then is on.
func TestConfiguration(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		_, err := n.GetAutomatedDiscoveryConfiguration(t.Context(), n.call(alice), nil)
		refused(t, err, macie2.AccessDeniedException, "Macie is not enabled")
		n.enable(alice, bob, carol, dave)
		n.joins(alice, bob, true)

		x, err := n.GetAutomatedDiscoveryConfiguration(t.Context(), n.call(alice), nil)
		n.must(err)
		if *x.Status != off || *x.AutoEnableOrganizationMembers != all || x.FirstEnabledAt != nil || x.DisabledAt != nil || x.LastUpdatedAt == nil ||
			len(*x.ClassificationScopeId) != 32 || len(*x.SensitivityInspectionTemplateId) != 32 {
			t.Errorf("at first: %+v", x)
		}
		// A member account configures nothing.
		for what, err := range map[string]error{
			"get": second(n.GetAutomatedDiscoveryConfiguration(t.Context(), n.call(bob), nil)), "update": n.configured(bob, on, ""),
			"scopes":    second(n.ListClassificationScopes(t.Context(), n.call(bob), &macie2.ListClassificationScopesInput{})),
			"templates": second(n.ListSensitivityInspectionTemplates(t.Context(), n.call(bob), &macie2.ListSensitivityInspectionTemplatesInput{})),
			"accounts":  second(n.ListAutomatedDiscoveryAccounts(t.Context(), n.call(bob), &macie2.ListAutomatedDiscoveryAccountsInput{})),
			"set":       second(n.set(bob, bob, "ENABLED")),
		} {
			t.Log(what)
			refused(t, err, macie2.AccessDeniedException, "is a member account")
		}
		_, err = n.set(alice, bob, "ENABLED")
		refused(t, err, macie2.ConflictException, "is disabled")

		for _, step := range []struct {
			do   string
			mode macie2.AutoEnableMode
			want string
		}{
			{"", "", "alice DISABLED, bob DISABLED"},
			{"configure", new_, "alice ENABLED, bob DISABLED"},
			{"carol joins", "", "alice ENABLED, bob DISABLED, carol ENABLED"},
			{"configure", none, "alice ENABLED, bob DISABLED, carol ENABLED"},
			{"carol leaves", "", "alice ENABLED, bob DISABLED"},
			{"carol joins", "", "alice ENABLED, bob DISABLED, carol DISABLED"},
			{"bob on", "", "alice ENABLED, bob ENABLED, carol DISABLED"},
			{"alice off", "", "alice DISABLED, bob ENABLED, carol DISABLED"},
			{"configure", "", "alice ENABLED, bob ENABLED, carol ENABLED"},
			{"configure", none, "alice ENABLED, bob ENABLED, carol ENABLED"},
			{"bob leaves", "", "alice ENABLED, carol ENABLED"},
			{"bob joins", "", "alice ENABLED, bob DISABLED, carol ENABLED"},
			{"disable", "", "alice DISABLED, bob DISABLED, carol DISABLED"},
			{"configure", none, "alice ENABLED, bob DISABLED, carol DISABLED"},
		} {
			n.clock.add(time.Minute)
			switch step.do {
			case "configure":
				n.must(n.configured(alice, on, step.mode))
			case "disable":
				n.must(n.configured(alice, off, ""))
			case "carol joins":
				n.joins(alice, carol, true)
			case "carol leaves":
				n.joins(alice, carol, false)
			case "bob joins":
				n.joins(alice, bob, true)
			case "bob leaves":
				n.joins(alice, bob, false)
			case "bob on":
				said, err := n.set(alice, bob, "ENABLED", dave, "ENABLED")
				n.must(err)
				if said != string(dave)+" ACCOUNT_NOT_FOUND" {
					t.Errorf("errors %q", said)
				}
			case "alice off":
				said, err := n.set(alice, alice, "DISABLED")
				if err != nil || said != "" {
					t.Errorf("%q, %v", said, err)
				}
			}
			if got := n.accounts(alice); got != step.want {
				t.Errorf("after %q %s: %s, want %s", step.do, step.mode, got, step.want)
			}
		}
		n.must(n.configured(alice, on, all))
		_, err = n.set(alice, bob, "DISABLED")
		refused(t, err, macie2.ConflictException, "Cannot modify account states while auto-enable is set to ALL.")
		n.must(n.configured(alice, on, new_))
		_, err = n.sessions.UpdateMacieSession(t.Context(), n.call(carol), &macie2.UpdateMacieSessionInput{Status: macie2.Ptr(macie2.MacieStatusPaused)})
		n.must(err)
		if said, err := n.set(alice, carol, "DISABLED", bob, "DISABLED"); err != nil || said != string(carol)+" ACCOUNT_PAUSED" {
			t.Errorf("%q, %v", said, err)
		}
		for _, x := range []struct {
			ids  []string
			code macie2.Exception
			says string
		}{
			{[]string{"12"}, macie2.ValidationException, "accountIds[0]"}, {[]string{string(dave)}, macie2.ResourceNotFoundException, string(dave)},
			{slices.Repeat([]string{string(bob)}, 51), macie2.ValidationException, "at most 50"},
		} {
			_, err := n.ListAutomatedDiscoveryAccounts(t.Context(), n.call(alice), &macie2.ListAutomatedDiscoveryAccountsInput{AccountIds: x.ids})
			refused(t, err, x.code, x.says)
		}
		out, err := n.ListAutomatedDiscoveryAccounts(t.Context(), n.call(alice), &macie2.ListAutomatedDiscoveryAccountsInput{AccountIds: []string{string(carol), string(bob), string(bob)}})
		if err != nil || len(out.Items) != 2 || *out.Items[0].AccountId != string(bob) {
			t.Errorf("%+v, %v", out, err)
		}
		// Whoever joins hands its own configuration over.
		n.must(n.configured(dave, on, ""))
		n.joins(alice, dave, true)
		n.joins(alice, dave, false)
		if x, err := n.GetAutomatedDiscoveryConfiguration(t.Context(), n.call(dave), nil); err != nil || *x.Status != off || x.FirstEnabledAt == nil || x.DisabledAt == nil {
			t.Errorf("after having been a member: %+v, %v", x, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestScope: which buckets are excluded.
func TestScope(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice, bob)
		n.joins(alice, bob, true)
		n.files(alice, map[string]string{"one/": "", "two/": ""})
		n.files(bob, map[string]string{"three/": ""})
		list, err := n.ListClassificationScopes(t.Context(), n.call(alice), &macie2.ListClassificationScopesInput{})
		n.must(err)
		if len(list.ClassificationScopes) != 1 || *list.ClassificationScopes[0].Name != "automated-sensitive-data-discovery" {
			t.Fatalf("%+v", list)
		}
		id := list.ClassificationScopes[0].Id
		if list, err := n.ListClassificationScopes(t.Context(), n.call(alice), &macie2.ListClassificationScopesInput{Name: macie2.Ptr("another")}); err != nil || len(list.ClassificationScopes) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		update := func(id *string, operation string, names ...string) error {
			return second(n.UpdateClassificationScope(t.Context(), n.call(alice), &macie2.UpdateClassificationScopeInput{Id: id, S3: &macie2.S3ClassificationScopeUpdate{
				Excludes: &macie2.S3ClassificationScopeExclusionUpdate{BucketNames: names, Operation: macie2.Ptr(macie2.ClassificationScopeUpdateOperation(operation))}}}))
		}
		for _, x := range []struct {
			operation string
			names     []string
			want      string
		}{
			{"ADD", []string{"three", "one"}, "[one three]"}, {"ADD", []string{"one", "two"}, "[one three two]"}, {"REMOVE", []string{"three", "never"}, "[one two]"},
			{"REPLACE", []string{"three"}, "[three]"}, {"REPLACE", []string{}, "[]"}, {"ADD", []string{"one"}, "[one]"},
		} {
			n.must(update(id, x.operation, x.names...))
			got, err := n.GetClassificationScope(t.Context(), n.call(alice), &macie2.GetClassificationScopeInput{Id: id})
			if n.must(err); fmt.Sprint(got.S3.Excludes.BucketNames) != x.want {
				t.Errorf("%s %v: %v", x.operation, x.names, got.S3.Excludes.BucketNames)
			}
		}
		refused(t, update(id, "ADD", "One"), macie2.ResourceNotFoundException, "bucket One")
		refused(t, update(macie2.Ptr("00"), "ADD", "one"), macie2.ResourceNotFoundException, "classification scope 00")
		many := make([]string, 1001)
		for i := range many {
			many[i] = fmt.Sprint("bucket", i)
		}
		refused(t, update(id, "ADD", many...), macie2.ValidationException, "at most 1000")
		refused(t, update(id, "REPLACE", many[:1000]...), macie2.ResourceNotFoundException, "bucket bucket0")
		_, err = n.GetClassificationScope(t.Context(), n.call(alice), &macie2.GetClassificationScopeInput{Id: macie2.Ptr("zz")})
		refused(t, err, macie2.ResourceNotFoundException, "zz")
	})
}

// TestTemplate: what is looked for.
func TestTemplate(t *testing.T) {
	each(t, func(t *testing.T, more func(...func(*Options)) *node) {
		n := more()
		n.enable(alice)
		list, err := n.ListSensitivityInspectionTemplates(t.Context(), n.call(alice), &macie2.ListSensitivityInspectionTemplatesInput{})
		n.must(err)
		id := list.SensitivityInspectionTemplates[0].Id
		update := func(in macie2.UpdateSensitivityInspectionTemplateInput) error {
			if in.Id == nil {
				in.Id = id
			}
			return second(n.UpdateSensitivityInspectionTemplate(t.Context(), n.call(alice), &in))
		}
		includes := func(allow, custom, managed []string) *macie2.SensitivityInspectionTemplateIncludes {
			return &macie2.SensitivityInspectionTemplateIncludes{AllowListIds: allow, CustomDataIdentifierIds: custom, ManagedDataIdentifierIds: managed}
		}
		excludes := func(managed ...string) *macie2.SensitivityInspectionTemplateExcludes {
			return &macie2.SensitivityInspectionTemplateExcludes{ManagedDataIdentifierIds: managed}
		}
		for _, x := range []struct {
			in   macie2.UpdateSensitivityInspectionTemplateInput
			code macie2.Exception
			says string
		}{
			{macie2.UpdateSensitivityInspectionTemplateInput{Id: macie2.Ptr("1")}, macie2.ResourceNotFoundException, "template 1"},
			{macie2.UpdateSensitivityInspectionTemplateInput{Description: macie2.Ptr(strings.Repeat("é", 201))}, macie2.ValidationException, "at most 200"},
			{macie2.UpdateSensitivityInspectionTemplateInput{Description: macie2.Ptr("a\x1bb")}, macie2.ValidationException, "control character"},
			{macie2.UpdateSensitivityInspectionTemplateInput{Excludes: excludes("NONSENSE")}, macie2.ValidationException, "NONSENSE"},
			{macie2.UpdateSensitivityInspectionTemplateInput{Includes: includes(nil, nil, []string{"NAME"}), Excludes: excludes("NAME")}, macie2.ValidationException, "NAME is in includes too"},
			{macie2.UpdateSensitivityInspectionTemplateInput{Includes: includes([]string{"x"}, nil, nil)}, macie2.ResourceNotFoundException, "allow list x"},
			{macie2.UpdateSensitivityInspectionTemplateInput{Includes: includes(nil, []string{"y"}, nil)}, macie2.ResourceNotFoundException, "custom data identifier y"},
		} {
			refused(t, update(x.in), x.code, x.says)
		}
		n.must(update(macie2.UpdateSensitivityInspectionTemplateInput{Description: macie2.Ptr("ours"), Includes: includes(nil, nil, []string{"NAME", "NAME"}), Excludes: excludes("CREDIT_CARD_NUMBER")}))
		got, err := n.GetSensitivityInspectionTemplate(t.Context(), n.call(alice), &macie2.GetSensitivityInspectionTemplateInput{Id: id})
		n.must(err)
		if *got.Description != "ours" || fmt.Sprint(got.Includes.ManagedDataIdentifierIds, got.Excludes.ManagedDataIdentifierIds, got.Includes.AllowListIds) != "[NAME] [CREDIT_CARD_NUMBER] []" {
			t.Errorf("%+v", got)
		}
		n.must(update(macie2.UpdateSensitivityInspectionTemplateInput{}))
		if got, err := n.GetSensitivityInspectionTemplate(t.Context(), n.call(alice), &macie2.GetSensitivityInspectionTemplateInput{Id: id}); err != nil || len(got.Includes.ManagedDataIdentifierIds) != 0 || *got.Description != "" {
			t.Errorf("after the default was restored: %+v, %v", got, err)
		}
	})
}
