// Package foreign gives both stores, through a desk, text that comes from
// outside: cursors, search words, channel keys. Each is fuzzed, and both stores
// have to answer alike, by the rule and not only without an error.
//
// Signed identities are put beside the usual libraries: what those sign is taken, what is
// taken they take, too, and what an attacker makes of one is refused.
//
// Suites of others are in testdata, with their licences beside the tests that read them.
package foreign
