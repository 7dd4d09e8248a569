package chatcfg

// Message is the problem's text in a language.
func (p Problem) Message(Locale) string { return string(p.Code) }
