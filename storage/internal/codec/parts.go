package codec

import (
	"maps"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// appendIdentity appends an identity as a field to b and returns b; a zero one is left
// out.
func appendIdentity(b []byte, field int, id *tickets.Identity) []byte {
	start := len(b)
	b, at := begin(b, field)
	b = appendText(b, 1, id.Kind)
	return endUnlessEmpty(appendText(b, 2, id.Value), start, at)
}

// readIdentity reads the identity in a field into id. If it is malformed, the reader
// fails.
func readIdentity(r *reader, id *tickets.Identity) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			id.Kind = tickets.IdentityKind(sub.string())
		case 2:
			id.Value = sub.string()
		}
	}
	r.leave(&sub)
}

// appendCustomer appends a customer as a field to b and returns b; a zero one is left
// out.
func appendCustomer(b []byte, field int, c *tickets.Customer) []byte {
	start := len(b)
	b, at := begin(b, field)
	b = appendText(b, 1, c.Level)
	b = appendText(b, 2, c.Name)
	b = appendText(b, 3, c.Email)
	b = appendText(b, 4, c.RUT)
	b = appendText(b, 5, c.Phone)
	return endUnlessEmpty(appendText(b, 6, c.Locale), start, at)
}

// readCustomer reads the customer in a field into c. If it is malformed, the reader
// fails.
func readCustomer(r *reader, c *tickets.Customer) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			c.Level = tickets.Level(sub.string())
		case 2:
			c.Name = sub.string()
		case 3:
			c.Email = sub.string()
		case 4:
			c.RUT = sub.string()
		case 5:
			c.Phone = sub.string()
		case 6:
			c.Locale = chatcfg.Locale(sub.string())
		}
	}
	r.leave(&sub)
}

// appendMap appends the pairs of a map as fields to b, in the order of their keys, so
// that equal maps are equal bytes, and returns b; an empty map is left out.
func appendMap(b []byte, field int, m map[string]string) []byte {
	if len(m) == 0 {
		return b
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var at int
		b, at = begin(b, field)
		b = appendText(b, 1, key)
		b = end(appendText(b, 2, m[key]), at)
	}
	return b
}

// readPair reads the pair in a field into a map, which it makes if it is nil. If it is
// malformed, the reader fails.
func readPair(r *reader, m *map[string]string) {
	var key, value string
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			key = sub.string()
		case 2:
			value = sub.string()
		}
	}
	r.leave(&sub)
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}
