package postgres

import (
	"sync"

	"github.com/charlahq/charla/chatcfg"
)

// maxKnown bounds how many accounts are remembered.
const maxKnown = 4096

// known is what loads have read of accounts, so that the next load need not read an
// account that did not change. It decides nothing: the statement that loads compares the
// account's number and revision, and reads the account if they differ.
type known struct {
	mu       sync.Mutex
	accounts map[chatcfg.AccountID]knownAccount
}

// knownAccount is an account as its row with that number and revision has it.
type knownAccount struct {
	number, revision int64
	account          chatcfg.Account
}

// account returns what is remembered of an account, or zero if nothing is.
func (k *known) account(id chatcfg.AccountID) knownAccount {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.accounts[id]
}

// keep remembers an account. If there are [maxKnown] others, it forgets any one of them.
func (k *known) keep(a knownAccount) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.accounts == nil {
		k.accounts = map[chatcfg.AccountID]knownAccount{}
	}
	if _, there := k.accounts[a.account.ID]; !there && len(k.accounts) >= maxKnown {
		for other := range k.accounts { // any one: whatever is in use comes back
			delete(k.accounts, other)
			break
		}
	}
	k.accounts[a.account.ID] = a
}
