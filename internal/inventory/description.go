package inventory

import (
	"context"
	"time"

	"magpie/internal/inventory/objectstore"
	"magpie/internal/store"
)

// StoreDescription is a store as people and programs are shown it. The secret is never part of it.
type StoreDescription struct {
	AccountID          string   `json:"accountId"`
	Name               string   `json:"name"`
	Region             string   `json:"region"`
	Kind               string   `json:"kind"`
	Endpoint           string   `json:"endpoint"`
	SigningRegion      string   `json:"signingRegion,omitempty"`
	VirtualHost        bool     `json:"virtualHost,omitempty"`
	Insecure           bool     `json:"insecure,omitempty"`
	AccessKeyID        string   `json:"accessKeyId,omitempty"`
	RoleARN            string   `json:"roleArn,omitempty"`
	ExternalID         string   `json:"externalId,omitempty"`
	OwnCertificate     bool     `json:"ownCertificate,omitempty"`
	Buckets            []string `json:"buckets,omitempty"`
	MaxRequests        int64    `json:"maxRequests,omitempty"`
	MaxBandwidth       int64    `json:"maxBandwidth,omitempty"`
	AddedBy            string   `json:"addedBy"`
	Status             string   `json:"status"`
	StatusDetail       string   `json:"statusDetail,omitempty"`
	BucketCount        int64    `json:"bucketCount"`
	FailingBucketCount int64    `json:"failingBucketCount"`
	LookedAt           string   `json:"lookedAt,omitempty"`
	CreatedAt          string   `json:"createdAt"`
	UpdatedAt          string   `json:"updatedAt"`
}

// Describe describes a store.
func (s *Service) Describe(ctx context.Context, x Store) (StoreDescription, error) {
	d := StoreDescription{
		AccountID: string(x.Account), Name: x.Name, Region: x.Region, Kind: string(x.Kind), Endpoint: x.Endpoint, SigningRegion: x.SigningRegion,
		VirtualHost: x.VirtualHost, Insecure: x.Insecure, AccessKeyID: x.AccessKeyID, RoleARN: x.RoleARN, ExternalID: x.ExternalID,
		OwnCertificate: x.CA != "", Buckets: x.Buckets, MaxRequests: x.MaxRequests, MaxBandwidth: x.MaxBandwidth, AddedBy: string(x.Origin),
		Status: string(x.Status), StatusDetail: x.Detail,
		LookedAt: shown(x.LookedAt), CreatedAt: shown(x.CreatedAt), UpdatedAt: shown(x.UpdatedAt),
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(ctx, `select count(*), count(error_code) from bucket where store_id = $1`, x.ID).Scan(&d.BucketCount, &d.FailingBucketCount)
	})
	return d, err
}

// shown is a time as AWS's tools show it.
func shown(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// TrialDescription is a Trial as people and programs are shown it.
type TrialDescription struct {
	Call         string `json:"call"`
	Bucket       string `json:"bucket,omitempty"`
	Outcome      string `json:"outcome"`
	Detail       string `json:"detail,omitempty"`
	NotKnown     string `json:"notKnown,omitempty"`
	Milliseconds int64  `json:"milliseconds"`
}

// DescribeTrial describes a Trial.
func DescribeTrial(t objectstore.Trial) TrialDescription {
	return TrialDescription{t.Call, t.Bucket, string(t.Outcome), t.Detail, t.Cost, t.Took.Milliseconds()}
}
