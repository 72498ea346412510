package access

import "slices"

// unencrypted is whether objects can be written without encryption being asked for: unless the policy denies everybody to write an object
// without a header that asks for it.
func (d *document) unencrypted(bucket string, a *Access) Verdict {
	for i := range d.statements {
		st := &d.statements[i]
		if !st.deny || !st.principals.everybody || st.principals.not || len(st.conditions) == 0 || !st.covers("s3:putobject", a) ||
			!st.contains(resource{bucket + "/*", true}, a) {
			continue
		}
		if !slices.ContainsFunc(st.conditions, func(c condition) bool { return !c.lacksEncryption() }) {
			return No
		}
	}
	return Yes
}

// lacksEncryption reports whether a condition holds for every request that does not ask for encryption.
func (c condition) lacksEncryption() bool {
	var allowed []string
	switch c.key {
	case "s3:x-amz-server-side-encryption":
		allowed = []string{"AES256", "aws:kms", "aws:kms:dsse"}
	case "s3:x-amz-server-side-encryption-customer-algorithm":
		allowed = []string{"AES256"}
	default:
		return false
	}
	switch c.operator {
	case "null":
		return slices.Equal(c.values, []string{"true"})
	case "stringnotequals", "stringnotequalsignorecase":
		return !c.forAll && len(c.values) > 0 && !slices.ContainsFunc(c.values, func(v string) bool { return !slices.Contains(allowed, v) })
	}
	return false
}
