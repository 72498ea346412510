package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"magpie/internal/awsapi"
	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
)

// The parameters that the operations on stores know.
var (
	storeParameters     = []string{"name"}
	storeTestParameters = []string{"name", "bucket"}
)

// mountStores serves /magpie/v1/stores: the stores of the caller's account, which it may add and
// change where the operator allows the endpoint. Those that the operator has added are shown, and
// stay the operator's.
func mountStores(edge *awsapi.Server, s *inventory.Service) {
	const path = "/magpie/v1/stores"
	edge.HandleSigned(http.MethodGet, path, "magpie:ListStores", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		if err := knownParameters(r.Query, storeParameters); err != nil {
			return nil, err
		}
		list, err := s.Stores(ctx, call.Account)
		if err != nil {
			return nil, err
		}
		out := []inventory.StoreDescription{}
		for _, x := range list {
			if x.Region != call.Region || r.Query.Has("name") && x.Name != r.Query.Get("name") {
				continue
			}
			d, err := s.Describe(ctx, x)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
		return map[string]any{"stores": out}, nil
	})
	edge.HandleSigned(http.MethodPost, path, "magpie:AddStore", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		name, in, err := readStore(r)
		if err != nil {
			return nil, err
		}
		x := inventory.Settings{Name: name, Region: call.Region, Kind: inventory.KindS3}
		in.apply(&x)
		added, err := s.AddOwnStore(ctx, call, x)
		if err != nil {
			return nil, storeError(err)
		}
		return s.Describe(ctx, added)
	})
	edge.HandleSigned(http.MethodPatch, path, "magpie:UpdateStore", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		name, in, err := readStore(r)
		if err != nil {
			return nil, err
		}
		x, err := s.UpdateOwnStore(ctx, call, name, in.apply)
		if err != nil {
			return nil, storeError(err)
		}
		return s.Describe(ctx, x)
	})
	edge.HandleSigned(http.MethodDelete, path, "magpie:RemoveStore", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		name, err := storeParameter(r.Query, storeParameters)
		if err != nil {
			return nil, err
		}
		return nil, storeError(s.RemoveOwnStore(ctx, call, name))
	})
	edge.HandleSigned(http.MethodPost, path+"/test", "magpie:TestStore", func(ctx context.Context, call *macie2.Call, r *macie2.Request) (any, error) {
		name, err := storeParameter(r.Query, storeTestParameters)
		if err != nil {
			return nil, err
		}
		if x, err := s.Store(ctx, call.Account, name); err != nil || x.Region != call.Region {
			return nil, storeError(errors.Join(err, inventory.ErrNoStore))
		}
		trials, err := s.TryStore(ctx, call.Account, name, r.Query.Get("bucket"))
		if err != nil {
			return nil, storeError(err)
		}
		out := []inventory.TrialDescription{}
		for _, t := range trials {
			out = append(out, inventory.DescribeTrial(t))
		}
		return map[string]any{"calls": out}, nil
	})
}

// storeInput is the body of the operations that change a store. What is absent stays as it is.
type storeInput struct {
	Endpoint        *string   `json:"endpoint"`
	SigningRegion   *string   `json:"signingRegion"`
	VirtualHost     *bool     `json:"virtualHost"`
	AccessKeyID     *string   `json:"accessKeyId"`
	SecretAccessKey *string   `json:"secretAccessKey"`
	Certificate     *string   `json:"certificate"`
	Buckets         *[]string `json:"buckets"`
	MaxRequests     *int64    `json:"maxRequests"`
	MaxBandwidth    *int64    `json:"maxBandwidth"`
}

func (in *storeInput) apply(x *inventory.Settings) {
	put(&x.Endpoint, in.Endpoint)
	put(&x.SigningRegion, in.SigningRegion)
	put(&x.VirtualHost, in.VirtualHost)
	put(&x.AccessKeyID, in.AccessKeyID)
	put(&x.CA, in.Certificate)
	put(&x.Buckets, in.Buckets)
	put(&x.MaxRequests, in.MaxRequests)
	put(&x.MaxBandwidth, in.MaxBandwidth)
	if in.SecretAccessKey != nil {
		x.Secret = identity.Secret(*in.SecretAccessKey)
	}
}

func put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// readStore reads the name and the body of a request. A member that is not known is refused: it is
// one misspelt.
func readStore(r *macie2.Request) (name string, in *storeInput, err error) {
	if name, err = storeParameter(r.Query, storeParameters); err != nil {
		return "", nil, err
	}
	in = new(storeInput)
	if err := json.Unmarshal(r.Body, in, json.RejectUnknownMembers(true)); err != nil {
		return "", nil, macie2.ErrValidation("The body must be a JSON object with some of endpoint, signingRegion, virtualHost, accessKeyId, " +
			"secretAccessKey, certificate, buckets, maxRequests and maxBandwidth, and nothing else.") // never what was sent: there is a secret in it
	}
	return name, in, nil
}

// storeParameter reads the parameter name, which must be there.
func storeParameter(query url.Values, known []string) (string, error) {
	if err := knownParameters(query, known); err != nil {
		return "", err
	}
	if query.Get("name") == "" {
		return "", macie2.ErrValidation("name: is missing")
	}
	return query.Get("name"), nil
}

// knownParameters refuses parameters that are not known, or given more than once.
func knownParameters(query url.Values, known []string) error {
	for name, values := range query {
		if len(known) == 0 {
			return macie2.ErrValidation("the query parameter %.40q is not known; there are none", name)
		}
		if !slices.Contains(known, name) {
			return macie2.ErrValidation("the query parameter %.40q is not known; there are %s", name, strings.Join(known, ", "))
		}
		if len(values) != 1 {
			return macie2.ErrValidation("%s: must be given once", name)
		}
	}
	return nil
}

// storeError words an error of a store for its account.
func storeError(err error) error {
	setting, ok := errors.AsType[*inventory.SettingError](err)
	switch {
	case err == nil:
		return nil
	case ok:
		return macie2.ErrValidation("%s", setting.Error())
	case errors.Is(err, inventory.ErrNoStore):
		return macie2.ErrNotFound("The account has no store of that name in the Region.")
	case errors.Is(err, inventory.ErrStoreExists):
		return macie2.ErrConflict("The account has a store of that name already.")
	case errors.Is(err, inventory.ErrNotAllowed):
		return macie2.ErrAccessDenied("This server does not let accounts use the endpoint of this store any more.")
	case inventory.OfStore(err):
		return macie2.ErrUnprocessable("%s", inventory.Explain(err))
	}
	return err
}
