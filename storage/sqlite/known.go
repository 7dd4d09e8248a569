package sqlite

import (
	"sync"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// maxKnown bounds how many accounts, and how many conversations, are remembered.
const maxKnown = 1024

// known is what loads have seen, so that the next load need not read an account
// again that is as it was, nor the commit that follows a load look for what it
// found. It decides nothing: an account is known by the number and revision of its
// row, a conversation by its version, and both are compared within the statement
// that would else read more.
type known struct {
	mu            sync.Mutex
	accounts      map[chatcfg.AccountID]knownAccount
	conversations map[knownID]knownConversation
}

// knownAccount is an account as its row with that number and revision has it.
type knownAccount struct {
	row, revision int64
	account       chatcfg.Account
}

type knownID struct {
	account      chatcfg.AccountID
	conversation tickets.ConversationID
}

// knownConversation is what holds of a conversation as long as it has a version:
// only a commit changes any of it.
type knownConversation struct {
	account, key, version int64
	// ticket is the latest.
	ticket storedTicket
	// scope and once are of a receipt that is not there; empty: not looked for.
	scope, once string
}

// account is what is known of an account; the zero value: nothing.
func (k *known) account(id chatcfg.AccountID) knownAccount {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.accounts[id]
}

func (k *known) keepAccount(a knownAccount) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.accounts == nil {
		k.accounts = map[chatcfg.AccountID]knownAccount{}
	}
	remember(k.accounts, a.account.ID, a)
}

func (k *known) keepConversation(id knownID, c knownConversation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conversations == nil {
		k.conversations = map[knownID]knownConversation{}
	}
	remember(k.conversations, id, c)
}

// take is what the load before a commit has seen, which no other needs.
func (k *known) take(id knownID) (c knownConversation, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok = k.conversations[id]
	delete(k.conversations, id)
	return c, ok
}

// remember adds to a map; if the map is full, any other key goes.
func remember[K comparable, V any](m map[K]V, key K, v V) {
	if _, there := m[key]; !there && len(m) >= maxKnown {
		for other := range m { // any one: whatever is in use comes back
			delete(m, other)
			break
		}
	}
	m[key] = v
}
