package finding

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/macie2"
	"magpie/internal/store"
)

const (
	// maxReveals is how many requests for samples an account may make in a Region on a day, as in Macie.
	maxReveals = 100
	// MaxSamples is how many samples are shown of each type.
	MaxSamples = 10
	// maxTypes is how many types samples are shown of.
	maxTypes = 100
	// revealTime is how long one request may take to read the object.
	revealTime = 25 * time.Second
)

// A Revealer reads the object of a finding again, as far as it is still the one that the finding is about.
type Revealer interface {
	// Stored tells what the store knows of the object now. It returns ErrOutOfReach where the holder of the finding may not look into the
	// object's account any more: what a finding says stays with its holder, the data does not.
	Stored(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (objectstore.Head, error)
	// Reveal finds the data of a finding again: up to MaxSamples values of each type, in the order of the object.
	// Its errors are those of Stored, too.
	Reveal(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) (map[string][]string, error)
	// MayRead reports whether the caller's policies let it read the object.
	MayRead(call *macie2.Call, bucket, key string) bool
}

// ErrObjectChanged is a Revealer's error for an object that is not any more what the finding is about.
var ErrObjectChanged = objectstore.ErrChanged

// ErrOutOfReach is a Revealer's error for an account that the holder of the finding does not administer any more, or that does not take
// part.
var ErrOutOfReach = errors.New("the account of the bucket is out of reach")

// revealable are the types of files that samples are retrieved from, and the most bytes that a file of each may have.
var revealable = map[string]int64{
	"application/avro": 70 << 20, "application/parquet": 100 << 20, "application/gzip": 90 << 20, "application/zip": 355 << 20,
	"application/json": 25 << 20, "text/csv": 255 << 20, "text/tab-separated-values": 75 << 20, "text/plain": 100 << 20,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": 20 << 20,
}

// revealConfiguration is what an account has set.
type revealConfiguration struct {
	enabled                  bool
	kmsKey, role, externalID string
}

func (c revealConfiguration) wire() (*macie2.RevealConfiguration, *macie2.RetrievalConfiguration) {
	status := macie2.RevealStatusDisabled
	if c.enabled {
		status = macie2.RevealStatusEnabled
	}
	x := &macie2.RevealConfiguration{Status: &status}
	if c.kmsKey != "" {
		x.KmsKeyId = &c.kmsKey
	}
	r := &macie2.RetrievalConfiguration{RetrievalMode: macie2.Ptr(macie2.RetrievalModeCallerCredentials)}
	if c.role != "" {
		r = &macie2.RetrievalConfiguration{RetrievalMode: macie2.Ptr(macie2.RetrievalModeAssumeRole), RoleName: &c.role, ExternalId: &c.externalID}
	}
	return x, r
}

func readReveal(ctx context.Context, tx *store.Tx, call *macie2.Call) (c revealConfiguration, err error) {
	err = tx.QueryRow(ctx, `select enabled, kms_key_id, role_name, external_id from reveal_configuration where region = $1 and account_id = $2`,
		call.Region, call.Account).Scan(&c.enabled, &c.kmsKey, &c.role, &c.externalID)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return c, err
}

// GetRevealConfiguration says whether samples may be retrieved, and how.
func (s *Service) GetRevealConfiguration(ctx context.Context, call *macie2.Call, _ *macie2.GetRevealConfigurationInput) (*macie2.GetRevealConfigurationOutput, error) {
	var c revealConfiguration
	err := s.view(ctx, call, func(tx *store.Tx) (err error) {
		c, err = readReveal(ctx, tx, call)
		return err
	})
	if err != nil {
		return nil, err
	}
	x, r := c.wire()
	return &macie2.GetRevealConfigurationOutput{Configuration: x, RetrievalConfiguration: r}, nil
}

var roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)

// UpdateRevealConfiguration sets whether samples may be retrieved. To disable it forgets the role.
func (s *Service) UpdateRevealConfiguration(ctx context.Context, call *macie2.Call, in *macie2.UpdateRevealConfigurationInput) (*macie2.UpdateRevealConfigurationOutput, error) {
	if in.Configuration == nil || in.Configuration.Status == nil {
		return nil, macie2.ErrValidation("configuration.status: must be ENABLED or DISABLED")
	}
	var fresh [16]byte
	rand.Read(fresh[:]) // never fails
	var c revealConfiguration
	err := s.tx(ctx, call, func(tx *store.Tx) (err error) {
		if c, err = readReveal(ctx, tx, call); err != nil {
			return err
		}
		if err := c.change(in, hex.EncodeToString(fresh[:])); err != nil {
			return err
		}
		tx.DeferExpect(1, `insert into reveal_configuration (region, account_id, enabled, kms_key_id, role_name, external_id)
			values ($1, $2, $3, $4, $5, $6) on conflict (region, account_id) do update set enabled = excluded.enabled,
			kms_key_id = excluded.kms_key_id, role_name = excluded.role_name, external_id = excluded.external_id`,
			call.Region, call.Account, c.enabled, c.kmsKey, c.role, c.externalID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	x, r := c.wire()
	return &macie2.UpdateRevealConfigurationOutput{Configuration: x, RetrievalConfiguration: r}, nil
}

// change makes the change that was asked for. fresh is the external id of a role that was not named before.
func (c *revealConfiguration) change(in *macie2.UpdateRevealConfigurationInput, fresh string) error {
	c.enabled = *in.Configuration.Status == macie2.RevealStatusEnabled
	if key := in.Configuration.KmsKeyId; key != nil {
		if len(*key) < 1 || len(*key) > 2048 || strings.ContainsFunc(*key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return macie2.ErrValidation("configuration.kmsKeyId: has 1 to 2,048 characters, as the ARN, ID or alias of a key has")
		}
		c.kmsKey = *key
	}
	if c.enabled && c.kmsKey == "" {
		return macie2.ErrValidation("configuration.kmsKeyId: is required when samples are enabled for the first time")
	}
	if !c.enabled {
		c.role, c.externalID = "", ""
		return nil
	}
	r := in.RetrievalConfiguration
	if r == nil || r.RetrievalMode == nil {
		return nil
	}
	if *r.RetrievalMode == macie2.RetrievalModeCallerCredentials {
		if r.RoleName != nil {
			return macie2.ErrValidation("retrievalConfiguration.roleName: goes with the mode ASSUME_ROLE")
		}
		c.role, c.externalID = "", ""
		return nil
	}
	if !roleName.MatchString(macie2.Deref(r.RoleName)) {
		return macie2.ErrValidation("retrievalConfiguration.roleName: the mode ASSUME_ROLE needs the name of a role, of 1 to 64 letters, digits and _+=,.@-")
	}
	if c.role == "" {
		c.externalID = fresh
	}
	c.role = *r.RoleName
	return nil
}

// revealed reads a finding that the caller holds itself. Those of others' policy findings have no samples anyway.
func (s *Service) revealed(ctx context.Context, call *macie2.Call, id *string) (x *macie2.Finding, c revealConfiguration, err error) {
	err = s.view(ctx, call, func(tx *store.Tx) error {
		if c, err = readReveal(ctx, tx, call); err != nil {
			return err
		}
		found, err := s.visible(ctx, tx, call, []string{macie2.Deref(id)}, sorts["updatedAt"])
		if err == nil && len(found) == 0 {
			err = store.ErrNotFound
		}
		if err != nil {
			return none(err)
		}
		x, err = decode(found[0].document)
		return err
	})
	return x, c, err
}

// unavailable are the reasons why samples of a finding cannot be retrieved.
func (s *Service) unavailable(ctx context.Context, holder macie2.AccountID, x *macie2.Finding) []macie2.UnavailabilityReasonCode {
	d := x.ClassificationDetails
	if d == nil || x.ResourcesAffected == nil || x.ResourcesAffected.S3Object == nil {
		return []macie2.UnavailabilityReasonCode{macie2.UnavailabilityReasonCodeUnsupportedFindingType}
	}
	var reasons []macie2.UnavailabilityReasonCode
	most, ok := int64(0), false
	if d.Result != nil {
		most, ok = revealable[macie2.Deref(d.Result.MimeType)]
	}
	object := x.ResourcesAffected.S3Object
	switch {
	case d.Result == nil || macie2.Deref(d.JobId) == "":
		reasons = append(reasons, macie2.UnavailabilityReasonCodeInvalidClassificationResult)
	case !ok:
		reasons = append(reasons, macie2.UnavailabilityReasonCodeUnsupportedObjectType)
	case macie2.Deref(object.Size) > most:
		reasons = append(reasons, macie2.UnavailabilityReasonCodeObjectExceedsSizeQuota)
	}
	if macie2.Deref(x.Sample) || s.reveal == nil {
		return append(reasons, macie2.UnavailabilityReasonCodeObjectUnavailable)
	}
	switch head, err := s.reveal.Stored(ctx, holder, x); {
	case errors.Is(err, ErrOutOfReach):
		reasons = append(reasons, macie2.UnavailabilityReasonCodeAccountNotInOrganization)
	case err != nil || head.ETag != macie2.Deref(object.ETag):
		reasons = append(reasons, macie2.UnavailabilityReasonCodeObjectUnavailable)
	}
	return reasons
}

// errRevealOff is the answer where an account has not enabled samples.
var errRevealOff = macie2.ErrAccessDenied("Retrieving samples of sensitive data is not enabled for the account in this Region")

// GetSensitiveDataOccurrencesAvailability says whether samples of a finding can be retrieved.
func (s *Service) GetSensitiveDataOccurrencesAvailability(ctx context.Context, call *macie2.Call, in *macie2.GetSensitiveDataOccurrencesAvailabilityInput) (*macie2.GetSensitiveDataOccurrencesAvailabilityOutput, error) {
	x, c, err := s.revealed(ctx, call, in.FindingId)
	if err != nil {
		return nil, err
	}
	if !c.enabled {
		return nil, errRevealOff
	}
	ctx, cancel := context.WithTimeout(ctx, revealTime)
	defer cancel()
	out := &macie2.GetSensitiveDataOccurrencesAvailabilityOutput{Code: macie2.Ptr(macie2.AvailabilityCodeAvailable), Reasons: []macie2.UnavailabilityReasonCode{}}
	if reasons := s.unavailable(ctx, call.Account, x); len(reasons) > 0 {
		out.Code, out.Reasons = macie2.Ptr(macie2.AvailabilityCodeUnavailable), reasons
	}
	return out, nil
}

// GetSensitiveDataOccurrences reads the object of a finding again and shows some of what was found in it. Nothing of that is
// kept or logged.
func (s *Service) GetSensitiveDataOccurrences(ctx context.Context, call *macie2.Call, in *macie2.GetSensitiveDataOccurrencesInput) (*macie2.GetSensitiveDataOccurrencesOutput, error) {
	x, c, err := s.revealed(ctx, call, in.FindingId)
	if err != nil {
		return nil, err
	}
	if !c.enabled {
		return nil, errRevealOff
	}
	ctx, cancel := context.WithTimeout(ctx, revealTime)
	defer cancel()
	if reasons := s.unavailable(ctx, call.Account, x); len(reasons) > 0 {
		return nil, macie2.ErrUnprocessable("%s", reasons[0])
	}
	if !s.reveal.MayRead(call, *x.ResourcesAffected.S3Bucket.Name, *x.ResourcesAffected.S3Object.Key) {
		return nil, macie2.ErrAccessDenied("The caller's policies do not let it read the object")
	}
	if err := s.countReveal(ctx, call); err != nil {
		return nil, err
	}
	values, err := s.reveal.Reveal(ctx, call.Account, x)
	switch {
	case errors.Is(err, ErrObjectChanged), errors.Is(err, objectstore.ErrNoObject), errors.Is(err, objectstore.ErrNoBucket):
		return nil, macie2.ErrUnprocessable("%s", macie2.UnavailabilityReasonCodeObjectUnavailable)
	case errors.Is(err, ErrOutOfReach):
		return nil, macie2.ErrUnprocessable("%s", macie2.UnavailabilityReasonCodeAccountNotInOrganization)
	case err != nil:
		s.log.Warn("samples of a finding cannot be retrieved", "account", call.Account, "finding", *x.Id, "error", err)
		return &macie2.GetSensitiveDataOccurrencesOutput{Status: macie2.Ptr(macie2.RevealRequestStatusError),
			Error: macie2.Ptr("The object could not be read in time, or not at all")}, nil
	}
	out := &macie2.GetSensitiveDataOccurrencesOutput{Status: macie2.Ptr(macie2.RevealRequestStatusSuccess),
		SensitiveDataOccurrences: shownOf(x, values)}
	if len(out.SensitiveDataOccurrences) == 0 {
		return nil, macie2.ErrUnprocessable("%s", macie2.UnavailabilityReasonCodeInvalidClassificationResult)
	}
	return out, nil
}

// shownOf are the samples of those types that the finding has.
func shownOf(x *macie2.Finding, values map[string][]string) map[string][]macie2.DetectedDataDetails {
	shown := map[string][]macie2.DetectedDataDetails{}
	add := func(kind string) {
		if len(shown) >= maxTypes {
			return
		}
		for _, v := range values[kind] {
			if len(shown[kind]) < MaxSamples {
				shown[kind] = append(shown[kind], macie2.DetectedDataDetails{Value: macie2.Ptr(v)})
			}
		}
	}
	for _, item := range x.ClassificationDetails.Result.SensitiveData {
		for _, d := range item.Detections {
			add(macie2.Deref(d.Type))
		}
	}
	if c := x.ClassificationDetails.Result.CustomDataIdentifiers; c != nil {
		for _, d := range c.Detections {
			add(CustomSample(macie2.Deref(d.Arn), macie2.Deref(d.Name)))
		}
	}
	return shown
}

// CustomSample is what samples of a custom data identifier stand under: its name and its id, since names need not differ.
func CustomSample(id, name string) string { return name + " " + id }

// countReveal counts a request for samples, or refuses it when the day's are used up.
func (s *Service) countReveal(ctx context.Context, call *macie2.Call) error {
	day := call.Now.UTC().Unix() / 86400
	return s.tx(ctx, call, func(tx *store.Tx) error {
		var n int64
		err := tx.QueryRow(ctx, `insert into reveal_count (region, account_id, day, counted) values ($1, $2, $3, 1)
			on conflict (region, account_id) do update set day = excluded.day,
			counted = case when reveal_count.day = excluded.day then reveal_count.counted + 1 else 1 end returning counted`,
			call.Region, call.Account, day).Scan(&n)
		if err == nil && n > maxReveals {
			err = macie2.ErrThrottled(time.Unix((day+1)*86400+1, 0).Sub(call.Now))
		}
		return err
	})
}
