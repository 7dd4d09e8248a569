package charla

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// Errors of a desk, next to [chatcfg.Problems] for input, the errors of package
// tickets for what a ticket's state does not allow, and those of the context, the store
// and the host's own parts, which any call that uses them may return.
// Test with errors.Is. Those by which a desk refuses what is asked of it are
// [chatcfg.Refusal]; those of package tickets are so, too.
//
// [chatcfg.Problems]: https://pkg.go.dev/github.com/charlahq/charla/chatcfg#Problems
var (
	// ErrNotFound: there is no such account, session, conversation or ticket.
	ErrNotFound error = chatcfg.Refusal("charla: not found")
	// ErrDeleted: the account is deleted; its history can still be read (R1.6).
	ErrDeleted error = chatcfg.Refusal("charla: account deleted")
	// ErrNotDeleted: only a deleted account can be purged.
	ErrNotDeleted error = chatcfg.Refusal("charla: account is not deleted")
	// ErrNotDead: the delivery is neither dead nor unknown.
	ErrNotDead error = chatcfg.Refusal("charla: delivery is neither dead nor unknown")
	// ErrExists: an account of another name has that ID.
	ErrExists error = chatcfg.Refusal("charla: exists already")
	// ErrStale: the configuration was saved by somebody else since the version
	// that this save is based on (R1.4).
	ErrStale error = chatcfg.Refusal("charla: configuration is of an older version")
	// ErrConfirmation: the name given is not the account's (R1.6).
	ErrConfirmation error = chatcfg.Refusal("charla: confirmation does not match the account's name")
	// ErrBusy: too much at once for one conversation, or too many conflicts in the
	// store; nothing was done, try again later (R8.4).
	ErrBusy = errors.New("charla: busy")
	// ErrKeyReused: the key was used before for something else (R3.9).
	ErrKeyReused error = chatcfg.Refusal("charla: key was used for another request")
	// ErrSession: the session does not exist, has ended or has expired.
	ErrSession error = chatcfg.Refusal("charla: no such session")
	// ErrReplaced is an [ErrSession]: a login gave the session another token. The
	// old one can only repeat that login.
	ErrReplaced = fmt.Errorf("%w: a login replaced its token", ErrSession)
	// ErrContactForm: nobody is available, and the account has the contact form
	// stand in place of starting a conversation (R6.2).
	ErrContactForm error = chatcfg.Refusal("charla: nobody is available, use the contact form")
	// ErrNotAllowed: the account does not let visitors do it.
	ErrNotAllowed error = chatcfg.Refusal("charla: not allowed")
	// ErrNoForm: the account has no contact form.
	ErrNoForm error = chatcfg.Refusal("charla: no contact form")
	// ErrAvailable: an agent is available, so write instead of sending the contact
	// form (R6.2).
	ErrAvailable error = chatcfg.Refusal("charla: an agent is available")
	// ErrOutcomeUnknown: the store failed within the commit; it may or may not
	// have happened. Repeat the call with its key to learn which (R8.1).
	ErrOutcomeUnknown = errors.New("charla: outcome unknown")
	// ErrNewerFormat: a newer charla wrote this conversation, session, account,
	// configuration or presence; this one reads it, and refuses to rewrite it.
	// Nothing was done: another process may do it.
	ErrNewerFormat = errors.New("charla: written by a newer version")
	// ErrCursor: the cursor is of another list or database; start again.
	ErrCursor error = chatcfg.Refusal("charla: foreign cursor")
)

// refused are the errors of a store after which nothing has happened, as the
// desk's callers see them.
var refused = []struct{ from, to error }{
	{storage.ErrNotFound, ErrNotFound},
	{storage.ErrDeleted, ErrDeleted},
	{storage.ErrExists, ErrExists},
	{storage.ErrConflict, ErrBusy},
	{storage.ErrConfigChanged, ErrBusy},
	{storage.ErrBusy, ErrBusy},
	{storage.ErrCursor, ErrCursor},
}

// refusal returns a store's error as a caller sees it, if it is one after which nothing
// has happened; else nil.
func refusal(err error) error {
	for _, r := range refused {
		if errors.Is(err, r.from) {
			return &storeRefusal{r.to, err}
		}
	}
	return nil
}

// storeRefusal reads like the desk's error and is the store's, too.
type storeRefusal struct{ as, cause error }

// Error returns the text of the desk's error.
func (e *storeRefusal) Error() string { return e.as.Error() }

// Unwrap returns the desk's error and the store's.
func (e *storeRefusal) Unwrap() []error { return []error{e.as, e.cause} }

// storeError returns a store's error as a caller sees it; one that it does not know,
// and nil, as it is.
func storeError(err error) error {
	if known := refusal(err); known != nil {
		return known
	}
	return err
}

// changeError is storeError for a call that changes something: an error that does not
// say that nothing happened becomes [ErrOutcomeUnknown]. nil stays nil.
func changeError(err error) error {
	if known := refusal(err); known != nil {
		return known
	}
	if err == nil || errors.Is(err, storage.ErrClosed) || errors.Is(err, storage.ErrNotDone) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// firstError returns the first error that is not nil, or nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkChoice returns nil if the value is one of the choices, else a
// [chatcfg.Problems].
func checkChoice[T ~string](path string, value T, choices ...T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	var names []string
	for _, c := range choices {
		if c != "" {
			names = append(names, string(c))
		}
	}
	return chatcfg.Problems{{
		Path: path, Code: chatcfg.CodeInvalidChoice, Args: []any{truncate(string(value), 50), strings.Join(names, ", ")},
	}}
}
