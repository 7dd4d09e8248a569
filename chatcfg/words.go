package chatcfg

import (
	"bytes"
	"cmp"
	"encoding/json"
)

// Words is a text that customers read (R6.9): the same in every language, or one
// for each. In the document it is a string, or an object by language:
//
//	chatcfg.Words{Any: "Hola"}             // "Hola"
//	chatcfg.Words{ES: "Hola", PT: "Olá"}   // {"es": "Hola", "pt": "Olá"}
//
// An empty text is none. A Words that has Any and languages, too, is that of all
// three languages, Any standing for those that are missing; [Config.Normalize]
// and JSON write it that way.
type Words struct {
	// Any is the text in every language.
	Any string
	// ES, EN and PT are Spanish, English and Portuguese.
	ES string `json:"es,omitempty"`
	EN string `json:"en,omitempty"`
	PT string `json:"pt,omitempty"`
}

// Texts returns a list of texts that are the same in every language, such as the messages of a
// [TextAction].
func Texts(texts ...string) []Words {
	list := make([]Words, len(texts))
	for i, text := range texts {
		list[i].Any = text
	}
	return list
}

// IsZero reports whether there is no text at all.
func (w Words) IsZero() bool { return w == Words{} }

// In returns the text for a visitor: in the visitor's language, else in the account's
// ([Chat.Locale]), else the first of Spanish, English and Portuguese that there is; empty if
// there is none. Languages that are unknown, or [Auto], count as none.
func (w Words) In(visitor, account Locale) string {
	text, _ := w.pick(visitor, account)
	return text
}

// pick returns the text for a visitor and its language; the language is empty if the text is
// for any, or there is none.
func (w Words) pick(visitor, account Locale) (string, Locale) {
	w = w.spread()
	if w.Any != "" {
		return w.Any, ""
	}
	for _, l := range [...]Locale{visitor, account, Spanish, English, Portuguese} {
		if text := w.own(l); text != "" {
			return text, l
		}
	}
	return "", ""
}

// own returns the text of one language; empty: it has none.
func (w Words) own(l Locale) string {
	switch l {
	case Spanish:
		return w.ES
	case English:
		return w.EN
	case Portuguese:
		return w.PT
	}
	return ""
}

// spread returns the Words with Any as the text of the languages that lack one, if others
// have one; Any is then empty.
func (w Words) spread() Words {
	if w.Any == "" || w.ES == "" && w.EN == "" && w.PT == "" {
		return w
	}
	return Words{ES: cmp.Or(w.ES, w.Any), EN: cmp.Or(w.EN, w.Any), PT: cmp.Or(w.PT, w.Any)}
}

// each calls do with every text and its path: the path itself, or that of a
// language. Without any text it calls do once, with the empty one.
func (w Words) each(path string, do func(path, text string)) {
	w = w.spread()
	if w.Any != "" || w.IsZero() {
		do(path, w.Any)
		return
	}
	for _, l := range [...]Locale{Spanish, English, Portuguese} {
		if text := w.own(l); text != "" {
			do(Path(path, string(l)), text)
		}
	}
}

// edited returns the Words with each of its texts replaced by what edit returns.
func (w Words) edited(edit func(string) string) Words {
	w = w.spread()
	return Words{Any: edit(w.Any), ES: edit(w.ES), EN: edit(w.EN), PT: edit(w.PT)}
}

// MarshalJSON returns a string, or an object by language. It never fails.
func (w Words) MarshalJSON() ([]byte, error) {
	w = w.spread()
	var value any = w.Any
	if w.Any == "" && !w.IsZero() {
		value = languages{w.ES, w.EN, w.PT}
	}
	// What to escape is the encoder's to say that writes the whole document.
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// UnmarshalJSON reads a string or an object by language; null leaves w as it is. Like
// encoding/json it ignores keys that it does not know; [Decode] and [Merge] refuse
// them. It fails for a value of any other type.
func (w *Words) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		var by languages
		if err := json.Unmarshal(b, &by); err != nil {
			return err
		}
		*w = Words{ES: by.ES, EN: by.EN, PT: by.PT}
		return nil
	}
	var text *string
	if err := json.Unmarshal(b, &text); err != nil || text == nil {
		return err
	}
	*w = Words{Any: *text}
	return nil
}

// languages is a Words by language as JSON has it.
type languages struct {
	ES string `json:"es,omitempty"`
	EN string `json:"en,omitempty"`
	PT string `json:"pt,omitempty"`
}

// Template is a [Words] whose texts have been read by [ParseText]. It is
// immutable and safe for concurrent use; the zero Template renders to nothing.
type Template struct {
	words           Words
	any, es, en, pt Text
}

// ParseTemplate parses the texts of an automatic message (R4.6). The error is [Problems], all
// of them; their paths are empty, or the language's key.
func ParseTemplate(w Words) (Template, error) {
	w = w.spread()
	t := Template{words: w}
	var problems Problems
	for _, one := range [...]struct {
		path, text string
		to         *Text
	}{{"", w.Any, &t.any}, {"es", w.ES, &t.es}, {"en", w.EN, &t.en}, {"pt", w.PT, &t.pt}} {
		text, err := ParseText(one.text)
		problems = append(problems, under(one.path, err)...)
		*one.to = text
	}
	if problems != nil {
		return Template{}, problems
	}
	return t, nil
}

// In returns the text for a visitor, as [Words.In] chooses it, and the language in which to
// write {nextOpen}: the text's own; for a text in no particular language the account's, or,
// under [Auto], the visitor's.
func (t Template) In(visitor, account Locale) (Text, Locale) {
	_, l := t.words.pick(visitor, account)
	switch l {
	case Spanish:
		return t.es, l
	case English:
		return t.en, l
	case Portuguese:
		return t.pt, l
	}
	if account == Auto {
		return t.any, visitor
	}
	return t.any, account
}
