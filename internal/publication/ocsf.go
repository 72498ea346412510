package publication

import (
	"strings"

	"magpie/internal/macie2"
)

// The version of the schema that is written, and the class in it.
const (
	ocsfVersion  = "1.5.0"
	ocsfCategory = 2
	ocsfClass    = 2006
)

// object is a JSON object, some of whose members are left out.
type object map[string]any

// put sets a member, unless there is no value.
func put[T any](o object, name string, value *T) {
	if value != nil {
		o[name] = *value
	}
}

func putTime(o object, name string, t *macie2.Timestamp) {
	if t != nil {
		o[name] = t.UnixMilli()
	}
}

// ocsfOf is a finding as a Data Security Finding of OCSF. metadata.uid is the same when it comes again.
func ocsfOf(x *macie2.Finding) object {
	activity, activityName := 1, "Create"
	if macie2.Deref(x.Count) > 1 {
		activity, activityName = 2, "Update"
	}
	// Low, Medium and High are 2, 3 and 4 there.
	severity := 0
	name := "Unknown"
	if x.Severity != nil && macie2.Deref(x.Severity.Score) > 0 {
		severity, name = int(*x.Severity.Score)+1, string(macie2.Deref(x.Severity.Description))
	}
	info := object{"uid": macie2.Deref(x.Id), "types": []string{string(macie2.Deref(x.Type))}}
	put(info, "title", x.Title)
	put(info, "desc", x.Description)
	putTime(info, "created_time", x.CreatedAt)
	putTime(info, "modified_time", x.UpdatedAt)
	if p := x.PolicyDetails; p != nil && p.Action != nil && p.Action.ApiCallDetails != nil {
		putTime(info, "first_seen_time", p.Action.ApiCallDetails.FirstSeen)
		putTime(info, "last_seen_time", p.Action.ApiCallDetails.LastSeen)
	}
	o := object{
		"activity_id": activity, "activity_name": activityName, "category_uid": ocsfCategory, "category_name": "Findings",
		"class_uid": ocsfClass, "class_name": "Data Security Finding", "type_uid": ocsfClass*100 + activity,
		"type_name": "Data Security Finding: " + activityName, "severity_id": severity, "severity": name,
		"status_id": 1, "status": "New", "is_alert": true, "finding_info": info, "count": macie2.Deref(x.Count),
		"metadata": object{
			"version": ocsfVersion, "uid": eventID(x), "profiles": []string{"cloud"},
			"product": object{"name": "Magpie", "vendor_name": "Magpie", "feature": object{"name": "Macie findings"}},
		},
		"cloud": object{
			"provider": "AWS", "region": macie2.Deref(x.Region), "account": object{"uid": macie2.Deref(x.AccountId), "type": "AWS Account", "type_id": 10},
		},
		"data_security": ocsfData(x),
	}
	putTime(o, "time", x.UpdatedAt)
	ocsfResources(o, x)
	if macie2.Deref(x.Sample) {
		o["unmapped"] = object{"sample": true}
	}
	return o
}

// ocsfData says what kind of data was found, and how much.
func ocsfData(x *macie2.Finding) object {
	o := object{"detection_system_id": 4, "detection_system": "Data Discovery & Classification", "data_lifecycle_state_id": 1, "data_lifecycle_state": "Data at-Rest"}
	o["category_id"], o["category"] = ocsfCategoryOf(x)
	if x.ClassificationDetails == nil {
		return o
	}
	put(o, "uid", x.ClassificationDetails.JobId)
	put(o, "src_url", x.ClassificationDetails.DetailedResultsLocation)
	r := x.ClassificationDetails.Result
	if r == nil {
		return o
	}
	put(o, "size", r.SizeClassified)
	if s := r.Status; s != nil {
		id := map[string]int{"COMPLETE": 1, "PARTIAL": 2, "SKIPPED": 3}[macie2.Deref(s.Code)]
		o["status_id"], o["status"] = id, []string{"Unknown", "Complete", "Partial", "Fail"}[id]
		if s.Reason != nil {
			o["status_details"] = []string{*s.Reason}
		}
	}
	var found []object
	total := int64(0)
	add := func(kind string, count *int64, at *macie2.Occurrences) {
		d := object{"type": kind, "count": macie2.Deref(count)}
		if places := ocsfPlaces(at); len(places) > 0 {
			d["occurrences"] = places
		}
		total += macie2.Deref(count)
		found = append(found, d)
	}
	for _, item := range r.SensitiveData {
		for _, d := range item.Detections {
			add(macie2.Deref(d.Type), d.Count, d.Occurrences)
		}
	}
	if c := r.CustomDataIdentifiers; c != nil {
		for _, d := range c.Detections {
			add(macie2.Deref(d.Name), d.Count, d.Occurrences)
		}
	}
	if len(found) > 0 {
		o["discovery_details"], o["total"] = found, total
	}
	return o
}

func ocsfCategoryOf(x *macie2.Finding) (int, string) {
	switch macie2.Deref(x.Type) {
	case macie2.FindingTypeSensitiveDataS3ObjectPersonal:
		return 1, "Personal"
	case macie2.FindingTypeSensitiveDataS3ObjectFinancial:
		return 3, "Financial"
	case macie2.FindingTypeSensitiveDataS3ObjectCredentials:
		return 6, "Security"
	case macie2.FindingTypeSensitiveDataS3ObjectCustomIdentifier:
		return 99, "Custom identifier"
	case macie2.FindingTypeSensitiveDataS3ObjectMultiple:
		return 99, "Multiple"
	}
	return 0, "Unknown" // a finding of policy is about no data
}

// ocsfPlaces are the places of one type of data.
func ocsfPlaces(at *macie2.Occurrences) []object {
	if at == nil {
		return nil
	}
	var places []object
	for _, c := range at.Cells {
		o := object{}
		put(o, "cell_name", c.CellReference)
		put(o, "column_name", c.ColumnName)
		put(o, "column_number", c.Column)
		put(o, "row_number", c.Row)
		places = append(places, o)
	}
	for _, l := range at.LineRanges {
		o := object{}
		put(o, "start_line", l.Start)
		put(o, "end_line", l.End)
		put(o, "column_number", l.StartColumn)
		places = append(places, o)
	}
	for _, p := range at.Pages {
		o := object{}
		put(o, "page_number", p.PageNumber)
		places = append(places, o)
	}
	for _, r := range at.Records {
		o := object{}
		put(o, "json_path", r.JsonPath)
		put(o, "record_index_in_array", r.RecordIndex)
		places = append(places, o)
	}
	return places
}

// ocsfResources are the bucket and the object.
func ocsfResources(o object, x *macie2.Finding) {
	if x.ResourcesAffected == nil || x.ResourcesAffected.S3Bucket == nil {
		return
	}
	b := x.ResourcesAffected.S3Bucket
	bucket := object{"type_id": 1, "type": "S3"}
	put(bucket, "name", b.Name)
	put(bucket, "uid", b.Arn)
	putTime(bucket, "created_time", b.CreatedAt)
	resource := object{"type": "AWS::S3::Bucket"}
	put(resource, "name", b.Name)
	put(resource, "uid", b.Arn)
	resources := []object{resource}
	if s := x.ResourcesAffected.S3Object; s != nil {
		path := macie2.Deref(s.Path)
		name := macie2.Deref(s.Key)
		if i := strings.LastIndexByte(name, '/'); i >= 0 && i < len(name)-1 {
			name = name[i+1:]
		}
		file := object{"name": name, "type_id": 1, "type": "Regular File", "path": path}
		put(file, "ext", s.Extension)
		put(file, "size", s.Size)
		putTime(file, "modified_time", s.LastModified)
		if d := x.ClassificationDetails; d != nil && d.Result != nil {
			put(file, "mime_type", d.Result.MimeType)
		}
		o["file"] = file
		resources = append(resources, object{"type": "AWS::S3::Object", "name": macie2.Deref(s.Key), "uid": macie2.Deref(b.Arn) + "/" + macie2.Deref(s.Key)})
	}
	o["databucket"], o["resources"] = bucket, resources
}
