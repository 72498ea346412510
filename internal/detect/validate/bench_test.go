package validate

import (
	"fmt"
	"testing"
)

// BenchmarkFunc measures a match and a near miss per family of matchers.
func BenchmarkFunc(b *testing.B) {
	for _, id := range []string{
		"AWS_CREDENTIALS", "JSON_WEB_TOKEN", "PKCS", "HTTP_COOKIE", "CREDIT_CARD_NUMBER", "GERMANY_BANK_ACCOUNT_NUMBER",
		"SWEDEN_BANK_ACCOUNT_NUMBER", "USA_SOCIAL_SECURITY_NUMBER", "DRIVERS_LICENSE", "CANADA_DRIVERS_LICENSE",
		"SPAIN_DNI_NUMBER", "COLOMBIA_INDIVIDUAL_NIT_NUMBER", "PHONE_NUMBER", "GERMANY_PHONE_NUMBER", "DATE_OF_BIRTH",
		"LATITUDE_LONGITUDE", "MEDICAL_DEVICE_UDI", "VEHICLE_IDENTIFICATION_NUMBER",
	} {
		s := All[id]
		for _, c := range []struct{ name, text string }{{"match", examples[id].yes[0]}, {"miss", examples[id].no[0]}} {
			text := []byte(c.text + " and so on, 12")
			b.Run(fmt.Sprintf("%s/%s", id, c.name), func(b *testing.B) {
				for b.Loop() {
					s.Func(text, 0)
				}
			})
		}
	}
}

// BenchmarkTable offers every start in a line of a table to every matcher whose
// First admits it, as an engine without any better prefilter would.
func BenchmarkTable(b *testing.B) {
	text := []byte("10423,Jane,Doe,536-90-4399,4242 4242 4242 4242,1980-12-31,+1 206 555 0100,DE89370400440532013000,AB123456C\n")
	ids := IDs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, id := range ids {
			s := All[id]
			if s.Func == nil {
				continue
			}
			for i, c := range text {
				if s.First.Has(c) {
					s.Func(text, i)
				}
			}
		}
	}
}
