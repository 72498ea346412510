package publication

import (
	"strconv"
	"strings"

	"magpie/internal/macie2"
)

// asffOf is a finding in the format of Security Hub. Its Id is the finding's, so that a repetition updates what is there.
func asffOf(account macie2.AccountID, productARN string, x *macie2.Finding) object {
	o := object{
		"SchemaVersion": "2018-10-08", "Id": macie2.Deref(x.Id), "ProductArn": productARN, "ProductName": "Macie", "CompanyName": "Amazon",
		"GeneratorId": "aws/macie", "AwsAccountId": string(account), "Region": macie2.Deref(x.Region), "Types": []string{asffType(macie2.Deref(x.Type))},
		"Title": clipTo(macie2.Deref(x.Title), 250), "Description": clipTo(macie2.Deref(x.Description), 1000),
		"Resources": asffResources(x), "ProductFields": asffFields(x), "WorkflowState": "NEW", "Workflow": object{"Status": "NEW"},
		"RecordState": "ACTIVE", "Sample": macie2.Deref(x.Sample),
	}
	if x.CreatedAt != nil {
		o["CreatedAt"] = x.CreatedAt.String()
	}
	if x.UpdatedAt != nil {
		o["UpdatedAt"] = x.UpdatedAt.String()
	}
	if x.Severity != nil {
		label := strings.ToUpper(string(macie2.Deref(x.Severity.Description)))
		o["Severity"] = object{"Label": label, "Normalized": map[string]int{"LOW": 1, "MEDIUM": 40, "HIGH": 70}[label]}
	}
	return o
}

// asffType places a type of finding in Security Hub's tree of types.
func asffType(t macie2.FindingType) string {
	space, name, _ := strings.Cut(string(t), "/")
	under := "Software and Configuration Checks/AWS Security Best Practices"
	switch t {
	case macie2.FindingTypeSensitiveDataS3ObjectCredentials:
		under = "Sensitive Data Identifications/Passwords"
	case macie2.FindingTypeSensitiveDataS3ObjectFinancial:
		under = "Sensitive Data Identifications/Financial"
	case macie2.FindingTypeSensitiveDataS3ObjectCustomIdentifier, macie2.FindingTypeSensitiveDataS3ObjectMultiple,
		macie2.FindingTypeSensitiveDataS3ObjectPersonal:
		under = "Sensitive Data Identifications/PII"
	case macie2.FindingTypePolicyIAMUserS3BucketPublic:
		under = "Effects/Data Exposure"
	}
	return under + "/" + space + "-" + name
}

// asffFields are the members that Security Hub has no place for. All are texts.
func asffFields(x *macie2.Finding) map[string]string {
	f := map[string]string{}
	set := func(name string, value *string) {
		if value != nil && *value != "" {
			f[name] = clipTo(*value, 2000)
		}
	}
	if d := x.ClassificationDetails; d != nil {
		set("JobArn", d.JobArn)
		set("JobId", d.JobId)
		if d.OriginType != nil {
			f["OriginType"] = string(*d.OriginType)
		}
	}
	r := x.ResourcesAffected
	if r == nil {
		return f
	}
	if b := r.S3Bucket; b != nil {
		if b.AllowsUnencryptedObjectUploads != nil {
			f["S3Bucket.allowsUnencryptedObjectUploads"] = string(*b.AllowsUnencryptedObjectUploads)
		}
		if b.PublicAccess != nil && b.PublicAccess.EffectivePermission != nil {
			f["S3Bucket.effectivePermission"] = string(*b.PublicAccess.EffectivePermission)
		}
	}
	if o := r.S3Object; o != nil {
		set("S3Object.Path", o.Path)
		set("S3Object.Extension", o.Extension)
		if o.PublicAccess != nil {
			f["S3Object.PublicAccess"] = strconv.FormatBool(*o.PublicAccess)
		}
		if o.Size != nil {
			f["S3Object.Size"] = strconv.FormatInt(*o.Size, 10)
		}
		if o.StorageClass != nil {
			f["S3Object.StorageClass"] = string(*o.StorageClass)
		}
	}
	return f
}

// asffResources are the bucket and, for a finding of data, the object.
func asffResources(x *macie2.Finding) []object {
	r := x.ResourcesAffected
	if r == nil || r.S3Bucket == nil {
		return []object{}
	}
	b := r.S3Bucket
	resource := func(kind, id string, tags []macie2.KeyValuePair, details object) object {
		o := object{"Type": kind, "Id": id, "Partition": macie2.Deref(x.Partition), "Region": macie2.Deref(x.Region), "Details": object{kind: details}}
		if len(tags) > 0 {
			o["Tags"] = asffTags(tags)
		}
		return o
	}
	all := []object{resource("AwsS3Bucket", macie2.Deref(b.Arn), b.Tags, asffBucket(x, b))}
	if o := r.S3Object; o != nil {
		object := resource("AwsS3Object", macie2.Deref(b.Arn)+"/"+macie2.Deref(o.Key), o.Tags, asffObject(o))
		if c := asffClassification(x.ClassificationDetails); c != nil {
			object["DataClassification"] = c
		}
		all = append(all, object)
	}
	return all
}

func asffTags(tags []macie2.KeyValuePair) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[macie2.Deref(t.Key)] = macie2.Deref(t.Value)
	}
	return m
}

func asffBucket(x *macie2.Finding, b *macie2.S3Bucket) object {
	o := object{}
	put(o, "OwnerAccountId", x.AccountId)
	if b.Owner != nil {
		put(o, "OwnerId", b.Owner.Id)
		put(o, "OwnerName", b.Owner.DisplayName)
	}
	if b.CreatedAt != nil {
		o["CreatedAt"] = b.CreatedAt.String()
	}
	if algorithm, key := asffEncryption(b.DefaultServerSideEncryption); algorithm != "" {
		by := object{"SSEAlgorithm": algorithm}
		put(by, "KMSMasterKeyID", key)
		o["ServerSideEncryptionConfiguration"] = object{"Rules": []object{{"ApplyServerSideEncryptionByDefault": by}}}
	}
	if p := b.PublicAccess; p != nil && p.PermissionConfiguration != nil && p.PermissionConfiguration.BucketLevelPermissions != nil {
		if f := p.PermissionConfiguration.BucketLevelPermissions.BlockPublicAccess; f != nil {
			flags := object{}
			put(flags, "BlockPublicAcls", f.BlockPublicAcls)
			put(flags, "BlockPublicPolicy", f.BlockPublicPolicy)
			put(flags, "IgnorePublicAcls", f.IgnorePublicAcls)
			put(flags, "RestrictPublicBuckets", f.RestrictPublicBuckets)
			o["PublicAccessBlockConfiguration"] = flags
		}
	}
	return o
}

// asffEncryption is an algorithm as S3 calls it, or "" where there is none.
func asffEncryption(e *macie2.ServerSideEncryption) (algorithm string, key *string) {
	if e == nil || e.EncryptionType == nil {
		return "", nil
	}
	switch *e.EncryptionType {
	case macie2.EncryptionTypeNone, macie2.EncryptionTypeUnknown:
		return "", nil
	}
	return string(*e.EncryptionType), e.KmsMasterKeyId
}

func asffObject(s *macie2.S3Object) object {
	o := object{}
	put(o, "ETag", s.ETag)
	if macie2.Deref(s.VersionId) != "" {
		o["VersionId"] = *s.VersionId
	}
	if s.LastModified != nil {
		o["LastModified"] = s.LastModified.String()
	}
	if algorithm, key := asffEncryption(s.ServerSideEncryption); algorithm != "" {
		o["ServerSideEncryption"] = algorithm
		put(o, "SSEKMSKeyId", key)
	}
	return o
}

func asffClassification(d *macie2.ClassificationDetails) object {
	if d == nil || d.Result == nil {
		return nil
	}
	o, result := object{}, object{}
	put(o, "DetailedResultsLocation", d.DetailedResultsLocation)
	put(result, "MimeType", d.Result.MimeType)
	put(result, "SizeClassified", d.Result.SizeClassified)
	put(result, "AdditionalOccurrences", d.Result.AdditionalOccurrences)
	if s := d.Result.Status; s != nil {
		status := object{}
		put(status, "Code", s.Code)
		put(status, "Reason", s.Reason)
		result["Status"] = status
	}
	if len(d.Result.SensitiveData) > 0 {
		var data []object
		for _, item := range d.Result.SensitiveData {
			var found []object
			for _, x := range item.Detections {
				detection := object{}
				put(detection, "Type", x.Type)
				put(detection, "Count", x.Count)
				if places := asffPlaces(x.Occurrences); len(places) > 0 {
					detection["Occurrences"] = places
				}
				found = append(found, detection)
			}
			one := object{"Detections": found}
			put(one, "Category", item.Category)
			put(one, "TotalCount", item.TotalCount)
			data = append(data, one)
		}
		result["SensitiveData"] = data
	}
	if c := d.Result.CustomDataIdentifiers; c != nil && len(c.Detections) > 0 {
		var found []object
		for _, x := range c.Detections {
			detection := object{}
			put(detection, "Arn", x.Arn)
			put(detection, "Name", x.Name)
			put(detection, "Count", x.Count)
			if places := asffPlaces(x.Occurrences); len(places) > 0 {
				detection["Occurrences"] = places
			}
			found = append(found, detection)
		}
		custom := object{"Detections": found}
		put(custom, "TotalCount", c.TotalCount)
		result["CustomDataIdentifiers"] = custom
	}
	o["Result"] = result
	return o
}

// asffPlaces are the places of one type of data.
func asffPlaces(at *macie2.Occurrences) object {
	places := object{}
	if at == nil {
		return places
	}
	lines := func(l *macie2.Range) object {
		o := object{}
		put(o, "Start", l.Start)
		put(o, "End", l.End)
		put(o, "StartColumn", l.StartColumn)
		return o
	}
	add := func(kind string, o object) {
		list, _ := places[kind].([]object)
		places[kind] = append(list, o)
	}
	for _, c := range at.Cells {
		o := object{}
		put(o, "Column", c.Column)
		put(o, "Row", c.Row)
		put(o, "ColumnName", c.ColumnName)
		put(o, "CellReference", c.CellReference)
		add("Cells", o)
	}
	for i := range at.LineRanges {
		add("LineRanges", lines(&at.LineRanges[i]))
	}
	for _, p := range at.Pages {
		o := object{}
		put(o, "PageNumber", p.PageNumber)
		if p.LineRange != nil {
			o["LineRange"] = lines(p.LineRange)
		}
		add("Pages", o)
	}
	for _, r := range at.Records {
		o := object{}
		put(o, "JsonPath", r.JsonPath)
		put(o, "RecordIndex", r.RecordIndex)
		add("Records", o)
	}
	return places
}
