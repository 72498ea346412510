package onboard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/aws/smithy-go"

	"magpie/internal/cli/pace"
)

const (
	callTimeout = 60 * time.Second
	// mostConflicts is how often a change is tried again that met another of the same relationship.
	mostConflicts = 10
	grace         = 10 * time.Second // for calls that are under way when a run is interrupted
)

// errUnknown says that a call was made and its answer was lost: it may have been done.
var errUnknown = errors.New("the answer was lost")

// health is when a Region last answered.
type health struct{ answered atomic.Int64 }

func (h *health) alive() { h.answered.Store(time.Now().UnixNano()) }

// silence is how long the Region has not answered, at most as long as since begun.
func (h *health) silence(begun time.Time) time.Duration {
	if last := time.Unix(0, h.answered.Load()); last.After(begun) {
		return time.Since(last)
	}
	return time.Since(begun)
}

// call makes a call of an operation until it is answered: it waits for its turn, and tries again what was throttled or met with a server's
// error, until the Region has been silent for r.Patience. A call that began is not cut off when ctx ends, but for those that take long.
func (r *Run) call(ctx context.Context, h *health, region, operation string, fn func(context.Context) error) error {
	return r.callOnce(ctx, h, region, operation, false, fn)
}

// callOnce is call for what must not be repeated blindly where once is true: an answer that was lost is errUnknown then.
func (r *Run) callOnce(ctx context.Context, h *health, region, operation string, once bool, fn func(context.Context) error) error {
	begun := time.Now()
	for attempt := 0; ; attempt++ {
		done, err := r.pacer.Acquire(ctx, region, operation)
		if err != nil {
			return err
		}
		r.calls.Add(1)
		err = within(ctx, fn)
		v := judge(err)
		done(v.outcome)
		if v.outcome != pace.Troubled {
			h.alive()
		} else {
			r.troubles.Add(1)
		}
		if v.outcome == pace.Throttled {
			r.throttled.Add(1)
		}
		switch {
		case !v.again, v.outcome == pace.Fine && attempt == mostConflicts:
			return err
		case once && v.unknown:
			return fmt.Errorf("%w: %w", errUnknown, err)
		case v.outcome == pace.Troubled && h.silence(begun) > r.Patience:
			return fmt.Errorf("%s has not answered for %s: %w", region, r.Patience, err)
		}
		if err := pace.Backoff(ctx, attempt); err != nil {
			return err
		}
	}
}

// within runs fn so that it may go on for a while after ctx has ended.
func within(ctx context.Context, fn func(context.Context) error) error {
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	return fn(inner)
}

// verdict is what an error of a call means.
type verdict struct {
	outcome pace.Outcome
	again   bool // it may do to try again
	unknown bool // it may have been done
}

func judge(err error) verdict {
	if err == nil {
		return verdict{}
	}
	var final interface{ Final() }
	if errors.As(err, &final) {
		return verdict{}
	}
	status := 0
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch code := api.ErrorCode(); {
		case status == http.StatusTooManyRequests || throttling[code]:
			return verdict{outcome: pace.Throttled, again: true}
		case status == http.StatusNotImplemented:
			return verdict{}
		case code == "ConflictException" && strings.Contains(api.ErrorMessage(), "at the same time"):
			return verdict{again: true}
		case status < 500:
			return verdict{}
		}
		return verdict{outcome: pace.Troubled, again: true, unknown: true}
	}
	var send *smithyhttp.RequestSendError
	var dial *net.OpError
	switch {
	case status >= 500:
		return verdict{outcome: pace.Troubled, again: true, unknown: true}
	case errors.As(err, &dial) && dial.Op == "dial":
		return verdict{outcome: pace.Troubled, again: true}
	case errors.As(err, &send), response != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return verdict{outcome: pace.Troubled, again: true, unknown: true}
	}
	return verdict{} // no credentials, say
}

var throttling = map[string]bool{
	"ThrottlingException": true, "Throttling": true, "ThrottledException": true, "TooManyRequestsException": true, "RequestLimitExceeded": true,
	"SlowDown": true,
}

// isCode reports whether err is the service's exception of that name.
func isCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

func messageHas(err error, part string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.Contains(api.ErrorMessage(), part)
}
