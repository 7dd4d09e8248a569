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

// account returns what is remembered of an account, or zero if nothing is.
func (k *known) account(id chatcfg.AccountID) knownAccount {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.accounts[id]
}

// keepAccount remembers an account.
func (k *known) keepAccount(a knownAccount) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.accounts == nil {
		k.accounts = map[chatcfg.AccountID]knownAccount{}
	}
	remember(k.accounts, a.account.ID, a)
}

// keepConversation remembers a conversation for the commit that follows.
func (k *known) keepConversation(id knownID, c knownConversation) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conversations == nil {
		k.conversations = map[knownID]knownConversation{}
	}
	remember(k.conversations, id, c)
}

// takeConversation returns what is remembered of a conversation and forgets it: the commit
// that follows changes it. It returns false if nothing is remembered.
func (k *known) takeConversation(id knownID) (c knownConversation, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok = k.conversations[id]
	delete(k.conversations, id)
	return c, ok
}

// remember puts a value into a map. If the map has [maxKnown] other keys, it removes any
// one of them.
func remember[K comparable, V any](m map[K]V, key K, v V) {
	if _, there := m[key]; !there && len(m) >= maxKnown {
		for other := range m { // any one: whatever is in use comes back
			delete(m, other)
			break
		}
	}
	m[key] = v
}
