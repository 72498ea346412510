package apitest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

func TestManagedDataIdentifiers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		_, err := c.admin.ListManagedDataIdentifiers(ctx, &macie2.ListManagedDataIdentifiersInput{})
		wantCode(t, err, "AccessDeniedException")
		c.enable(c.admin)
		out, err := c.admin.ListManagedDataIdentifiers(ctx, &macie2.ListManagedDataIdentifiersInput{})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Items) != 166 || out.NextToken != nil {
			t.Errorf("%d managed identifiers, next page %v", len(out.Items), out.NextToken)
		}
		if !slices.ContainsFunc(out.Items, func(m types.ManagedDataIdentifierSummary) bool {
			return *m.Id == "UK_NHS_NUMBER" && m.Category == types.SensitiveDataItemCategoryPersonalInformation
		}) {
			t.Error("UK_NHS_NUMBER is not among them")
		}
		_, err = c.admin.ListManagedDataIdentifiers(ctx, &macie2.ListManagedDataIdentifiersInput{NextToken: aws.String("x")})
		wantCode(t, err, "ValidationException")
	})
}

// employee is a custom data identifier with every setting.
func employee() *macie2.CreateCustomDataIdentifierInput {
	return &macie2.CreateCustomDataIdentifierInput{
		Name: aws.String("employee"), Description: aws.String("Employee numbers"), Regex: aws.String(`E-[0-9]{6}`),
		Keywords: []string{"employee", "staff no"}, IgnoreWords: []string{"E-000000"}, MaximumMatchDistance: aws.Int32(20),
		SeverityLevels: []types.SeverityLevel{{OccurrencesThreshold: aws.Int64(1), Severity: types.DataIdentifierSeverityLow},
			{OccurrencesThreshold: aws.Int64(50), Severity: types.DataIdentifierSeverityHigh}},
		Tags: map[string]string{"team": "data"},
	}
}

// A custom data identifier is created once for a token, read, listed, tagged and tested; deleting it keeps it readable.
func TestCustomDataIdentifiers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		_, err := c.admin.CreateCustomDataIdentifier(ctx, employee())
		wantCode(t, err, "AccessDeniedException")
		c.enable(c.admin)

		in := employee()
		in.ClientToken = aws.String("once")
		first, err := c.admin.CreateCustomDataIdentifier(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		id := *first.CustomDataIdentifierId
		if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("id %s is no UUID", id)
		}
		again, err := c.admin.CreateCustomDataIdentifier(ctx, in)
		if err != nil || *again.CustomDataIdentifierId != id {
			t.Errorf("the same token made %v, %v", again, err)
		}
		in.Name = aws.String("another")
		_, err = c.admin.CreateCustomDataIdentifier(ctx, in)
		wantCode(t, err, "ConflictException")

		got, err := c.admin.GetCustomDataIdentifier(ctx, &macie2.GetCustomDataIdentifierInput{Id: &id})
		if err != nil {
			t.Fatal(err)
		}
		want := employee()
		arn := "arn:aws:macie2:" + region + ":" + adminID + ":custom-data-identifier/" + id
		if *got.Arn != arn || *got.Name != *want.Name || *got.Description != *want.Description || *got.Regex != *want.Regex || *got.Deleted ||
			!slices.Equal(got.Keywords, want.Keywords) || !slices.Equal(got.IgnoreWords, want.IgnoreWords) || *got.MaximumMatchDistance != 20 ||
			len(got.SeverityLevels) != 2 || *got.SeverityLevels[1].OccurrencesThreshold != 50 || got.Tags["team"] != "data" || got.CreatedAt == nil {
			t.Errorf("read back as %+v", got)
		}
		plain, err := c.admin.CreateCustomDataIdentifier(ctx, &macie2.CreateCustomDataIdentifierInput{Name: aws.String("plain"), Regex: aws.String("abc+")})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.admin.GetCustomDataIdentifier(ctx, &macie2.GetCustomDataIdentifierInput{Id: plain.CustomDataIdentifierId}); err != nil ||
			*got.MaximumMatchDistance != 50 || got.Description != nil {
			t.Errorf("defaults: %+v, %v", got, err)
		}
		_, err = c.rival.EnableMacie(ctx, &macie2.EnableMacieInput{})
		must(t)(nil, err)
		_, err = c.rival.GetCustomDataIdentifier(ctx, &macie2.GetCustomDataIdentifierInput{Id: &id})
		wantCode(t, err, "ResourceNotFoundException")

		_, err = c.admin.TagResource(ctx, &macie2.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"stage": "prod"}})
		must(t)(nil, err)
		tags, err := c.admin.ListTagsForResource(ctx, &macie2.ListTagsForResourceInput{ResourceArn: &arn})
		if err != nil || len(tags.Tags) != 2 {
			t.Errorf("tags %v, %v", tags, err)
		}

		_, err = c.admin.DeleteCustomDataIdentifier(ctx, &macie2.DeleteCustomDataIdentifierInput{Id: &id})
		must(t)(nil, err)
		_, err = c.admin.DeleteCustomDataIdentifier(ctx, &macie2.DeleteCustomDataIdentifierInput{Id: &id})
		must(t)(nil, err)
		if got, err := c.admin.GetCustomDataIdentifier(ctx, &macie2.GetCustomDataIdentifierInput{Id: &id}); err != nil || !*got.Deleted {
			t.Errorf("a deleted one reads %+v, %v", got, err)
		}
		batch, err := c.admin.BatchGetCustomDataIdentifiers(ctx, &macie2.BatchGetCustomDataIdentifiersInput{
			Ids: []string{id, "no such", *plain.CustomDataIdentifierId, id}})
		if err != nil || len(batch.CustomDataIdentifiers) != 2 || !*batch.CustomDataIdentifiers[0].Deleted || *batch.CustomDataIdentifiers[1].Deleted ||
			!slices.Equal(batch.NotFoundIdentifierIds, []string{"no such"}) {
			t.Errorf("batch %+v, %v", batch, err)
		}
		_, err = c.admin.DeleteCustomDataIdentifier(ctx, &macie2.DeleteCustomDataIdentifierInput{Id: aws.String("no such")})
		wantCode(t, err, "ResourceNotFoundException")
		_, err = c.admin.ListTagsForResource(ctx, &macie2.ListTagsForResourceInput{ResourceArn: &arn})
		wantCode(t, err, "ResourceNotFoundException")
	})
}

// Pages of custom data identifiers survive deletions between them, and every identifier is on exactly one.
func TestListCustomDataIdentifiers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		var ids []string
		for i := range 7 {
			out, err := c.admin.CreateCustomDataIdentifier(ctx, &macie2.CreateCustomDataIdentifierInput{
				Name: aws.String(fmt.Sprint("n", i)), Regex: aws.String("abc+")})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, *out.CustomDataIdentifierId)
		}
		var seen []string
		var token *string
		for page := 0; ; page++ {
			out, err := c.admin.ListCustomDataIdentifiers(ctx, &macie2.ListCustomDataIdentifiersInput{MaxResults: aws.Int32(3), NextToken: token})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range out.Items {
				seen = append(seen, *x.Id)
			}
			if token = out.NextToken; token == nil {
				break
			}
			if page == 0 {
				_, err := c.rival.ListCustomDataIdentifiers(ctx, &macie2.ListCustomDataIdentifiersInput{NextToken: token})
				wantCode(t, err, "ValidationException")
				last := seen[len(seen)-1] // where the next page begins
				_, err = c.admin.DeleteCustomDataIdentifier(ctx, &macie2.DeleteCustomDataIdentifierInput{Id: &last})
				must(t)(nil, err)
			}
		}
		slices.Sort(ids)
		slices.Sort(seen)
		if !slices.Equal(ids, seen) {
			t.Errorf("created %v, listed %v", ids, seen)
		}
	})
}

// What the engine refuses is refused with its reason, before anything is kept; a sample is counted as documented.
func TestCustomDataIdentifierRules(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		for want, change := range map[string]func(*macie2.CreateCustomDataIdentifierInput){
			"regex: ":                func(in *macie2.CreateCustomDataIdentifierInput) { in.Regex = aws.String("(?=a)b") },
			"keywords: ":             func(in *macie2.CreateCustomDataIdentifierInput) { in.Keywords = []string{"ab"} },
			"ignoreWords: ":          func(in *macie2.CreateCustomDataIdentifierInput) { in.IgnoreWords = []string{"abc"} },
			"maximumMatchDistance: ": func(in *macie2.CreateCustomDataIdentifierInput) { in.MaximumMatchDistance = aws.Int32(301) },
			"severityLevels: ": func(in *macie2.CreateCustomDataIdentifierInput) {
				in.SeverityLevels[1].OccurrencesThreshold = aws.Int64(1)
			},
			"name: ":        func(in *macie2.CreateCustomDataIdentifierInput) { in.Name = aws.String(strings.Repeat("n", 129)) },
			"description: ": func(in *macie2.CreateCustomDataIdentifierInput) { in.Description = aws.String("a\x01b") },
			"tags: ":        func(in *macie2.CreateCustomDataIdentifierInput) { in.Tags = map[string]string{"aws:x": "y"} },
		} {
			in := employee()
			change(in)
			_, err := c.admin.CreateCustomDataIdentifier(ctx, in)
			wantCode(t, err, "ValidationException")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not begin with %s", err, want)
			}
		}
		in := employee()
		in.MaximumMatchDistance = aws.Int32(0)
		_, err := c.admin.CreateCustomDataIdentifier(ctx, in)
		wantCode(t, err, "ValidationException")
		if err == nil || !strings.Contains(err.Error(), "maximumMatchDistance: 0 is not") {
			t.Errorf("%v names another distance", err)
		}
		list, err := c.admin.ListCustomDataIdentifiers(ctx, &macie2.ListCustomDataIdentifiersInput{})
		if err != nil || len(list.Items) != 0 {
			t.Errorf("something was kept: %v, %v", list, err)
		}
		test := func(sample string) int32 {
			out, err := c.admin.TestCustomDataIdentifier(ctx, &macie2.TestCustomDataIdentifierInput{Regex: aws.String(`E-[0-9]{6}`),
				Keywords: []string{"employee"}, IgnoreWords: []string{"E-000000"}, MaximumMatchDistance: aws.Int32(20), SampleText: &sample})
			if err != nil {
				t.Fatal(err)
			}
			return *out.MatchCount
		}
		for sample, want := range map[string]int32{
			"employee E-123456,    E-654321":             1, // the second ends 22 characters after the keyword
			"EMPLOYEE: E-123456":                         1,
			"employee E-000000":                          0,
			"E-123456 is an employee":                    0,
			"employee of the month of May 2026 E-123456": 0,
		} {
			if got := test(sample); got != want {
				t.Errorf("%q has %d matches, want %d", sample, got, want)
			}
		}
		_, err = c.admin.TestCustomDataIdentifier(ctx, &macie2.TestCustomDataIdentifierInput{Regex: aws.String("a+"), SampleText: aws.String(strings.Repeat("a", 1001))})
		wantCode(t, err, "ValidationException")
	})
}

func TestAllowLists(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.play()
		c.enable(c.admin)
		create := func(name string, criteria types.AllowListCriteria) (*macie2.CreateAllowListOutput, error) {
			return c.admin.CreateAllowList(ctx, &macie2.CreateAllowListInput{Name: &name, Criteria: &criteria, Tags: map[string]string{"a": "b"}})
		}
		regexList := types.AllowListCriteria{Regex: aws.String(`[a-z]+@example\.com`)}
		words := types.AllowListCriteria{S3WordsList: &types.S3WordsList{BucketName: aws.String("words-bucket"), ObjectKey: aws.String("words.txt")}}
		first, err := create("public addresses", regexList)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[a-z0-9]{22}$`).MatchString(*first.Id) || !strings.HasSuffix(*first.Arn, ":allow-list/"+*first.Id) {
			t.Errorf("created %s as %s", *first.Id, *first.Arn)
		}
		got, err := c.admin.GetAllowList(ctx, &macie2.GetAllowListInput{Id: first.Id})
		if err != nil || got.Status.Code != types.AllowListStatusCodeOk || *got.Criteria.Regex != *regexList.Regex || got.Tags["a"] != "b" || got.Status.Description != nil {
			t.Errorf("read back as %+v, %v", got, err)
		}
		second, err := create("words", words)
		if err != nil {
			t.Fatal(err)
		}
		got, err = c.admin.GetAllowList(ctx, &macie2.GetAllowListInput{Id: second.Id})
		if err != nil || got.Status.Code != types.AllowListStatusCodeS3ObjectNotFound || !strings.Contains(*got.Status.Description, "no bucket of that name") ||
			*got.Criteria.S3WordsList.BucketName != "words-bucket" {
			t.Errorf("a word list reads %+v, %v", got, err)
		}

		_, err = c.admin.UpdateAllowList(ctx, &macie2.UpdateAllowListInput{Id: first.Id, Name: aws.String("changed"), Criteria: &words})
		wantCode(t, err, "ValidationException")
		_, err = c.admin.UpdateAllowList(ctx, &macie2.UpdateAllowListInput{Id: first.Id, Name: aws.String("changed"), Description: aws.String("new"),
			Criteria: &types.AllowListCriteria{Regex: aws.String("x+")}})
		must(t)(nil, err)
		got, err = c.admin.GetAllowList(ctx, &macie2.GetAllowListInput{Id: first.Id})
		if err != nil || *got.Name != "changed" || *got.Description != "new" || *got.Criteria.Regex != "x+" {
			t.Errorf("changed to %+v, %v", got, err)
		}
		for _, bad := range []types.AllowListCriteria{{}, {Regex: regexList.Regex, S3WordsList: words.S3WordsList}, {Regex: aws.String("(")}} {
			_, err := create("bad", bad)
			wantCode(t, err, "ValidationException")
		}

		// Five of each kind, and no more.
		var quota *types.ServiceQuotaExceededException
		for i := 0; ; i++ {
			if _, err = create(fmt.Sprint("list ", i), regexList); err != nil {
				if i != 4 || !errors.As(err, &quota) {
					t.Errorf("after %d more: %v", i, err)
				}
				break
			}
		}
		list, err := c.admin.ListAllowLists(ctx, &macie2.ListAllowListsInput{MaxResults: aws.Int32(4)})
		if err != nil || len(list.AllowLists) != 4 || list.NextToken == nil {
			t.Fatalf("the first page is %+v, %v", list, err)
		}
		rest, err := c.admin.ListAllowLists(ctx, &macie2.ListAllowListsInput{NextToken: list.NextToken})
		if err != nil || len(rest.AllowLists) != 2 || rest.NextToken != nil {
			t.Errorf("the second page is %+v, %v", rest, err)
		}
		_, err = c.admin.DeleteAllowList(ctx, &macie2.DeleteAllowListInput{Id: first.Id, IgnoreJobChecks: aws.String("perhaps")})
		wantCode(t, err, "ValidationException")
		_, err = c.admin.DeleteAllowList(ctx, &macie2.DeleteAllowListInput{Id: first.Id, IgnoreJobChecks: aws.String("true")})
		must(t)(nil, err)
		_, err = c.admin.GetAllowList(ctx, &macie2.GetAllowListInput{Id: first.Id})
		wantCode(t, err, "ResourceNotFoundException")
		if _, err = create("in its place", regexList); err != nil {
			t.Errorf("after one was deleted: %v", err)
		}

		// What an account has is gone when it disables Macie.
		_, err = c.admin.DisableMacie(ctx, &macie2.DisableMacieInput{})
		must(t)(nil, err)
		c.enable(c.admin)
		if list, err := c.admin.ListAllowLists(ctx, &macie2.ListAllowListsInput{}); err != nil || len(list.AllowLists) != 0 {
			t.Errorf("after Macie was disabled: %v, %v", list, err)
		}
	})
}
