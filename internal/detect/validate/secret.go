package validate

// awsNotReported are the secret keys of AWS's own documentation.
var awsNotReported = [...]string{
	"je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
	"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}

const awsSecretLen = 40

// AWSSecretKey matches a secret access key: 40 characters of base64 that stand
// alone and look random. A key has no check digit; what else is 40 characters
// long near the word "credentials" is a SHA-1 in hexadecimal, a path or a
// CamelCase name, and those use fewer kinds of characters and change kind less
// often than a random key does (25 times in 39 steps on average; 14 lies more
// than three and a half standard deviations below), and spend more than half of
// their characters on lower-case runs of three and more, as words do.
func AWSSecretKey(text []byte, start int) int {
	end := start + awsSecretLen
	if start < 0 || end > len(text) {
		return -1
	}
	if !leftOK(text, start, false) || !rightOK(text, end, false) ||
		class[at(text, start-1)]&clsBase64 != 0 || class[at(text, end)]&clsBase64 != 0 || at(text, end) == '=' {
		return -1
	}
	var seen [4]uint64
	distinct, changes, symbols, upper, lower, digits := 0, 0, 0, 0, 0, 0
	last, run, wordy := uint8(0), 0, 0
	for _, c := range text[start:end] {
		k := class[c] & (clsAlnum | clsBase64)
		switch k {
		case clsUpper:
			upper++
		case clsLower:
			lower++
		case clsDigit:
			digits++
		case clsBase64:
			symbols++
		default:
			return -1
		}
		if run++; k != last {
			changes++
			last, run = k, 1
		}
		if k == clsLower && run >= 3 {
			if wordy++; run == 3 {
				wordy += 2
			}
		}
		if seen[c>>6]>>(c&63)&1 == 0 {
			seen[c>>6] |= 1 << (c & 63)
			distinct++
		}
	}
	if upper == 0 || lower == 0 || digits == 0 || symbols > 7 || changes < 14 || distinct < 19 || wordy > 20 {
		return -1
	}
	for _, s := range awsNotReported {
		if string(text[start:end]) == s {
			return -1
		}
	}
	return end
}

const gcpKeyLen = 39

// GCPKey matches a Google API key: AIza and 35 characters of base64url.
func GCPKey(text []byte, start int) int {
	end := start + gcpKeyLen
	if start < 0 || end > len(text) || string(text[start:start+4]) != "AIza" {
		return -1
	}
	if !leftOK(text, start, false) || at(text, start-1) == '-' && isAlnum(at(text, start-2)) {
		return -1
	}
	for _, c := range text[start+4 : end] {
		if !base64URL(c) {
			return -1
		}
	}
	if at(text, end) == '-' || !rightOK(text, end, false) {
		return -1
	}
	return end
}

func base64URL(c byte) bool { return class[c]&clsWord != 0 || c == '-' }

var stripeNotReported = [...]string{
	"sk_test_4eC39HqLyjWDarjtT1zdp7dc",
	"pk_test_TYooMQauvdEDq54NiTphI7jx",
}

const (
	stripePrefixLen = 8
	stripeMinLen    = stripePrefixLen + 24
	stripeMaxKeyLen = stripePrefixLen + 160
)

// StripeKey matches a Stripe secret, restricted or publishable key.
func StripeKey(text []byte, start int) int {
	if start < 0 || start+stripeMinLen > len(text) || !leftOK(text, start, false) {
		return -1
	}
	k := text[start : start+stripePrefixLen]
	if k[0] != 's' && k[0] != 'r' && k[0] != 'p' || k[1] != 'k' || k[2] != '_' {
		return -1
	}
	if s := string(k[3:]); s != "live_" && s != "test_" {
		return -1
	}
	i := start + stripePrefixLen
	for i < len(text) && i-start <= stripeMaxKeyLen && isAlnum(text[i]) {
		i++
	}
	if i-start < stripeMinLen || i-start > stripeMaxKeyLen || !rightOK(text, i, false) {
		return -1
	}
	for _, s := range stripeNotReported {
		if string(text[start:i]) == s {
			return -1
		}
	}
	return i
}

func secretSpecs() []Spec {
	free := func(s Spec, f Func) Spec {
		s.Func, s.Free = f, f
		return s
	}
	var letters ByteSet
	letters.addRange('A', 'Z')
	letters.addRange('a', 'z')
	secret := letters.union(setOf("0123456789+/"))
	pem := func(id string, f Func) Spec {
		return free(Spec{ID: id, MinLen: 60, MaxLen: pemMaxLen, First: setOf("-")}, f)
	}
	return []Spec{
		{ID: "AWS_CREDENTIALS", Func: AWSSecretKey, MinLen: awsSecretLen, MaxLen: awsSecretLen, First: secret},
		{ID: "GCP_API_KEY", Func: GCPKey, MinLen: gcpKeyLen, MaxLen: gcpKeyLen, First: setOf("A")},
		free(Spec{ID: "STRIPE_CREDENTIALS", MinLen: stripeMinLen, MaxLen: stripeMaxKeyLen, First: setOf("srp")}, StripeKey),
		free(Spec{ID: "HTTP_BASIC_AUTH_HEADER", MinLen: 22, MaxLen: basicMaxLen, First: setOf("AaPp")}, BasicAuth),
		free(Spec{ID: "HTTP_COOKIE", MinLen: 9, MaxLen: cookieMaxLen, First: setOf("CcSs")}, Cookie),
		free(Spec{ID: "JSON_WEB_TOKEN", MinLen: 20, MaxLen: jwtMaxLen, First: setOf("e")}, JWT),
		pem("OPENSSH_PRIVATE_KEY", OpenSSHKey),
		pem("PGP_PRIVATE_KEY", PGPKey),
		pem("PKCS", PKCSKey),
		free(Spec{ID: "PUTTY_PRIVATE_KEY", MinLen: 100, MaxLen: puttyMaxLen, First: setOf("Pp")}, PuTTYKey),
	}
}
