package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// The words of a language have names in the source, and places in the build: a language
// is one text there, split into its words, and t.send is t[7].

var (
	wordName = regexp.MustCompile(`(?m)^  (\w+): '`)
	wordUse  = regexp.MustCompile(`\.\$(\d+)\b`)
	wordList = regexp.MustCompile(`\{\$(\d+):"[^"\\]*"(?:,\$\d+:"[^"\\]*")*\}`)
	wordText = regexp.MustCompile(`"([^"]*)"`)
	wordLeft = regexp.MustCompile(`[^\w"]\$\d+\b`)
)

// wordPlaces returns what bundle is to call each word: "$" and its place. It fails if the
// words cannot be read.
func wordPlaces(ui string) (map[string]any, error) {
	places := map[string]any{}
	for _, name := range []string{"es.ts", "es-extras.ts"} {
		source, err := os.ReadFile(filepath.Join(ui, "src", "locale", name))
		if err != nil {
			return nil, err
		}
		for _, m := range wordName.FindAllSubmatch(source, -1) {
			places[string(m[1])] = "$" + strconv.Itoa(len(places))
		}
	}
	return places, nil
}

// placeWords gives the words of a bundle their places. Those of a list are in their order,
// without gaps; it may begin late. It fails if a word has the name of another property.
func placeWords(bundle []byte) ([]byte, error) {
	bundle = wordList.ReplaceAllFunc(bundle, func(list []byte) []byte {
		first, _ := strconv.Atoi(string(wordList.FindSubmatch(list)[1]))
		text := bytes.Repeat([]byte("|"), first)
		for i, m := range wordText.FindAllSubmatch(list, -1) {
			if i > 0 {
				text = append(text, '|')
			}
			text = append(text, m[1]...)
		}
		return fmt.Appendf(nil, `"%s".split("|")`, text)
	})
	bundle = wordUse.ReplaceAll(bundle, []byte("[$1]"))
	if i := wordLeft.FindIndex(bundle); i != nil {
		return nil, fmt.Errorf("not a word: %.60s", bundle[i[0]:])
	}
	return bundle, nil
}
