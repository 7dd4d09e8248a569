package tickets

import (
	"cmp"
	"slices"
)

// maxLinks is how many links a conversation keeps, the latest; a session's are fewer.
const maxLinks = 64

// mergeCustomer records the writer's session, links and contact data; data less trusted
// than what is stored is ignored (R7.2). It reports whether a conversation was linked.
func (c *Conversation) mergeCustomer(cmd Command) (linked bool) {
	c.Session = cmd.Actor.Session
	for _, link := range cmd.Links {
		if !slices.Contains(c.Links, link) {
			c.Links, linked = append(slices.Clip(c.Links), link), true
		}
	}
	c.Links = c.Links[max(len(c.Links)-maxLinks, 0):]
	if cmd.Customer.Level.rank() < c.Customer.Level.rank() {
		return linked
	}
	who, old := cmd.Customer, c.Customer
	if who.Level == LevelVerified && old.Level == LevelVerified { // claims are not merged
		who.Name = cmp.Or(who.Name, old.Name)
		who.Email = cmp.Or(who.Email, old.Email)
		who.RUT = cmp.Or(who.RUT, old.RUT)
		who.Phone = cmp.Or(who.Phone, old.Phone)
		who.Locale = cmp.Or(who.Locale, old.Locale)
	}
	c.Customer = who
	return linked
}

// rank returns a number that orders the levels, the most trusted highest; zero for an
// invalid one.
func (l Level) rank() int {
	switch l {
	case LevelVerified:
		return 3
	case LevelClaimed:
		return 2
	case LevelAnonymous:
		return 1
	default:
		return 0
	}
}
