package usage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"magpie/internal/macie2"
)

// Prices are what each kind of usage costs, in steps. A kind that is not there costs nothing.
type Prices map[macie2.UsageType][]Step

// Step is a price for what an account uses of a kind in a calendar month up to an amount, where the step before ended.
type Step struct {
	UpTo  *big.Rat // nil: all that follows
	Price *big.Rat // of a unit, in US dollars
}

// unitOf says what a price is for.
var unitOf = map[macie2.UsageType]int64{
	macie2.UsageTypeDataInventoryEvaluation:         1,             // a bucket that is watched for a month
	macie2.UsageTypeAutomatedObjectMonitoring:       100_000,       // objects that are watched for a month
	macie2.UsageTypeSensitiveDataDiscovery:          1_000_000_000, // bytes that are analysed
	macie2.UsageTypeAutomatedSensitiveDataDiscovery: 1_000_000_000,
}

const (
	maxPriceList = 1 << 20
	maxSteps     = 100
)

var decimal = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,12})?$`)

// ReadPrices reads a price list from a file.
func ReadPrices(name string) (Prices, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPriceList+1))
	if err != nil {
		return nil, err
	}
	p, err := ParsePrices(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// ParsePrices reads a price list: a JSON object with, for each kind of usage, a list of steps, {"upTo": AMOUNT, "price": AMOUNT}. Amounts are
// numbers, or texts of numbers. The last step of a kind has no upTo.
func ParsePrices(text []byte) (Prices, error) {
	if len(text) > maxPriceList {
		return nil, errors.New("a price list is not that long")
	}
	var list map[string][]struct {
		UpTo  *json.Number `json:"upTo"`
		Price *json.Number `json:"price"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("it is not a price list: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the price list")
	}
	prices := Prices{}
	for name, steps := range list {
		kind := macie2.UsageType(name)
		if !kind.Valid() {
			kinds := make([]string, 0, 4)
			for _, k := range kind.Values() {
				kinds = append(kinds, string(k))
			}
			return nil, fmt.Errorf("there is no kind of usage %.60q; there are %s", name, strings.Join(kinds, ", "))
		}
		if len(steps) == 0 || len(steps) > maxSteps {
			return nil, fmt.Errorf("%s: it has 1 to %d steps", name, maxSteps)
		}
		last := new(big.Rat)
		for i, x := range steps {
			at := fmt.Sprintf("%s[%d]", name, i)
			price, err := amount(x.Price)
			if err != nil {
				return nil, fmt.Errorf("%s.price: %w", at, err)
			}
			step := Step{Price: price}
			switch {
			case i == len(steps)-1 && x.UpTo != nil:
				return nil, fmt.Errorf("%s.upTo: the last step has none, since what follows it would have no price", at)
			case i < len(steps)-1:
				if step.UpTo, err = amount(x.UpTo); err != nil {
					return nil, fmt.Errorf("%s.upTo: %w", at, err)
				}
				if step.UpTo.Cmp(last) <= 0 {
					return nil, fmt.Errorf("%s.upTo: must be more than that of the step before", at)
				}
				last = step.UpTo
			}
			prices[kind] = append(prices[kind], step)
		}
	}
	return prices, nil
}

func amount(n *json.Number) (*big.Rat, error) {
	if n == nil {
		return nil, errors.New("is missing")
	}
	if !decimal.MatchString(n.String()) {
		return nil, fmt.Errorf("%.40q is not an amount such as 0.25", n.String())
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return nil, fmt.Errorf("%.40q is not an amount such as 0.25", n.String())
	}
	return r, nil
}

// monthly is what was used of a kind in a calendar month: before the days that are asked for, and within them. What is watched is counted
// each day, so it is to be divided by the days of the month.
type monthly struct{ before, within int64 }

// cost is what the use within the days costs, in millionths of a dollar: steps are climbed from the begin of the month on.
func (p Prices) cost(kind macie2.UsageType, month time.Time, m monthly) *big.Rat {
	steps := p[kind]
	if len(steps) == 0 || m.within == 0 {
		return new(big.Rat)
	}
	unit := unitOf[kind]
	if kind == macie2.UsageTypeDataInventoryEvaluation || kind == macie2.UsageTypeAutomatedObjectMonitoring {
		unit *= int64(month.AddDate(0, 1, -1).Day())
	}
	to := climb(steps, new(big.Rat).SetFrac(new(big.Int).Add(big.NewInt(m.before), big.NewInt(m.within)), big.NewInt(unit)))
	return to.Sub(to, climb(steps, big.NewRat(m.before, unit)))
}

// climb is the price of an amount.
func climb(steps []Step, amount *big.Rat) *big.Rat {
	sum, from := new(big.Rat), new(big.Rat)
	for _, x := range steps {
		to := amount
		if x.UpTo != nil && x.UpTo.Cmp(amount) < 0 {
			to = x.UpTo
		}
		part := new(big.Rat).Sub(to, from)
		sum.Add(sum, part.Mul(part, x.Price))
		if to == amount {
			break
		}
		from = to
	}
	return sum
}

// micros rounds an amount to millionths of a dollar.
func micros(r *big.Rat) int64 {
	x := new(big.Rat).Mul(r, big.NewRat(1_000_000, 1))
	n := new(big.Int).Add(new(big.Int).Lsh(x.Num(), 1), x.Denom())
	n.Div(n, new(big.Int).Lsh(x.Denom(), 1))
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return n.Int64()
}

// dollars writes an amount as the contract does: with two decimals.
func dollars(micros int64) string {
	cents := micros/10_000 + (micros%10_000+5_000)/10_000
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

// totalsOrder and recordOrder are the orders of kinds in Macie's own examples.
var (
	totalsOrder = []macie2.UsageType{macie2.UsageTypeSensitiveDataDiscovery, macie2.UsageTypeAutomatedSensitiveDataDiscovery,
		macie2.UsageTypeDataInventoryEvaluation, macie2.UsageTypeAutomatedObjectMonitoring}
	recordOrder = []macie2.UsageType{macie2.UsageTypeDataInventoryEvaluation, macie2.UsageTypeAutomatedSensitiveDataDiscovery,
		macie2.UsageTypeSensitiveDataDiscovery, macie2.UsageTypeAutomatedObjectMonitoring}
)

// kindOf is the place of a kind in the arrays of a report.
func kindOf(kind macie2.UsageType) int { return slices.Index(totalsOrder, kind) }
