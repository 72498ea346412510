package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magpie/internal/inventory/objectstore"
)

// TestHostilePolicies: however a policy is written, evaluating it takes a bounded number of steps, and one that would take more is unknown.
func TestHostilePolicies(t *testing.T) {
	list := func(n int, text func(i int) string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("%q", text(i)))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	many := func(n int, statement string) string { return strings.Repeat(","+statement, n)[1:] }
	short := func(i int) string { return fmt.Sprintf("*%x", i) }
	const allow, deny = `{"Effect":"Allow","Principal":"*","Action":"*","Resource":%s}`, `{"Effect":"Deny","Principal":"*","Action":"*","Resource":%s}`
	stars := strings.Repeat("*a", 7000)
	for name, statements := range map[string]string{
		"resources by denials": fmt.Sprintf(allow, list(1900, short)) + "," + many(4, fmt.Sprintf(deny, list(1900, func(i int) string { return fmt.Sprintf("?%x", i) }))),
		"equal resources":      fmt.Sprintf(allow, list(1990, func(int) string { return "*" })) + "," + many(6, fmt.Sprintf(deny, list(1990, func(int) string { return "a" }))),
		"patterns of stars":    fmt.Sprintf(allow, `"arn:aws:s3:::`+stars+`"`) + "," + many(2, fmt.Sprintf(deny, `"arn:aws:s3:::`+stars+`b"`)),
		"many statements":      many(240, fmt.Sprintf(allow, `"*"`)) + "," + many(240, fmt.Sprintf(deny, `"b*"`)),
		"actions of stars":     fmt.Sprintf(`{"Effect":"Allow","Principal":"*","Action":%q,"Resource":"*"}`, strings.Repeat("*t", 25000)+"x"),
		"a star for a prefix":  many(5, fmt.Sprintf(allow, `"arn:aws:s3:::`+strings.Repeat("*", 12000)+`x"`)),
		"principals by principals": `{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":` + list(1900, func(i int) string { return fmt.Sprintf("%012d", i) }) + `}},` +
			`{"Effect":"Deny","Action":"*","Resource":"*","Principal":{"AWS":` + list(1900, func(i int) string { return fmt.Sprintf("%012d", i/2+4000) }) + `}}`,
		"services by conditions": `{"Effect":"Allow","Action":"*","Resource":"*","Principal":{"Service":` + list(1500, short) + `},"Condition":{"StringEquals":{"aws:SourceAccount":` +
			list(1500, func(i int) string { return fmt.Sprintf("%012d", i) }) + `}}}`,
	} {
		policy := `{"Statement":[` + statements + `]}`
		if len(policy) > maxPolicy {
			t.Fatalf("%s: %d bytes", name, len(policy))
		}
		s := Settings{Bucket: "bucket", Account: "111122223333"}
		s.Policy = objectstore.Answer[string]{State: objectstore.Known, Value: policy}
		var a Access
		v := readPolicy(s, &a)
		if most := maxSteps + maxSteps/10; a.steps > most {
			t.Errorf("%s: %d steps, bound %d", name, a.steps, most)
		}
		if a.exhausted() && (v != verdicts{} || !slices.Contains(a.Reasons, "the policy takes too long to evaluate")) {
			t.Errorf("%s: not unknown: %+v %v", name, v, a.Reasons)
		}
		t.Logf("%s: %d steps, %+v", name, a.steps, v)
	}
}
