package tickets

// Carried reports whether a row says what its command does.
func Carried(row CommandRow) bool { return row.do != nil }
