// Package chatcfg holds what an account of charla is: its configuration, its
// business hours, its pictures, and the values that administrators and visitors
// type. It is values and pure functions: nothing here reads a clock, a file or
// the network. R4.2 and the like are rules of docs/SPEC.md.
//
// # The document
//
// [Config] is the configuration, one JSON document an account; [Schema] and
// config.schema.json describe it. A document comes into being in one of three
// ways: [Default] makes the one of a new account, [Decode] reads one over the
// defaults, and [Merge] lays a JSON merge patch over another. Both readers are
// strict: an unknown key, another type or a fraction is a [Problem], and all of
// them come at once.
//
// Before it is kept, a document is brought into its canonical spelling by
// [Config.Normalize] and checked by [Config.Validate]. [Apply] does all of it in
// one: what is read, normalised and validated, or every problem there is.
// [Config.Lint] then warns of settings that are legal but doubtful. Writing a
// document is plain encoding/json.
//
//	config, err := chatcfg.Apply(current, patch)
//	var problems chatcfg.Problems
//	if errors.As(err, &problems) {
//		for _, p := range problems {
//			fmt.Println(p.Path, p.Message(chatcfg.Spanish))
//		}
//	}
//
// [Sections] lists every setting as a row: what it may be, and what to call it in
// three languages. Settings pages are made from it.
//
// A text that customers read is a [Words]: the same in every language, or one for
// each; [Words.In] chooses for a visitor.
//
// # Problems
//
// A [Problem] is a path, a [Code] for programs, and a sentence for people in
// Spanish, English or Portuguese ([Problem.Message]). [Problems] is the error of
// everything here that refuses something; use errors.As. [MatchLocale] finds a
// reader's language.
//
// # Business hours
//
// [Hours.Compile] makes the [Calendar] that says when an account is open, when
// it opens next, and counts time on business hours.
//
// # Values
//
// [ParseEmail], [ParseRUT], [ParsePhone], [ParseColor] and [ParseDomain] read
// one value each in any usual spelling and return the canonical one, which they
// read as itself. [ParseText] and [ParseTemplate] read the texts of automatic messages and
// [FormatInstant] writes the instant of {nextOpen}. [CheckText] checks messages,
// [Chat.CheckEntry] decides what a visitor must give to start a conversation,
// and [Chat.Allows] which pages may load the widget. [CheckPicture] and
// [CheckLogo] check pictures.
//
// Everything is safe for concurrent use as long as nobody changes a value that
// others read. The limits are constants: [MaxDocument], [MaxText] and others.
package chatcfg
