package console

import (
	"errors"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// ErrNobody says that nobody is logged in. The host's who returns it, wrapped or not.
var ErrNobody = errors.New("console: nobody is logged in")

// Person is who asks, as the host knows them.
type Person struct {
	// ID is the host's name for them, 1 to 128 bytes on one line.
	ID tickets.AgentID
	// Name is what customers and colleagues read; it may be empty. Of a longer one than
	// [charla.MaxAgent] they read the beginning.
	Name string
	// Role is what they may do. Zero is invalid.
	Role Role
	// Accounts are the accounts that they see, deleted ones too. An account that does not
	// exist is left out.
	Accounts []chatcfg.AccountID
	// AllAccounts says that they see every account, beside those of Accounts. Only such an
	// administrator creates accounts. What is deleted is listed only if Accounts has it.
	AllAccounts bool
	// Teams are the teams that they are in, by the host's names: their inbox has a list of
	// each of the first ten, and the next ticket that they take is of these or of no team.
	Teams []tickets.TeamID
}

// Role is what a person may do. Each role may do what the one before it may.
type Role int

// The roles.
const (
	// RoleAgent works on tickets and reads contact forms.
	RoleAgent Role = iota + 1
	// RoleSupervisor reads reports and the outbox, sends dead mails again, and writes quick
	// replies.
	RoleSupervisor
	// RoleAdministrator changes settings and images, replaces secret tokens, and deletes
	// accounts.
	RoleAdministrator
)

// sees reports whether the person may see an account, if there is one of that ID.
func (p *Person) sees(id chatcfg.AccountID) bool {
	return p.AllAccounts || slices.Contains(p.Accounts, id)
}

// called returns the person's name; without one their ID.
func (p *Person) called() string {
	if p.Name != "" {
		return p.Name
	}
	return string(p.ID)
}

// agent returns the person as the desk knows its agents.
func (p *Person) agent() charla.Person {
	name := []rune(p.Name)
	return charla.Person{ID: p.ID, Name: string(name[:min(len(name), charla.MaxAgent)])}
}
