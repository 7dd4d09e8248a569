package chatcfg

// Entry is what a visitor gives to start a conversation.
type Entry struct {
	// Name is what they want to be called, up to [MaxName] characters.
	Name string
	// Email is their address; [ParseEmail] reads it.
	Email string
	// RUT is their Chilean identity number; [ParseRUT] reads it.
	RUT string
	// Phone is their telephone; [ParsePhone] reads it.
	Phone string
	// Anonymous asks to enter without a name.
	Anonymous bool
	// Provider is the social login that has proved who the visitor is, "google"
	// or "facebook"; Name and Email are then the provider's.
	Provider string
	// Host says that the host vouches for them; Name and Email are then the host's.
	Host bool
}

// SocialOnly reports whether only social logins may enter: "only" is set on either
// provider (R6.3), even on one that is off.
func (c Chat) SocialOnly() bool { return c.Facebook.Only || c.Google.Only }

// CheckEntry decides whether a visitor may start a conversation, and returns
// what they gave, each value checked and canonical ([ParseEmail], [ParseRUT],
// [ParsePhone]). The error is [Problems], all of them; their paths are "name",
// "email", "rut", "phone", or empty where the way in itself is closed.
//
//   - A social login needs its provider to be on. Who comes by one, or is
//     vouched for by the host, may lack a name and an e-mail.
//   - Everybody else is refused where only social logins may enter (R6.3).
//   - Without a name one enters only where anonymous users may (R7.3).
//   - With e-mail as identifier nobody else starts without an e-mail, and where
//     the RUT is asked only whom the host vouches for without a RUT (R6.4); anonymous
//     visitors do not, since the rule would protect nothing if they could. A
//     visitor who gives one is not anonymous any more, even without a name:
//     Anonymous is true in the answer only if nothing at all was given.
//   - The telephone is never required, and need not be one: see [ParsePhone].
func (c Chat) CheckEntry(e Entry) (Entry, error) {
	var problems Problems
	add := func(path string, code Code) {
		problems = append(problems, Problem{Path: path, Code: code})
	}
	e.Name = line(e.Name)
	switch {
	case e.Host:
		e.Anonymous = false
	case e.Provider != "":
		e.Anonymous = false
		if !(c.Google.Enabled && e.Provider == "google") && !(c.Facebook.Enabled && e.Provider == "facebook") {
			add("", CodeSocialOff)
		}
	case c.SocialOnly():
		add("", CodeSocialOnly)
	case e.Anonymous:
		if !c.Anonymous {
			add("", CodeAnonymousOff)
		}
	case e.Name == "" && !(c.Anonymous && e.gives()):
		add("name", CodeRequired)
	}
	if e.Name != "" {
		problems = append(problems, CheckLine("name", e.Name, MaxName)...)
	}
	given := func(path, value string, required bool, parse func(string) (string, error)) string {
		if value = line(value); value == "" {
			if required {
				add(path, CodeRequired)
			}
			return ""
		}
		parsed, err := parse(value)
		problems = append(problems, under(path, err)...)
		return parsed
	}
	e.Email = given("email", e.Email, c.EmailAsIdentifier && e.Provider == "" && !e.Host, ParseEmail)
	e.RUT = given("rut", e.RUT, c.AskRUT && !e.Host, ParseRUT)
	var found Problems
	e.Phone, found = CheckPhone("phone", e.Phone)
	problems = append(problems, found...)
	if problems != nil {
		return Entry{}, problems
	}
	e.Anonymous = e.Anonymous && !e.gives()
	return e, nil
}

// gives reports whether the visitor gave any of the data.
func (e Entry) gives() bool {
	return !IsBlank(e.Name + e.Email + e.RUT + e.Phone)
}
