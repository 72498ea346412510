package server

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magpie/internal/membership"
)

// docs/openapi.yaml describes what is served beside Macie's API: every parameter that is read, and
// every event there is.
func TestOpenAPIIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, m := range regexp.MustCompile(`\{name: (\w+), in: query`).FindAllStringSubmatch(string(text), -1) {
		described = append(described, m[1])
	}
	want := slices.Concat(memberParameters, auditParameters, historyParameters, storeParameters, storeParameters, storeParameters, storeParameters, storeTestParameters, jobEventParameters,
		triageParameters, histogramParameters, usageParameters, cyclesParameters, cycleParameters, coverageParameters)
	if !slices.Equal(described, want) {
		t.Errorf("openapi.yaml describes the parameters %v; there are %v", described, want)
	}
	_, rest, _ := strings.Cut(string(text), "EventName:\n")
	list, _, _ := strings.Cut(rest, "    Event:\n")
	var events []membership.Event
	for _, m := range regexp.MustCompile(`- (\w+)\n`).FindAllStringSubmatch(list, -1) {
		events = append(events, membership.Event(m[1]))
	}
	if !slices.Equal(events, membership.Events()) {
		t.Errorf("openapi.yaml describes the events %v; there are %v", events, membership.Events())
	}
}
