package publication

import (
	"encoding/json"
	"fmt"

	"magpie/internal/arn"
	"magpie/internal/macie2"
)

// A cloudEvent is what a webhook gets: CloudEvents 1.0 in structured mode.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            string          `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

const (
	cloudEventType  = "application/cloudevents+json; charset=utf-8"
	typeOfFinding   = "magpie.finding.v1"
	typeOfOCSF      = "magpie.finding.ocsf.v1"
	typeOfTest      = "magpie.test.v1"
	dataContentType = "application/json"
)

// shaped is a finding in a format.
func shaped(f Format, account macie2.AccountID, x *macie2.Finding) (json.RawMessage, error) {
	if f == FormatOCSF {
		return json.Marshal(ocsfOf(x))
	}
	e, err := eventOf(account, x)
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// cloudEventOf is the body of a webhook that tells of a finding.
func cloudEventOf(f Format, account macie2.AccountID, x *macie2.Finding) ([]byte, error) {
	data, err := shaped(f, account, x)
	if err != nil {
		return nil, fmt.Errorf("finding %s as a CloudEvent: %w", macie2.Deref(x.Id), err)
	}
	e := cloudEvent{
		SpecVersion: "1.0", ID: eventID(x), Source: sourceOf(macie2.Deref(x.Region), account), Type: typeOfFinding,
		Subject: macie2.Deref(x.Id), Time: seconds(x.UpdatedAt), DataContentType: dataContentType, Data: data,
	}
	if f == FormatOCSF {
		e.Type = typeOfOCSF
	}
	return json.Marshal(e)
}

// sourceOf names Macie in an account and Region, as the ARN of its session does.
func sourceOf(region string, account macie2.AccountID) string {
	return "arn:" + arn.Partition(region) + ":macie2:" + region + ":" + string(account) + ":"
}
