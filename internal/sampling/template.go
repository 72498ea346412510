package sampling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"magpie/internal/detect/managed"
	"magpie/internal/discovery"
	"magpie/internal/identifier"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

// template is what automated discovery looks for beside the default: the sensitivity inspection template.
type template struct {
	Description    string   `json:"description,omitempty"`
	AllowLists     []string `json:"allowLists,omitempty"`
	Custom         []string `json:"custom,omitempty"`
	Managed        []string `json:"managed,omitempty"`
	ExcludeManaged []string `json:"excludeManaged,omitempty"`
}

// The bounds of a template: those of a job.
const (
	maxDescription = 200
	maxCustom      = 30
	maxAllowLists  = 10
	maxManaged     = 500
)

// wantedBy is what a template comes to now: the default set, which may have grown, less what is excluded, and what is included.
func (t *template) wantedBy(region string, holder macie2.AccountID) discovery.Wanted {
	ids := managed.Recommended()
	for _, id := range t.Managed {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(t.ExcludeManaged, id) })
	return discovery.Wanted{Region: region, Account: holder, Managed: ids, Custom: t.Custom, AllowLists: t.AllowLists,
		For: "automated discovery of " + string(holder)}
}

// wanted is what a holder's automated discovery looks for.
func (s *Service) wanted(ctx context.Context, tx *store.Tx, region string, holder macie2.AccountID) (discovery.Wanted, error) {
	x, err := find(ctx, tx, region, holder)
	if err != nil {
		return discovery.Wanted{}, err
	}
	return x.template.wantedBy(region, holder), nil
}

// ListSensitivityInspectionTemplates names the caller's one template.
func (s *Service) ListSensitivityInspectionTemplates(ctx context.Context, call *macie2.Call, in *macie2.ListSensitivityInspectionTemplatesInput) (*macie2.ListSensitivityInspectionTemplatesOutput, error) {
	if in.NextToken != nil && *in.NextToken != "" {
		return nil, errPage // there is one page
	}
	if err := s.view(ctx, call, func(tx *store.Tx) error { return requireHolder(ctx, tx, call) }); err != nil {
		return nil, err
	}
	return &macie2.ListSensitivityInspectionTemplatesOutput{SensitivityInspectionTemplates: []macie2.SensitivityInspectionTemplatesEntry{
		{Id: macie2.Ptr(templateID(call)), Name: macie2.Ptr(settingsName)},
	}}, nil
}

func errNoTemplate(id string) error {
	return macie2.ErrNotFound("The request failed because the sensitivity inspection template %s does not exist.", clip(id))
}

// GetSensitivityInspectionTemplate tells what the caller has configured to look for.
func (s *Service) GetSensitivityInspectionTemplate(ctx context.Context, call *macie2.Call, in *macie2.GetSensitivityInspectionTemplateInput) (*macie2.GetSensitivityInspectionTemplateOutput, error) {
	var x *settings
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		if *in.Id != templateID(call) {
			return errNoTemplate(*in.Id)
		}
		x, err = find(ctx, tx, call.Region, call.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := func(ids []string) []string { return append([]string{}, ids...) }
	t := &x.template
	return &macie2.GetSensitivityInspectionTemplateOutput{
		SensitivityInspectionTemplateId: in.Id, Name: macie2.Ptr(settingsName), Description: &t.Description,
		Excludes: &macie2.SensitivityInspectionTemplateExcludes{ManagedDataIdentifierIds: list(t.ExcludeManaged)},
		Includes: &macie2.SensitivityInspectionTemplateIncludes{
			AllowListIds: list(t.AllowLists), CustomDataIdentifierIds: list(t.Custom), ManagedDataIdentifierIds: list(t.Managed),
		},
	}, nil
}

// UpdateSensitivityInspectionTemplate replaces what is looked for. It holds from the next cycle on.
func (s *Service) UpdateSensitivityInspectionTemplate(ctx context.Context, call *macie2.Call, in *macie2.UpdateSensitivityInspectionTemplateInput) (*macie2.UpdateSensitivityInspectionTemplateOutput, error) {
	t, err := readTemplate(in)
	if err != nil {
		return nil, err
	}
	err = s.tx(ctx, call, func(tx *store.Tx) error {
		if err := requireHolder(ctx, tx, call); err != nil {
			return err
		}
		if *in.Id != templateID(call) {
			return errNoTemplate(*in.Id)
		}
		x, err := find(ctx, tx, call.Region, call.Account)
		if err != nil {
			return err
		}
		if err := t.exists(ctx, tx, call); err != nil {
			return err
		}
		x.template, x.lastUpdatedAt = t, call.Now.UnixMilli()
		return x.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return &macie2.UpdateSensitivityInspectionTemplateOutput{}, nil
}

// readTemplate checks what needs no look at the database.
func readTemplate(in *macie2.UpdateSensitivityInspectionTemplateInput) (t template, err error) {
	t.Description = macie2.Deref(in.Description)
	if n := utf8.RuneCountInString(t.Description); n > maxDescription {
		return t, macie2.ErrValidation("description: must have at most %d characters, not %d", maxDescription, n)
	}
	for i, r := range t.Description {
		if unicode.IsControl(r) {
			return t, macie2.ErrValidation("description: there is a control character at byte %d", i)
		}
	}
	if x := in.Includes; x != nil {
		t.AllowLists, t.Custom, t.Managed = x.AllowListIds, x.CustomDataIdentifierIds, x.ManagedDataIdentifierIds
	}
	if x := in.Excludes; x != nil {
		t.ExcludeManaged = x.ManagedDataIdentifierIds
	}
	for _, x := range []struct {
		member string
		ids    *[]string
		most   int
	}{
		{"includes.allowListIds", &t.AllowLists, maxAllowLists}, {"includes.customDataIdentifierIds", &t.Custom, maxCustom},
		{"includes.managedDataIdentifierIds", &t.Managed, maxManaged}, {"excludes.managedDataIdentifierIds", &t.ExcludeManaged, maxManaged},
	} {
		var once []string
		for _, id := range *x.ids {
			if !slices.Contains(once, id) {
				once = append(once, id)
			}
			if len(once) > x.most {
				return t, macie2.ErrValidation("%s: must name at most %d", x.member, x.most)
			}
		}
		*x.ids = once
	}
	for _, x := range []struct {
		member string
		ids    []string
	}{{"includes", t.Managed}, {"excludes", t.ExcludeManaged}} {
		for i, id := range x.ids {
			if managed.Find(id) == nil {
				return t, macie2.ErrValidation("%s.managedDataIdentifierIds[%d]: %q is no managed data identifier", x.member, i, clip(id))
			}
		}
	}
	for _, id := range t.Managed {
		if slices.Contains(t.ExcludeManaged, id) {
			return t, macie2.ErrValidation("excludes.managedDataIdentifierIds: %s is in includes too", id)
		}
	}
	return t, nil
}

// exists refuses a template that names what the account does not have, or has deleted.
func (t *template) exists(ctx context.Context, tx *store.Tx, call *macie2.Call) error {
	custom, err := identifier.CustomForJob(ctx, tx, call.Region, call.Account, t.Custom)
	if err == nil {
		_, err = identifier.AllowListsForJob(ctx, tx, call.Region, call.Account, t.AllowLists)
	}
	for _, c := range custom {
		if err == nil && c.Deleted {
			err = &identifier.MissingError{Kind: "custom data identifier", ID: c.ID}
		}
	}
	var missing *identifier.MissingError
	if errors.As(err, &missing) {
		return macie2.ErrNotFound("The request failed because the %s %s does not exist.", missing.Kind, clip(missing.ID))
	}
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	return nil
}
