package casegen

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
)

func secrets() map[string]maker {
	return map[string]maker{
		"AWS_CREDENTIALS": {value: func(r *rand.Rand) string { return pick(r, base64s, 40) }},
		"GCP_API_KEY":     {value: func(r *rand.Rand) string { return "AIza" + pick(r, base62s+"_-", 34) + pick(r, base62s, 1) }},
		"STRIPE_CREDENTIALS": {value: func(r *rand.Rand) string {
			return one(r, "sk", "rk", "pk") + "_" + one(r, "live", "test") + "_" + pick(r, base62s, []int{24, 24, 99, 107}[r.IntN(4)])
		}},
		"HTTP_BASIC_AUTH_HEADER": {value: func(r *rand.Rand) string {
			user := pick(r, base62s, 3+r.IntN(9)) + ":" + pick(r, base62s+"!#%&*?", 6+r.IntN(15))
			return one(r, "Authorization", "authorization", "Proxy-Authorization", "AUTHORIZATION") +
				": Basic " + base64.StdEncoding.EncodeToString([]byte(user))
		}},
		"HTTP_COOKIE": {value: func(r *rand.Rand) string {
			pair := func() string {
				return pick(r, base62s, 1) + pick(r, base62s+"_-", 7) + "=" + pick(r, base62s+"%_-.", 4+r.IntN(30)) + pick(r, base62s, 1)
			}
			if r.IntN(2) == 0 {
				return one(r, "Cookie: ", "cookie: ") + pair() + strings.Repeat("; "+pair(), r.IntN(3))
			}
			return one(r, "Set-Cookie: ", "set-cookie: ") + pair() + one(r, "", "; Path=/", "; Path=/; HttpOnly; Secure",
				"; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=Lax", "; Max-Age=3600; Domain=example.com")
		}},
		"JSON_WEB_TOKEN": {value: func(r *rand.Rand) string {
			enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
			body := `{"sub":"` + num(r, 10) + `","iat":` + "17" + num(r, 8) + one(r, "", `,"admin":true`, `,"aud":["a","b"]`) + `}`
			if r.IntN(10) == 0 {
				return enc(`{"alg":"none"}`) + "." + enc(body) + "."
			}
			head := one(r, `{"alg":"HS256","typ":"JWT"}`, `{"typ":"JWT","alg":"RS256","kid":"k1"}`, `{ "alg": "ES256" }`)
			return enc(head) + "." + enc(body) + "." + pick(r, base62s+"_-", 42) + "A"
		}},
		"OPENSSH_PRIVATE_KEY": {value: func(r *rand.Rand) string {
			return armour(r, "OPENSSH PRIVATE KEY", "", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW", 70)
		}},
		"PGP_PRIVATE_KEY": {value: func(r *rand.Rand) string {
			s := armour(r, "PGP PRIVATE KEY BLOCK", one(r, "\n", "Version: GnuPG v2\n\n", "Comment: https://example.org\n\n"), "lQOYB"+pick(r, base64s, 59), 64)
			return strings.Replace(s, "\n-----END", "\n="+pick(r, base64s, 4)+"\n-----END", 1)
		}},
		"PKCS": {value: func(r *rand.Rand) string {
			label := one(r, "RSA PRIVATE KEY", "DSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PRIVATE KEY")
			s := armour(r, label, one(r, "", "", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"+pick(r, "0123456789ABCDEF", 32)+"\n\n"), "MII"+pick(r, base64s, 61), 64)
			if r.IntN(4) == 0 {
				s = strings.ReplaceAll(s, "\n", `\n`)
			}
			return s
		}},
		"PUTTY_PRIVATE_KEY": {value: func(r *rand.Rand) string {
			return "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: " + one(r, "none", "aes256-cbc") + "\nComment: rsa-key-" + num(r, 8) +
				"\nPublic-Lines: 2\n" + pick(r, base64s, 64) + "\n" + pick(r, base64s, 30) + "==\nPrivate-Lines: 1\n" + pick(r, base64s, 63) +
				"=\nPrivate-MAC: " + pick(r, "0123456789abcdef", 40)
		}},
	}
}

// armour makes a PEM block of a few lines.
func armour(r *rand.Rand, label, headers, firstLine string, width int) string {
	s := "-----BEGIN " + label + "-----\n" + headers + firstLine + "\n"
	for range 1 + r.IntN(5) {
		s += pick(r, base64s, width) + "\n"
	}
	return s + pick(r, base64s, 22) + "==\n-----END " + label + "-----"
}
