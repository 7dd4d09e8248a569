package console

// Patterns returns the addresses of the access table.
func Patterns() []string {
	var all []string
	for _, one := range routes {
		all = append(all, one.pattern)
	}
	return all
}
