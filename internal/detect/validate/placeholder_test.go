package validate

import (
	"strings"
	"testing"
)

// TestPlaceholderKeys: what people write where a key stood is none, however long and in
// whatever form of block; real keys with runs of zeros are.
func TestPlaceholderKeys(t *testing.T) {
	bodies := []string{"...", "<redacted>", "[REDACTED]", "***", "", "REDACTEDREDACTEDREDACTED", "YOURPRIVATEKEYGOESHERE", "yourPrivateKeyGoesHere",
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", "0123456789012345678901234567890123456789", "xXxXxXxXxXxXxXxXxXxXxXxX",
		"MIIEpAIBAAKCAQEA\n" + strings.Repeat("x", 64) + "\n" + strings.Repeat("x", 64)}
	for _, c := range "xXA0a+/" {
		for _, n := range []int{16, 40, 64} {
			line := strings.Repeat(string(c), n)
			bodies = append(bodies, line, line+"\n"+line+"\n"+line[:n/2], line+`\n`+line, line[:n-2]+"==")
		}
	}
	kinds := map[string]Func{"RSA PRIVATE KEY": PKCSKey, "DSA PRIVATE KEY": PKCSKey, "EC PRIVATE KEY": PKCSKey, "ENCRYPTED PRIVATE KEY": PKCSKey, "PRIVATE KEY": PKCSKey,
		"OPENSSH PRIVATE KEY": OpenSSHKey, "PGP PRIVATE KEY BLOCK": PGPKey}
	block := func(label, headers, body string) []byte {
		return []byte("-----BEGIN " + label + "-----\n" + headers + body + "\n-----END " + label + "-----\n")
	}
	for label, find := range kinds {
		for _, body := range bodies {
			for _, headers := range []string{"", "Comment: a key of 2026\n\n"} {
				if text := block(label, headers, body); find(text, 0) >= 0 {
					t.Errorf("a key: %q", text)
				}
			}
		}
		for _, body := range []string{
			"MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\nKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==",
			"MHcCAQEEIIrYSSNQFaA2Hwf1",
			"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\nQyNTUxOQAAACB6",
		} {
			if text := block(label, "", body); find(text, 0) != len(text)-1 {
				t.Errorf("no key: %q", text)
			}
		}
	}
	const putty = "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: rsa-key-20200101\nPublic-Lines: 1\nAAAAB3NzaC1yc2EAAAABJQAAAQEAhVo\nPrivate-Lines: 1\nBODY\nPrivate-MAC: 6f1e3c2a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f"
	for body, want := range map[string]bool{"AAABAQCE+/8=": true, strings.Repeat("x", 64): false, strings.Repeat("A", 22) + "==": false, "REDACTEDREDACTED": false} {
		if got := PuTTYKey([]byte(strings.Replace(putty, "BODY", body, 1)), 0) >= 0; got != want {
			t.Errorf("PuTTY key of %s: %v", body, got)
		}
	}
}
