package sampling

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// ParseBudget reads what a cycle may spend in the buckets of an account at a store: a number of bytes, such as 500MB or 1GiB, and after a
// comma, if need be, a number of requests.
func ParseBudget(text string) (Budget, error) {
	b := Budget{Bytes: DefaultBytes, Requests: DefaultRequests}
	if text == "" {
		return b, nil
	}
	bytes, requests, both := strings.Cut(text, ",")
	n, err := parseBytes(strings.TrimSpace(bytes))
	if err != nil {
		return b, err
	}
	b.Bytes = n
	if both {
		if b.Requests, err = strconv.ParseInt(strings.TrimSpace(requests), 10, 64); err != nil || b.Requests < 1 {
			return b, errors.New("the number of requests must be 1 or more")
		}
	}
	return b, nil
}

// parseBytes reads 50MB, 10MiB or 1000000.
func parseBytes(text string) (int64, error) {
	bad := errors.New("it must be a number of bytes such as 500MB or 1GiB, and may have a number of requests after a comma")
	factor := 1.0
	for _, unit := range []struct {
		name   string
		factor float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(text, unit.name); ok {
			text, factor = strings.TrimSpace(rest), unit.factor
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n*factor < 1 || n*factor > 1<<60 {
		return 0, bad
	}
	return int64(n * factor), nil
}
