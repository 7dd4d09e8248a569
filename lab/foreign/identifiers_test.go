package foreign_test

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/strictjson"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.4: each country's example numbers, in international form, are read as E.164, whatever
// they are pasted with. The file is made of the metadata of libphonenumber (Copyright The
// Libphonenumber Authors, Apache License 2.0) by github.com/nyaruka/phonenumbers 1.8.1: region,
// E.164, international form of its fixed lines and mobiles.
func TestPhoneExamples(t *testing.T) {
	t.Parallel()
	rows := table(t, "testdata/phones.tsv", 3)
	assert.Greater(t, len(rows), 480)
	for _, row := range rows {
		region, want, typed := row[0], row[1], row[2]
		for _, s := range []string{
			typed, want, "\u202a" + typed + "\u202c", strings.ReplaceAll(typed, " ", "\u2009"), strings.ReplaceAll(typed, " ", "\u2011"),
			"00" + strings.TrimPrefix(typed, "+"), strings.ReplaceAll(typed, " ", "."), strings.ReplaceAll(typed, " ", " - "),
		} {
			got, ok := chatcfg.ParsePhone(s)
			assert.True(t, ok, "%s %+q", region, s)
			assert.Equal(t, want, got, "%s %+q", region, s)
		}
		for _, s := range []string{typed + " ext. 3", "tel:" + want, typed + ";ext=3", typed + "/4"} {
			got, ok := chatcfg.ParsePhone(s)
			assert.False(t, ok, "%s %q", region, s)
			assert.Equal(t, s, got, "kept as typed")
		}
	}
}

// The files of JSONTestSuite (github.com/nst/JSONTestSuite, test_parsing, Copyright Nicolas
// Seriot, MIT License), but for the few that are larger than 1,000 bytes: y_ has to be taken, n_
// to be refused.
func TestJSONTestSuite(t *testing.T) {
	t.Parallel()
	// Objects in which a name stands twice: JSON allows them, and we refuse them where a value
	// identifies, as Parse's callers do.
	twice := map[string]bool{"y_object_duplicated_key": true, "y_object_duplicated_key_and_value": true}
	rows := table(t, "testdata/jsontestsuite.tsv", 2)
	assert.Greater(t, len(rows), 300)
	for _, row := range rows {
		name := row[0]
		doc, err := base64.StdEncoding.DecodeString(row[1])
		require.NoError(t, err)
		_, err = strictjson.Parse(doc, 100)
		strict := strictjson.ReadObject(doc, 100, func(string, strictjson.Value) error { return nil })
		switch name[0] {
		case 'y':
			assert.NoError(t, err, name)
			if strings.HasPrefix(name, "y_object") {
				assert.Equal(t, twice[name], strict != nil, name)
			}
		case 'n':
			assert.Error(t, err, name)
			assert.Error(t, strict, name)
		default:
			// Numbers are text until somebody reads them, and Parse shows where half a character
			// is escaped. What is not UTF-8, or begins with a byte order mark, is refused.
			number := strings.HasPrefix(name, "i_number")
			half := strings.Contains(string(doc), `\u`)
			assert.Equal(t, number || half, err == nil, name)
		}
	}
	deep := strings.Repeat("[", 100_000)
	for _, doc := range []string{deep, deep + strings.Repeat("]", 100_000), strings.Repeat(`[{"":`, 50_000)} {
		_, err := strictjson.Parse([]byte(doc), 100)
		require.Error(t, err)
	}
}

// table reads a file of rows of so many columns, apart by tabs.
func table(t *testing.T, file string, columns int) (rows [][]string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, row, columns, line)
		rows = append(rows, row)
	}
	return rows
}
