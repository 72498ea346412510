package webidentity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// The bounds of what is fetched from an issuer.
const (
	mostAnswer  = 1 << 20          // bytes of an answer
	mostTime    = 10 * time.Second // for one
	patience    = time.Hour        // how long old keys count while the issuer cannot be reached
	againAfter  = 2 * time.Second  // a failure
	mostFetches = 10               // of one URL at once
	eachFetch   = 5 * time.Second  // a further one
)

// issuer is an issuer and what was fetched from it.
type issuer struct {
	url       string
	audiences []string
	fresh     time.Duration
	client    *http.Client
	log       *slog.Logger
	turn      chan struct{} // of who fetches

	mu       sync.Mutex
	provider *oidc.Provider // nil until it was fetched
	fetched  time.Time
	failed   time.Time
}

func newIssuer(url string, o Options) *issuer {
	next := o.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return &issuer{
		url: url, fresh: o.Fresh, log: o.Logger, turn: make(chan struct{}, 1),
		client: &http.Client{
			Transport: &bounded{next: next, pages: map[string]*page{}}, Timeout: mostTime,
			CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("an issuer must not redirect") },
		},
	}
}

// known is what was fetched, and whether it has to be fetched anew.
func (i *issuer) known(now time.Time) (p *oidc.Provider, stale, wait bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider != nil && now.Sub(i.fetched) < patience {
		p = i.provider
	}
	return p, i.provider == nil || now.Sub(i.fetched) >= i.fresh, now.Sub(i.failed) < againAfter
}

// current is the issuer as it describes itself, at most fresh ago if it can be reached.
func (i *issuer) current(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	p, stale, wait := i.known(now)
	switch {
	case !stale, p != nil && wait:
		return p, nil
	case wait:
		return nil, errIssuer
	}
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	default:
		if p != nil { // somebody fetches it
			return p, nil
		}
		select {
		case i.turn <- struct{}{}:
			defer func() { <-i.turn }()
		case <-ctx.Done():
			return nil, errIssuer
		}
	}
	if again, stale, wait := i.known(now); again != nil && !stale {
		return again, nil
	} else if wait && again == nil {
		return nil, errIssuer
	}
	found, err := i.discover(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	if err != nil {
		i.log.Warn("an issuer of tokens cannot be asked", "issuer", i.url, "error", short(err.Error()))
		if i.failed = now; p != nil {
			return p, nil
		}
		return nil, errIssuer
	}
	i.provider, i.fetched, i.failed = found, now, time.Time{}
	return found, nil
}

// discover fetches the issuer's description of itself.
func (i *issuer) discover(ctx context.Context) (*oidc.Provider, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, i.client), mostTime)
	defer cancel()
	p, err := oidc.NewProvider(ctx, i.url)
	if err != nil {
		return nil, err
	}
	var named struct {
		Keys  string `json:"jwks_uri"`
		Token string `json:"token_endpoint"`
		Auth  string `json:"authorization_endpoint"`
	}
	if err := p.Claims(&named); err != nil {
		return nil, err
	}
	for _, text := range []string{named.Keys, named.Token, named.Auth} {
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || !private(u)) {
			return nil, fmt.Errorf("%q is no https:// URL", short(text))
		}
	}
	if named.Keys == "" {
		return nil, errors.New("there is no jwks_uri")
	}
	return p, nil
}

// errFetch says that an issuer's answer could not be had.
var errFetch = errors.New("the issuer cannot be asked")

// bounded is a RoundTripper that reads so many bytes, and fetches a page so often: in between it gives what it fetched last.
type bounded struct {
	next http.RoundTripper

	mu    sync.Mutex
	pages map[string]*page // by URL; an issuer has a few
}

type page struct {
	full time.Time // when as many fetches are free again as there can be
	last *http.Response
	body []byte
}

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		resp, err := b.next.RoundTrip(r)
		if err == nil {
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.LimitReader(resp.Body, mostAnswer), resp.Body}
		}
		return resp, err
	}
	name := r.URL.String()
	b.mu.Lock()
	p := b.pages[name]
	if p == nil {
		if len(b.pages) >= 64 { // an issuer that describes itself in ever new ways
			clear(b.pages)
		}
		p = &page{}
		b.pages[name] = p
	}
	now := time.Now()
	if p.full.Before(now) {
		p.full = now
	}
	if p.full.Sub(now) > (mostFetches-1)*eachFetch {
		last, body := p.last, p.body
		b.mu.Unlock()
		if last == nil {
			return nil, fmt.Errorf("%w: it was asked too often", errFetch)
		}
		return again(last, body, r), nil
	}
	p.full = p.full.Add(eachFetch)
	b.mu.Unlock()
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFetch, err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	_ = resp.Body.Close()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errFetch, err)
	case len(body) > mostAnswer:
		return nil, fmt.Errorf("%w: its answer is too large", errFetch)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: it answered %d", errFetch, resp.StatusCode)
	}
	b.mu.Lock()
	p.last, p.body = resp, body
	b.mu.Unlock()
	return again(resp, body, r), nil
}

// again is an answer, to be read once more.
func again(resp *http.Response, body []byte, r *http.Request) *http.Response {
	out := *resp
	out.Body, out.ContentLength, out.Request = io.NopCloser(bytes.NewReader(body)), int64(len(body)), r
	return &out
}
