package foreign_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// issuer is a host that signs identities, and the desk that reads them, at an instant.
type issuer struct {
	t       *testing.T
	now     time.Time
	account *charla.Account
	key     ed25519.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Clock: mock})
	require.NoError(t, err)
	account, secret, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
	require.NoError(t, err)
	return &issuer{t, mock.Now(), account, secret.Key()}
}

func (i *issuer) verify(token string) (charla.Proof, error) {
	return i.account.VerifyIdentity(i.t.Context(), token)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// sign signs a header and claims, whatever they are.
func (i *issuer) sign(header, claims string) string {
	signed := encode([]byte(header)) + "." + encode([]byte(claims))
	return signed + "." + encode(ed25519.Sign(i.key, []byte(signed)))
}

// TestIdentitiesOfLibraries: R1.7, R7.1: what the usual libraries sign, in each of their
// ways to say it, is an identity.
func TestIdentitiesOfLibraries(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	id := i.account.ID().String()
	want := charla.Proof{Subject: "peña 😀/1", Name: "Juan <Peña>", Email: "juan@example.com"}
	claims := map[string]any{
		"aud": id, "sub": want.Subject, "name": want.Name, "email": want.Email, "iat": i.now.Unix(), "nbf": i.now.Unix(), "exp": i.now.Add(time.Hour).Unix(),
	}
	var tokens []string
	add := func(token string, err error) {
		require.NoError(t, err)
		tokens = append(tokens, token)
	}
	lists := map[string]any{"aud": []string{"https://other.example", id}, "iat": float64(i.now.UnixMilli()) / 1000, "exp": float64(i.now.UnixMilli())/1000 + 0.5, "nbf": nil, "iss": "tienda", "jti": "1"}
	for _, changes := range []map[string]any{nil, lists, {"iat": nil}} {
		c := jwt.MapClaims{}
		for name, value := range claims {
			c[name] = value
		}
		for name, value := range changes {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}
		add(jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(i.key))
		with := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
		with.Header["kid"] = "2026"
		delete(with.Header, "typ")
		add(with.SignedString(i.key))
		for _, options := range []*jose.SignerOptions{nil, (&jose.SignerOptions{}).WithType("JWT"), (&jose.SignerOptions{EmbedJWK: true}).WithType("jwt")} {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: i.key}, options)
			require.NoError(t, err)
			add(josejwt.Signed(signer).Claims(map[string]any(c)).Serialize())
		}
	}
	type person struct {
		jwt.RegisteredClaims
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	add(jwt.NewWithClaims(jwt.SigningMethodEdDSA, person{jwt.RegisteredClaims{
		Subject: want.Subject, Audience: jwt.ClaimStrings{id}, IssuedAt: jwt.NewNumericDate(i.now), ExpiresAt: jwt.NewNumericDate(i.now.Add(time.Minute)),
	}, want.Name, want.Email}).SignedString(i.key))
	for _, token := range tokens {
		got, err := i.verify(token)
		require.NoError(t, err, token)
		assert.Equal(t, []string{want.Subject, want.Name, want.Email}, []string{got.Subject, got.Name, got.Email})
	}
	require.Len(t, tokens, 16)
}

// parts are the members of an object as they are written, in their order.
type parts [][2]string

func (p parts) String() string {
	members := make([]string, 0, len(p))
	for _, one := range p {
		members = append(members, one[0]+":"+one[1])
	}
	return "{" + strings.Join(members, ",") + "}"
}

// attack is a token that must be refused.
type attack struct{ what, token string }

// attacks are made of a good identity, each by one change.
func (i *issuer) attacks() []attack {
	id, now := i.account.ID().String(), i.now.Unix()
	header := parts{{`"alg"`, `"EdDSA"`}, {`"typ"`, `"JWT"`}}
	claims := parts{{`"aud"`, `"` + id + `"`}, {`"sub"`, `"u"`}, {`"exp"`, fmt.Sprint(now + 60)}, {`"iat"`, fmt.Sprint(now)}, {`"nbf"`, fmt.Sprint(now)}, {`"name"`, `"Ana"`}}
	var all []attack
	add := func(what, token string) { all = append(all, attack{what, token}) }
	body := func(p string) { add("claims "+p, i.sign(header.String(), p)) }
	head := func(p string) { add("header "+p, i.sign(p, claims.String())) }
	with := func(p parts, at int, name, value string) string {
		p = append(parts{}, p...)
		p[at] = [2]string{name, value}
		return p.String()
	}
	broken := []string{`"\ud83d"`, `"\ude00"`, `"ana\ud83d"`, `"\ud83d\ud83e"`, `"\ud83dana"`, "\"pe\xf1a\"", "\"pe\xe9a\"", "\"\xed\xa0\xbd\"", "\"\xc0\x80\"", "\"\xf5\x80\x80\x80\"", "\"a\x00\"", "\"a\nb\"", `"a`, `'a'`, `"\x61"`, `"\u12"`}
	for at, one := range claims {
		for _, value := range append(broken, `{"a":1,"a":2}`, `{}`, `[1]`, `[null]`, `true`, ``, `NaN`, `Infinity`, `01`, `+1`, `.5`, `1.`, `0x10`, `u`) {
			body(with(claims, at, one[0], value))
		}
		name := one[0]
		for _, twin := range []string{name, `"\u00` + fmt.Sprintf("%02x", name[1]) + name[2:]} { // twice, also in an escape
			body("{" + twin + ":" + one[1] + "," + claims.String()[1:])
			body(strings.TrimSuffix(claims.String(), "}") + "," + twin + ":" + one[1] + "}")
		}
		if at < 3 { // required: in other letters it is missing
			for _, other := range []string{strings.ToUpper(name), `"` + strings.ToUpper(name[1:2]) + name[2:], name[:1] + " " + name[1:], name[:len(name)-1] + `\u0000"`, strings.ReplaceAll(name, "s", "ſ") + " ", `"x"`} {
				if other != name+" " {
					body(with(claims, at, other, one[1]))
				}
			}
			body(append(append(parts{}, claims[:at]...), claims[at+1:]...).String())
		}
	}
	for _, value := range []string{`""`, `" "`, `"\u200b"`, `"\u0000"`, `"a\u0007"`, `null`, `1`, `"` + strings.Repeat("a", chatcfg.MaxName+1) + `"`, `["u"]`} {
		body(with(claims, 1, `"sub"`, value))
	}
	for _, value := range []string{`""`, `[]`, `null`, `"*"`, `["*"]`, `["x","y"]`, `"` + strings.ToUpper(id) + `"`, `"` + id + ` "`, `" ` + id + `"`, `[["` + id + `"]]`, `["` + id + `",{}]`, `["` + id + `",7]`, `{"` + id + `":1}`,
		`"` + strings.ReplaceAll(id, "-", "") + `"`, `"urn:uuid:` + id + `"`, `"{` + id + `}"`, `"` + id[:len(id)-1] + `"`, `["` + id + `","\ud800"]`} {
		body(with(claims, 0, `"aud"`, value))
	}
	huge := []string{`1e400`, `-1e400`, `1e99`, `-1`, `-0.5`, `9223372036854775807`, `9223372036854775808`, `18446744073709551617`, `-9223372036854775808`, `253402300800`, "1" + strings.Repeat("0", 400), `null`, `"1"`, `[1]`, `{"a":1}`}
	for at := 2; at <= 4; at++ {
		for _, value := range huge {
			body(with(claims, at, claims[at][0], value))
		}
	}
	for _, late := range []string{"0", "1", fmt.Sprint(now), fmt.Sprint(now - 1), fmt.Sprintf("%d.999", now-1), fmt.Sprint(now + 3601), fmt.Sprintf("%d.25", now+3600), fmt.Sprint(now * 1000)} {
		body(with(claims, 2, `"exp"`, late))
	}
	for _, early := range []string{fmt.Sprint(now + 61), fmt.Sprintf("%d.25", now+60), fmt.Sprint(now * 1000), fmt.Sprint(now + 86400)} {
		body(with(claims, 3, `"iat"`, early))
		body(with(claims, 4, `"nbf"`, early))
	}
	for _, old := range []string{"0", "1", fmt.Sprint(now - 3541), fmt.Sprint(now - 86400)} {
		body(with(claims, 3, `"iat"`, old))
	}
	good := claims.String()
	for _, p := range []string{
		``, `{}`, `null`, `[]`, `""`, `[` + good + `]`, `"` + strings.ReplaceAll(good, `"`, `\"`) + `"`, good + good, good + ` x`, good + "\x00", good + `,`, good + `}`, "\ufeff" + good, "\xff" + good, good + "\xff", good[:len(good)-1], good[1:],
		strings.Replace(good, "{", "{,", 1), strings.Replace(good, ",", ",,", 1), strings.Replace(good, "}", ",}", 1), strings.Replace(good, ":", "=", 1), strings.Replace(good, "{", "{/**/", 1), strings.Replace(good, "{", "{\v", 1), strings.Replace(good, "{", "{\u00a0", 1),
		strings.Replace(good, "{", `{"x":`+strings.Repeat("[", 17)+strings.Repeat("]", 17)+",", 1), strings.Replace(good, "{", `{"x":`+strings.Repeat(`{"x":`, 100)+"1"+strings.Repeat("}", 100)+",", 1), strings.Replace(good, "{", `{"x":"`+strings.Repeat("a", 4096)+`",`, 1),
	} {
		body(p)
	}
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `""`, `null`, `"HS256"`, `"HS512"`, `"RS256"`, `"PS256"`, `"ES256"`, `"ES256K"`, `"Ed448"`, `"eddsa"`, `"EDDSA"`, `"ed25519"`, `"EdDSA "`, `" EdDSA"`, `"EdDSA\u0000"`, `"EdDſA"`, `["EdDSA"]`, `{"alg":"EdDSA"}`, `true`, `1`} {
		head(with(header, 0, `"alg"`, alg))
	}
	for _, typ := range append(broken, `""`, `null`, `"JWE"`, `"JWS"`, `"at+jwt"`, `"dpop+jwt"`, `"JWT "`, `"JWT\u0000"`, `["JWT"]`, `1`) {
		head(with(header, 1, `"typ"`, typ))
		head(with(header, 0, `"alg"`, typ))
	}
	for _, more := range []string{`"crit":["exp"]`, `"crit":[]`, `"crit":null`, `"crit":["b64"],"b64":false`, `"crit":"x"`, `"alg":"EdDSA"`, `"alg":"none"`, `"typ":"JWT"`, `"\u0061lg":"none"`, `"kid":"\ud800"`, "\"kid\":\"\xff\"", `"\udfff":1`, `"jwk":{"kty":"OKP","kty":"OKP"}`} {
		head(strings.TrimSuffix(header.String(), "}") + "," + more + "}")
	}
	for _, p := range []string{``, `{}`, `null`, `[]`, `{"typ":"JWT"}`, `{"ALG":"EdDSA"}`, `{"Alg":"EdDSA","typ":"JWT"}`, `["EdDSA"]`, header.String() + `{}`, header.String() + "\x00", "\ufeff" + header.String()} {
		head(p)
	}
	return append(all, i.unsigned(header.String(), good)...)
}

// unsigned are tokens whose signature is not one.
func (i *issuer) unsigned(header, claims string) []attack {
	var all []attack
	add := func(what, token string) { all = append(all, attack{what, token}) }
	token := i.sign(header, claims)
	p := strings.Split(token, ".")
	for name, one := range map[string]string{
		"no signature": p[0] + "." + p[1] + ".", "two parts": p[0] + "." + p[1], "four parts": token + "." + p[2], "padded": token + "==", "a part padded": p[0] + "==." + p[1] + "." + p[2],
		"a line end": token + "\n", "a line end in the claims": p[0] + "." + p[1][:8] + "\r\n" + p[1][8:] + "." + p[2], "a line end in the signature": p[0] + "." + p[1] + "." + p[2][:8] + "\n" + p[2][8:], "white space": " " + token, "a space inside": p[0] + ". " + p[1] + "." + p[2],
		"parts exchanged": p[1] + "." + p[0] + "." + p[2], "an empty header": "." + p[1] + "." + p[2], "empty claims": p[0] + ".." + p[2], "empty": "", "dots": "..", "signature cut": token[:len(token)-2], "signature twice": token + p[2], "zeros": p[0] + "." + p[1] + "." + encode(make([]byte, 64)),
	} {
		add(name, one)
	}
	for at := range token { // each character's lowest bit
		flipped := []byte(token)
		flipped[at] ^= 1
		add(fmt.Sprint("bit of character ", at), string(flipped))
	}
	// The last character of 64 bytes has four bits that mean nothing.
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, token[len(token)-1])
	for bits := 1; bits < 16; bits++ {
		add("other bits at the end", token[:len(token)-1]+letters[last^bits:last^bits+1])
	}
	// S + L is the same signature to a verifier that does not look.
	sum, _ := base64.RawURLEncoding.DecodeString(p[2])
	order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
	carry := 0
	for at := range order {
		carry += int(sum[32+at]) + int(order[at])
		sum[32+at], carry = byte(carry), carry>>8
	}
	add("S + L", p[0]+"."+p[1]+"."+encode(sum))

	public, err := json.Marshal(jose.JSONWebKey{Key: i.key.Public()})
	require.NoError(i.t, err)
	_, otherKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(i.t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(i.t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(i.t, err)
	var c jwt.MapClaims
	require.NoError(i.t, json.Unmarshal([]byte(claims), &c))
	for _, one := range []struct {
		method jwt.SigningMethod
		key    any
	}{
		{jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType},
		{jwt.SigningMethodHS256, []byte(i.key.Public().(ed25519.PublicKey))}, {jwt.SigningMethodHS512, []byte(i.key.Public().(ed25519.PublicKey))}, {jwt.SigningMethodHS256, public}, {jwt.SigningMethodHS256, []byte{}},
		{jwt.SigningMethodRS256, rsaKey}, {jwt.SigningMethodPS256, rsaKey}, {jwt.SigningMethodES256, curve}, {jwt.SigningMethodEdDSA, otherKey},
	} {
		token, err := jwt.NewWithClaims(one.method, c).SignedString(one.key)
		require.NoError(i.t, err)
		add("by "+one.method.Alg(), token)
	}
	return all
}

// TestAttackedIdentities: R7.2: each change of an identity that is no identity is refused.
func TestAttackedIdentities(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	id, now := i.account.ID().String(), i.now.Unix()
	_, err := i.verify(i.sign(`{"alg":"EdDSA","typ":"JWT"}`, fmt.Sprintf(`{"aud":%q,"sub":"u","exp":%d,"iat":%d,"nbf":%d,"name":"Ana"}`, id, now+60, now, now)))
	require.NoError(t, err, "what they are made of")
	all := i.attacks()
	t.Logf("%d attacks", len(all))
	require.Greater(t, len(all), 400)
	for _, a := range all {
		p, err := i.verify(a.token)
		require.ErrorIs(t, err, charla.ErrIdentity, "%.200q", a.what)
		require.Zero(t, p)
	}
}

// TestIdentitiesAgree: what charla takes, golang-jwt takes too, and both see the same
// subject: of claims put together at random.
func TestIdentitiesAgree(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	id, now := i.account.ID().String(), i.now.Unix()
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience(id), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(time.Minute),
		jwt.WithTimeFunc(func() time.Time { return i.now }))
	times := []string{fmt.Sprint(now), fmt.Sprint(now + 60), fmt.Sprintf("%d.5", now+60), fmt.Sprint(now + 61), fmt.Sprint(now + 3600), fmt.Sprint(now - 1), fmt.Sprintf("%d.75", now-30), fmt.Sprintf("%de-2", (now+30)*100), "0", "null", `"1"`, "1e400"}
	values := map[string][]string{
		"aud": {`"` + id + `"`, `"` + id + `"`, `["` + id + `"]`, `["x","` + id + `"]`, `"x"`, `[]`, `null`}, "sub": {`"u"`, `"u"`, `"\u0075"`, `"u\u0000"`, `"\ud83d\ude00"`, `"\ud83d"`, "\"\xf1\"", `""`, `1`},
		"exp": times, "iat": times, "nbf": times, "SUB": {`"v"`}, "ſub": {`"v"`}, "Exp": {"1"}, "x": {`{"a":[1,{}]}`},
	}
	names := []string{"aud", "sub", "exp", "aud", "sub", "exp", "iat", "nbf", "SUB", "ſub", "Exp", "x"}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := mathrand.New(mathrand.NewPCG(seed, 1))
	taken := 0
	for range 5000 {
		var list parts
		for at, name := range names {
			if at < 3 || chance.IntN(10) == 0 || (name == "iat" || name == "nbf") && chance.IntN(2) == 0 {
				list = append(list, [2]string{`"` + name + `"`, values[name][chance.IntN(len(values[name]))]})
			}
		}
		chance.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
		token := i.sign(`{"alg":"EdDSA"}`, list.String())
		got, err := i.verify(token)
		if err != nil {
			continue
		}
		taken++
		theirs, err := parser.Parse(token, func(*jwt.Token) (any, error) { return i.key.Public(), nil })
		require.NoError(t, err, list.String())
		subject, err := theirs.Claims.GetSubject()
		require.NoError(t, err)
		require.Equal(t, subject, got.Subject)
		require.False(t, bytes.ContainsRune([]byte(got.Subject), '\ufffd'))
	}
	t.Logf("%d taken", taken)
	require.Greater(t, taken, 50)
}
