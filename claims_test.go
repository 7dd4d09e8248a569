package charla_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const identityHead = `{"alg":"EdDSA","typ":"JWT"}`

// forge signs a header and claims with the account's secret token, whatever they are.
func (b *bench) forge(head, claims string) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(b.secret.Key(), []byte(signed)))
}

func (b *bench) verify(token string) (charla.Proof, error) {
	return b.account.VerifyIdentity(b.ctx, token)
}

// claim is a claim as it is written: its name and its value.
type claim struct{ name, value string }

// claims are the claims of an identity of the customer "u" for a minute, with changes
// by name; an empty value takes one out, a new name adds one behind.
func (b *bench) claims(changes ...claim) string {
	now := start.Unix()
	list := []claim{{"aud", fmt.Sprintf("%q", b.account.ID())}, {"sub", `"u"`}, {"iat", fmt.Sprint(now)}, {"exp", fmt.Sprint(now + 60)}}
next:
	for _, c := range changes {
		for i := range list {
			if list[i].name == c.name {
				list[i].value = c.value
				continue next
			}
		}
		list = append(list, c)
	}
	var parts []string
	for _, c := range list {
		if c.value != "" {
			parts = append(parts, fmt.Sprintf(`"%s":%s`, c.name, c.value))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestIdentityOfOthers: R7.1: what libraries make of the claims is an identity.
func TestIdentityOfOthers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	now, id := start.Unix(), b.account.ID().String()
	for _, head := range []string{
		identityHead, `{"alg":"EdDSA"}`, `{"typ":"jwt","alg":"Ed25519"}`, ` { "alg" : "EdDSA" , "kid" : "1" , "jwk" : {"a":[1]} } `, `{"alg":"EdDSA","cty":"x"}`,
	} {
		_, err := b.verify(b.forge(head, b.claims()))
		require.NoError(t, err, head)
	}
	for _, change := range [][]claim{
		{{"aud", `["` + id + `"]`}}, {{"aud", `["https://other.example","` + id + `"]`}},
		{{"iat", ""}}, {{"iat", fmt.Sprintf("%d.25", now)}}, {{"iat", fmt.Sprint(now + 60)}}, {{"iat", fmt.Sprintf("%d.0e0", now)}},
		{{"iat", ""}, {"exp", fmt.Sprint(now + 3660)}}, {{"exp", fmt.Sprint(now + 3600)}}, {{"exp", fmt.Sprintf("%d.5", now)}}, {{"exp", fmt.Sprintf("%de-1", (now+1)*10)}},
		{{"nbf", fmt.Sprint(now)}}, {{"nbf", fmt.Sprint(now + 60)}}, {{"nbf", "0"}}, {{"nbf", fmt.Sprintf("%d.5", now)}},
		{{"name", `null`}, {"email", `null`}}, {{"iss", `"x"`}, {"jti", `"y"`}, {"roles", `[{"a":{"b":null}}]`}}, {{"SUB", `"v"`}, {"ſub", `"v"`}, {"Exp", `1`}},
	} {
		p, err := b.verify(b.forge(identityHead, b.claims(change...)))
		require.NoError(t, err, "%v", change)
		assert.Equal(t, charla.Proof{Subject: "u"}, said(p))
	}
	for written, want := range map[string]string{
		`"\u0070e\u00f1a \uD83D\ude00"`: "peña 😀", `"a\/b\\"`: `a/b\`, `"` + strings.Repeat("ñ", chatcfg.MaxName) + `"`: strings.Repeat("ñ", chatcfg.MaxName),
	} {
		p, err := b.verify(b.forge(identityHead, b.claims(claim{"sub", written})))
		require.NoError(t, err, written)
		assert.Equal(t, want, p.Subject)
	}

	// The ends of what is said of time: on its edge, and just past it.
	token := b.forge(identityHead, b.claims(claim{"iat", ""}, claim{"nbf", fmt.Sprint(now + 70)}, claim{"exp", fmt.Sprintf("%d.5", now+100)}))
	for _, at := range []struct {
		after time.Duration
		good  bool
	}{
		{10*time.Second - 1, false},
		{10 * time.Second, true},
		{100*time.Second + 499*time.Millisecond, true},
		{100*time.Second + 500*time.Millisecond, false},
	} {
		b.clock.Set(start.Add(at.after))
		_, err := b.verify(token)
		assert.Equal(t, at.good, err == nil, "%s: %v", at.after, err)
	}
}

// TestForgedIdentities: R7.2: what is omitted, blank, null, of another type, written
// twice or in other letters, too long-lived or of the future is no identity, even if it
// is signed.
func TestForgedIdentities(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	now, id := start.Unix(), b.account.ID().String()
	_, err := b.verify(b.forge(identityHead, b.claims()))
	require.NoError(t, err)
	refused := func(token, what string) {
		t.Helper()
		p, err := b.verify(token)
		require.ErrorIs(t, err, charla.ErrIdentity, what)
		require.Zero(t, p, what)
	}
	for _, head := range []string{
		`{}`, ``, `null`, `[]`, `"EdDSA"`, `{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"RS256"}`, `{"alg":"ES256"}`, `{"alg":"Ed448"}`, `{"alg":"eddsa"}`, `{"alg":"ed25519"}`,
		`{"alg":"EDDSA"}`, `{"alg":"EdDSA "}`, `{"alg":["EdDSA"]}`, `{"alg":null}`, `{"ALG":"EdDSA"}`, `{"Alg":"EdDSA"}`, `{"alg":"none","ALG":"EdDSA"}`,
		`{"alg":"EdDSA","crit":["x"]}`, `{"alg":"EdDSA","crit":[]}`, `{"alg":"EdDSA","crit":null}`, `{"alg":"EdDSA","typ":"JWE"}`, `{"alg":"EdDSA","typ":"at+jwt"}`,
		`{"alg":"EdDSA","typ":""}`, `{"alg":"EdDSA","typ":null}`, `{"alg":"EdDSA","typ":["JWT"]}`, `{"alg":"none","alg":"EdDSA"}`, `{"alg":"EdDSA","\u0061lg":"EdDSA"}`,
		`{"alg":"EdDSA","kid":"\ud800"}`, "{\"alg\":\"EdDSA\",\"kid\":\"\xff\"}", `{"alg":"EdDSA"}{}`, `{"alg":"EdDSA",}`, `{"alg":"EdDSA","x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`,
	} {
		refused(b.forge(head, b.claims()), head)
	}
	for _, c := range []claim{
		{"sub", ``}, {"sub", `""`}, {"sub", `null`}, {"sub", `["u"]`}, {"sub", `1`}, {"sub", `" "`}, {"sub", `"\u200b"`}, {"sub", `"a\u0000"`}, {"sub", `{"a":"u"}`}, {"sub", `true`},
		{"sub", `"ana\ud83d"`}, {"sub", `"ana\ude00"`}, {"sub", "\"pe\xf1a\""}, {"sub", "\"pe\xe9a\""}, {"sub", `"` + strings.Repeat("a", chatcfg.MaxName+1) + `"`},
		{"aud", ``}, {"aud", `""`}, {"aud", `null`}, {"aud", `[]`}, {"aud", `["x"]`}, {"aud", `[["` + id + `"]]`}, {"aud", `["` + id + `",1]`}, {"aud", `["` + id + `",null]`},
		{"aud", `"` + strings.ToUpper(id) + `"`}, {"aud", `"` + id + ` "`}, {"aud", `{"a":"` + id + `"}`}, {"aud", `"x,` + id + `"`},
		{"exp", ``}, {"exp", `null`}, {"exp", fmt.Sprint(now)}, {"exp", fmt.Sprintf("%d.0", now)}, {"exp", fmt.Sprintf(`"%d"`, now+60)}, {"exp", fmt.Sprint(now + 3601)}, {"exp", fmt.Sprintf("%d.5", now+3600)},
		{"exp", `9223372036854775807`}, {"exp", `18446744073709551616`}, {"exp", `1e99`}, {"exp", `1e400`}, {"exp", `-1`}, {"exp", `true`}, {"exp", `[1]`}, {"exp", `1e-400`}, {"exp", "1" + strings.Repeat("0", 900)},
		{"iat", `null`}, {"iat", fmt.Sprint(now + 61)}, {"iat", fmt.Sprintf("%d.5", now+60)}, {"iat", `-9223372036854775808`}, {"iat", `-1e400`}, {"iat", `0`}, {"iat", `""`}, {"iat", fmt.Sprint(now - 3541)},
		{"nbf", `null`}, {"nbf", fmt.Sprint(now + 61)}, {"nbf", fmt.Sprintf("%d.1", now+60)}, {"nbf", `1e99`}, {"nbf", `1e400`}, {"nbf", `"0"`}, {"nbf", `-1`}, {"nbf", `[]`},
		{"name", `1`}, {"name", `["a"]`}, {"name", `"\ud800"`}, {"email", `{}`}, {"email", "\"\xe9\""}, {"x", `"\udfff"`}, {"x", `{"a":1,"a":1}`}, {"\\ud800", `1`}, {"x", "\"\xff\""},
		{"x", `{"a":["\ud800"]}`}, {"x", strings.Repeat("[", 20) + strings.Repeat("]", 20)}, {"x", `1 1`}, {"x", `1}{"a":1`}, {"x", `NaN`}, {"x", `'a'`},
		{`s\u0075b`, `"u"`}, {`a\u0075d`, `"` + id + `"`}, {`ex\u0070`, fmt.Sprint(now + 60)},
	} {
		refused(b.forge(identityHead, b.claims(c)), fmt.Sprintf("%.100v", c))
	}
	for _, name := range []string{"aud", "sub", "exp"} { // in other letters only, and twice
		value := map[string]string{"aud": `"` + id + `"`, "sub": `"u"`, "exp": fmt.Sprint(now + 60)}[name]
		refused(b.forge(identityHead, b.claims(claim{name, ""}, claim{strings.ToUpper(name), value})), name)
		refused(b.forge(identityHead, strings.TrimSuffix(b.claims(), "}")+`,"`+name+`":`+value+`}`), name)
		refused(b.forge(identityHead, `{"`+name+`":`+value+`,`+b.claims()[1:]), name)
	}
	refused(b.forge(identityHead, b.claims(claim{"iat", ""}, claim{"exp", fmt.Sprint(now + 3661)})), "for more than an hour, issued when?")
	good := b.forge(identityHead, b.claims())
	head, rest, _ := strings.Cut(good, ".")
	for _, token := range []string{
		"", ".", "..", "a.b.c", good + ".", "." + good, good + "=", " " + good, good + "\n", head + "\n." + rest, head + "=." + rest, strings.ReplaceAll(good, ".", "\r\n."),
		head, head + "." + rest[:strings.Index(rest, ".")], head + "." + rest[:strings.Index(rest, ".")] + ".", strings.Repeat("a", 1<<20),
		b.forge(identityHead, b.claims(claim{"x", `"` + strings.Repeat("a", 4096) + `"`})), b.forge(identityHead, b.claims()+"\x00"), b.forge(identityHead, "\ufeff"+b.claims()), b.forge(identityHead, ""),
	} {
		refused(token, fmt.Sprintf("%.100q", token))
	}
}

// TestSignIdentityRefuses: what VerifyIdentity would refuse is not signed.
func TestSignIdentityRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for _, lasts := range []time.Duration{0, -1, charla.MaxIdentity + 1} {
		_, err := charla.SignIdentity(b.secret, b.account.ID(), charla.Proof{Subject: "u"}, start, lasts)
		require.ErrorIs(t, err, charla.ErrIdentity)
	}
	_, err := charla.SignIdentity(charla.Secret{}, b.account.ID(), charla.Proof{Subject: "u"}, start, time.Minute)
	require.ErrorIs(t, err, charla.ErrSecret)
	for _, p := range []charla.Proof{
		{Provider: "google", Subject: "u"}, {Subject: "u", Name: "pe\xf1a"}, {Subject: "u", Email: "\xff@example.com"}, {Subject: "u", Name: strings.Repeat("a", 4096)},
	} {
		_, err := charla.SignIdentity(b.secret, b.account.ID(), p, start, time.Minute)
		require.ErrorIs(t, err, charla.ErrIdentity)
	}
	for _, subject := range []string{"", " ", "pe\xf1a", "a\x00"} {
		_, err := charla.SignIdentity(b.secret, b.account.ID(), charla.Proof{Subject: subject}, start, time.Minute)
		require.Error(t, err)
	}
}

// TestSubjectsStayApart: R7.2: two subjects that the host writes differently, character
// by character, are never one customer: whatever the way they are written in, each is
// refused or is itself.
func TestSubjectsStayApart(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	// What is written, and what the host means by it: UTF-16, where a unit above it is a
	// byte that is no UTF-8.
	type piece struct {
		written string
		meant   []rune
	}
	pieces := []piece{
		{"\xf1", []rune{0x100f1}}, {"\xe9", []rune{0x100e9}}, {"\xc3", []rune{0x100c3}}, {`\ufffd`, []rune{0xfffd}}, {"\ufffd", []rune{0xfffd}},
		{`\ud83d`, []rune{0xd83d}}, {`\uD83E`, []rune{0xd83e}}, {`\ude00`, []rune{0xde00}}, {`\udd16`, []rune{0xdd16}}, {"😀", []rune{0xd83d, 0xde00}}, {`\ud83d\ude00`, []rune{0xd83d, 0xde00}},
		{"a", []rune{'a'}}, {"A", []rune{'A'}}, {`\u0061`, []rune{'a'}}, {"ñ", []rune{'ñ'}}, {"n\u0303", []rune{'n', 0x303}}, {" ", []rune{' '}}, {`\u00a0`, []rune{0xa0}}, {`\u200b`, []rune{0x200b}},
		{"ſ", []rune{'ſ'}}, {"s", []rune{'s'}}, {"K", []rune{'K'}}, {"\u212a", []rune{0x212a}}, {"a", []rune{'a'}}, {`\/`, []rune{'/'}}, {"/", []rune{'/'}}, {`%2F`, []rune("%2F")}, {":", []rune{':'}},
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	taken, refused := map[string]string{}, 0
	conversations := map[string]string{}
	for range 1500 {
		var written strings.Builder
		var meant []rune
		for range 1 + chance.IntN(3) {
			p := pieces[chance.IntN(len(pieces))]
			written.WriteString(p.written)
			meant = append(meant, p.meant...)
		}
		p, err := b.verify(b.forge(identityHead, b.claims(claim{"sub", `"` + written.String() + `"`})))
		if err != nil {
			require.ErrorIs(t, err, charla.ErrIdentity)
			refused++
			continue
		}
		host := fmt.Sprintf("%x", meant)
		units := make([]uint16, len(meant))
		for i, r := range meant {
			require.Less(t, r, rune(0x10000), "%q is taken", written.String())
			units[i] = uint16(r)
		}
		require.Equal(t, units, utf16.Encode([]rune(p.Subject)), "%q became another", written.String())
		if before, ok := taken[p.Subject]; ok {
			require.Equal(t, before, host, "%q is two", p.Subject)
			continue
		}
		taken[p.Subject] = host
		s, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &p})
		require.NoError(t, err)
		before, ok := conversations[b.session(s).Conversation.String()]
		require.False(t, ok, "%q and %q are one customer", before, p.Subject)
		conversations[b.session(s).Conversation.String()] = p.Subject
	}
	require.Greater(t, len(taken), 100)
	require.Greater(t, refused, 100)
}
