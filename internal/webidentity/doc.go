// Package webidentity verifies tokens of OpenID Connect issuers: for sts:AssumeRoleWithWebIdentity, and for people who sign in to the
// console with their company's identity provider.
//
// What it promises:
//
//   - A token counts only if its issuer and one of its audiences are configured, a key that the issuer publishes has signed it by one of
//     the asymmetric algorithms, and it has not expired. Issuer and audience are looked at before anything is asked of the issuer.
//   - What is fetched from an issuer is bounded in bytes, in time and in how often: tokens that name unknown keys cannot make a node ask
//     the issuer more than a few times a minute. Redirects are not followed. Everything goes over TLS, but for an issuer on this machine.
//   - A key that the issuer has withdrawn counts for a few minutes more ([Options.Fresh]); while the issuer cannot be reached, for an hour.
//   - Codes are redeemed with PKCE, and the token has to carry the nonce of the sign-in ([Login]).
//
// Who may do what is not decided here: the claims go to the trust policies of roles, which package identity asks. Start at verifier.go;
// issuer.go fetches, claims.go reads tokens, login.go is the code flow.
package webidentity
