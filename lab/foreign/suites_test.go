package foreign_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.4: the addresses of isemail (npm 2.0.0, test/tests.json; its licence is beside it), with
// what isemail says of each: what it finds valid, whether such a host exists or not, is taken as it is, what
// it finds wrong is refused. In between is what a rule of RFC 5321 or 5322 allows and hardly
// anybody has; refused lists why we refuse it.
func TestIsEmail(t *testing.T) {
	t.Parallel()
	const (
		literal = "an address literal, not a domain"
		quoted  = "a quoted local part"
		comment = "comments, and white space inside"
		long    = "longer than RFC 5321 allows"
		none    = "no mail server takes it"
	)
	refused := map[string]string{
		"rfc5321TLD": "one label", "rfc5321TLDNumeric": "an IP address, or read as one by browsers",
		"rfc5321QuotedString": quoted, "deprecatedLocalPart": quoted, "deprecatedQP": quoted, "deprecatedQTEXT": quoted,
		"rfc5322LocalTooLong": long, "rfc5322LabelTooLong": long, "rfc5322TooLong": long, "rfc5322DomainTooLong": long,
		"cfwsComment": comment, "cfwsFWS": comment, "deprecatedFWS": comment, "deprecatedComment": comment, "deprecatedCTEXT": comment, "deprecatedCFWSNearAt": comment,
		"rfc5322Domain": none, "rfc5321AddressLiteral": literal, "deprecatedIPv6": literal, "rfc5322DomainLiteral": literal, "rfc5322DomainLiteralOBSDText": literal,
		"rfc5322IPv6GroupCount": literal, "rfc5322IPv6BadCharacter": literal, "rfc5322IPv6MaxGroups": literal, "rfc5322IPv6ColonStart": literal,
		"rfc5322IPv6ColonEnd": literal, "rfc5322IPv62x2xColon": literal,
	}
	// Where white space is all that is wrong, and stands outside, it was pasted and is dropped.
	pasted := map[string]string{" test @iana.org": "test@iana.org", " test@iana.org": "test@iana.org", "test@iana.org ": "test@iana.org"}
	const oneLabel = "test@io" // isemail has "test@org" as rfc5321TLD, and this one as valid

	raw, err := os.ReadFile("testdata/isemail/tests.json")
	require.NoError(t, err)
	var rows [][2]string
	require.NoError(t, json.Unmarshal(raw, &rows))
	assert.Len(t, rows, 185)
	valid, met := 0, map[string]bool{}
	for _, row := range rows {
		typed, says := row[0], row[1]
		want := ""
		switch {
		case typed == oneLabel || strings.HasPrefix(says, "err"):
		case says == "valid" || strings.HasPrefix(says, "dnsWarn"):
			want = typed
			valid++
		default:
			require.NotEmpty(t, refused[says], "%q is %s", typed, says)
			met[says] = true
			want = pasted[typed]
		}
		got, err := chatcfg.ParseEmail(typed)
		assert.Equal(t, want, got, "%q is %s", typed, says)
		assert.Equal(t, want == "", err != nil, "%q is %s", typed, says)
	}
	assert.Equal(t, 20, valid)
	assert.Len(t, met, len(refused), "each kind of refusal occurs")
}

// R1.7: the signatures of Wycheproof (github.com/c2sp/wycheproof at 3fa63dd, ed25519_test.json;
// Apache License 2.0, beside it) as those of identities: number, result, flags, public key,
// message, signature. None of the messages is an identity, but of an invalid signature
// charla says that it is not by the account's token. Nothing differs.
func TestWycheproof(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := storage.NewMemory()
	desk, err := charla.New(store, nil)
	require.NoError(t, err)
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	require.NoError(t, err)
	bytes := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	count := map[string]int{}
	for _, row := range table(t, "testdata/wycheproof/ed25519.tsv", 6) {
		number, result, flags := row[0], row[1], row[2]
		record, err := store.Accounts().Get(ctx, account.ID())
		require.NoError(t, err)
		record.Revision++
		record.Secrets = []chatcfg.Secret{{PublicKey: bytes(row[3])}}
		require.NoError(t, store.Accounts().Save(ctx, record))

		p, err := account.VerifyIdentity(ctx, string(bytes(row[4]))+"."+encode(bytes(row[5])))
		require.ErrorIs(t, err, charla.ErrIdentity, number)
		assert.Zero(t, p)
		signed := !strings.Contains(err.Error(), "not signed by the account's secret token")
		assert.Equal(t, result == "valid", signed, "%s: %s: %v", number, flags, err)
		count[result]++
	}
	assert.Equal(t, map[string]int{"valid": 88, "invalid": 63}, count)
}

// R1.4: the examples of RFC 7396, appendix A. A configuration has names and types, so each
// row has settings in place of a, b and c, and what a patch takes away is its default again
// (R10). Where a type forbids what the RFC does, the patch is a problem; why says so.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	const (
		same   = ""
		typed  = "a setting keeps its type"
		object = "a configuration is an object"
	)
	for name, row := range map[string]struct{ original, patch, result, problem, why string }{
		`{"a":"b"} {"a":"c"}`:          {`{"chat":{"headerMessage":"b"}}`, `{"chat":{"headerMessage":"c"}}`, `{"chat":{"headerMessage":"c"}}`, "", same},
		`{"a":"b"} {"b":"c"}`:          {`{"chat":{"headerMessage":"b"}}`, `{"chat":{"name":"c"}}`, `{"chat":{"headerMessage":"b","name":"c"}}`, "", same},
		`{"a":"b"} {"a":null}`:         {`{"chat":{"headerMessage":"b"}}`, `{"chat":{"headerMessage":null}}`, `{}`, "", same},
		`{"a":"b","b":"c"} {"a":null}`: {`{"chat":{"headerMessage":"b","name":"c"}}`, `{"chat":{"headerMessage":null}}`, `{"chat":{"name":"c"}}`, "", same},
		`{"a":["b"]} {"a":"c"}`:        {`{"general":{"categories":["b"]}}`, `{"general":{"categories":"c"}}`, "", "general.categories not_list", typed},
		`{"a":["b"]} {"a":["c"]}`:      {`{"general":{"categories":["b"]}}`, `{"general":{"categories":["c"]}}`, `{"general":{"categories":["c"]}}`, "", same},
		`{"a":"c"} {"a":["b"]}`:        {`{"chat":{"name":"c"}}`, `{"chat":{"name":["b"]}}`, "", "chat.name not_text", typed},
		`{"a":"c"} {"a":{"b":"d"}}`:    {`{"chat":{"headerMessage":"c"}}`, `{"chat":{"headerMessage":{"es":"d"}}}`, `{"chat":{"headerMessage":{"es":"d"}}}`, "", same},
		`{"a":{"b":"c"}} {"a":{"b":"d","c":null}}`: {
			`{"chat":{"headerMessage":{"es":"c"}}}`, `{"chat":{"headerMessage":{"es":"d","en":null}}}`, `{"chat":{"headerMessage":{"es":"d"}}}`, "", same,
		},
		`{"a":[{"b":"c"}]} {"a":[1]}`: {`{"hours":{"exceptions":[{"date":"2026-01-01","closed":true}]}}`, `{"hours":{"exceptions":[1]}}`, "", "hours.exceptions[0] not_object", typed},
		`{"a":[{"b":"c"}]} {"a":[{"d":"e"}]}`: {
			`{"hours":{"exceptions":[{"date":"2026-01-01","closed":true}]}}`, `{"hours":{"exceptions":[{"yearly":"09-18"}]}}`, `{"hours":{"exceptions":[{"yearly":"09-18"}]}}`, "", same,
		},
		`["a","b"] ["c","d"]`:          {`{}`, `["c","d"]`, "", " not_object", object},
		`{"a":"b"} ["c"]`:              {`{"chat":{"name":"b"}}`, `["c"]`, "", " not_object", object},
		`{"a":"foo"} null`:             {`{"chat":{"name":"foo"}}`, `null`, "", " not_object", object},
		`{"a":"foo"} "bar"`:            {`{"chat":{"name":"foo"}}`, `"bar"`, "", " not_object", object},
		`{"e":null} {"a":1}`:           {`{"quality":{"sla":null}}`, `{"chat":{"notification":{"count":2}}}`, `{"quality":{"sla":null},"chat":{"notification":{"count":2}}}`, "", same},
		`[1,2] {"a":"b","c":null}`:     {`{"chat":{"headerMessage":"1"}}`, `{"chat":{"headerMessage":{"es":"b","en":null}}}`, `{"chat":{"headerMessage":{"es":"b"}}}`, "", same},
		`{} {"a":{"bb":{"ccc":null}}}`: {`{}`, `{"chat":{"notification":{"count":null}}}`, `{}`, "", same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := chatcfg.Default(chatcfg.Spanish)
			original, err := chatcfg.Merge(base, []byte(row.original))
			require.NoError(t, err)
			got, err := chatcfg.Merge(original, []byte(row.patch))
			if row.why != same {
				var problems chatcfg.Problems
				require.ErrorAs(t, err, &problems, row.why)
				require.Len(t, problems, 1)
				assert.Equal(t, row.problem, problems[0].Path+" "+string(problems[0].Code))
				return
			}
			require.NoError(t, err)
			want, err := chatcfg.Merge(base, []byte(row.result))
			require.NoError(t, err)
			assert.Equal(t, want, got)
			if row.original != row.result {
				assert.NotEqual(t, original, got, "the patch has an effect")
			}
		})
	}
}
