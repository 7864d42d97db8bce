// A certificate for 127.0.0.1, ::1 and localhost that nobody trusts but the tests that name it. Its key is no secret.

/** In PEM, for `fixtureProxy`; a client trusts it by `tls.setDefaultCACertificates` or NODE_EXTRA_CA_CERTS. */
export const loopbackCertificate: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgADyDo+4D7ym7v2YF
OVIxLMvEzHSe/VUxFrdwwB8O/BShRANCAAQ+PFvVIeOxTpCH/3BCTDzFAqM0LseG
UUgP7GogOktRJKQROt3zncBT2FxGsQHjRvvzLsSzVYiZWEcLvIr2aUi6
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBoDCCAUWgAwIBAgIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNsb29wYmFj
ayB0ZXN0IHByb3h5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAe
MRwwGgYDVQQDDBNsb29wYmFjayB0ZXN0IHByb3h5MFkwEwYHKoZIzj0CAQYIKoZI
zj0DAQcDQgAEPjxb1SHjsU6Qh/9wQkw8xQKjNC7HhlFID+xqIDpLUSSkETrd853A
U9hcRrEB40b78y7Es1WImVhHC7yK9mlIuqNyMHAwDwYDVR0TAQH/BAUwAwEB/zAd
BgNVHQ4EFgQUT4uChyg9CvaDHKX1RjZoJZvUvWowPgYDVR0RBDcwNYcEfwAAAYcQ
AAAAAAAAAAAAAAAAAAAAAYcQAAAAAAAAAAAAAP//fwAAAYIJbG9jYWxob3N0MAoG
CCqGSM49BAMCA0kAMEYCIQDi5o4denl9FLJDfwQP5mU2xutCAXaDtCFCQEjkX9y9
TAIhANpP4J8Rd5MZvhOU/6DwTav4j6R7qIQRtlBdUBaa0t3G
-----END CERTIFICATE-----
`,
};
