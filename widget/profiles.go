package widget

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// profile is what the handler knows of an account. It does not change once made.
type profile struct {
	account *charla.Account
	info    charla.AccountInfo
	// version and chat are of its configuration.
	version chatcfg.Version
	chat    *chatcfg.Chat
	// until is how long it may be remembered.
	until time.Time
}

// profiles are the profiles of the accounts that were asked for last, by their public
// keys.
//
// A remembered profile serves the routes of a session only. It says which pages may use
// the account, how much the account may ask for, which language refusals have, and the
// welcome message that a visitor answers, as of at most [Options].Remember ago. All else
// those routes load by themselves: the account, so that a deleted one's reads and writes
// fail at once (R1.6), the session, and the configuration that a message is decided
// under. Every other route asks the store, and sees what was saved before.
type profiles struct {
	desk     *charla.Desk
	remember time.Duration
	kept     lru[string, *profile]

	mu     sync.Mutex
	asking map[string]*question
}

// question is a profile on its way from the store; p and err are set when it is done.
type question struct {
	done chan struct{}
	p    *profile
	err  error
}

// errUnanswered is the answer to a question whose asker panicked.
var errUnanswered = errors.New("widget: the account was not read")

// remembered returns the profile of an account, from the store if it is not remembered.
// Requests that come at the same time ask the store once. It fails as current does, or with
// ctx's error.
func (ps *profiles) remembered(ctx context.Context, key string) (*profile, error) {
	if ps.remember <= 0 {
		return ps.current(ctx, key)
	}
	for {
		if p, ok := ps.kept.find(key); ok && networkTime().Before(p.until) {
			return p, nil
		}
		q, first := ps.question(key)
		if first {
			return ps.answer(ctx, key, q)
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !errors.Is(q.err, context.Canceled) && !errors.Is(q.err, context.DeadlineExceeded) {
			return q.p, q.err
		}
	}
}

// question returns the question about a key that is under way, or a new one; first reports
// that it is new, and the caller must answer it.
func (ps *profiles) question(key string) (q *question, first bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if q := ps.asking[key]; q != nil {
		return q, false
	}
	q = &question{done: make(chan struct{}), err: errUnanswered}
	if ps.asking == nil {
		ps.asking = make(map[string]*question)
	}
	ps.asking[key] = q
	return q, true
}

// answer asks the store, ends the question and returns its result. It fails as current
// does.
func (ps *profiles) answer(ctx context.Context, key string, q *question) (*profile, error) {
	defer func() {
		ps.mu.Lock()
		defer ps.mu.Unlock()
		delete(ps.asking, key)
		close(q.done)
	}()
	q.p, q.err = ps.current(ctx, key)
	return q.p, q.err
}

// current returns the profile of an account as the store has it, and remembers it. It
// fails with [charla.ErrNotFound] if there is none, for deleted accounts, too, or if
// the desk does.
func (ps *profiles) current(ctx context.Context, key string) (*profile, error) {
	asked := networkTime()
	had, ok := ps.kept.find(key)
	p := &profile{until: asked.Add(ps.remember)}
	var err error
	if ok { // a key is one account's for ever
		p.account = had.account
	} else if p.account, err = ps.desk.AccountByKey(ctx, key); err != nil {
		return nil, err
	}
	p.info, err = p.account.Info(ctx)
	if err == nil && (!p.info.DeletedAt.IsZero() || p.info.Key != key) {
		err = charla.ErrNotFound
	}
	if errors.Is(err, charla.ErrNotFound) {
		ps.kept.remove(key)
	}
	if err != nil {
		return nil, err
	}
	if ok && had.version == p.info.Version {
		p.version, p.chat = had.version, had.chat
	} else {
		cfg, version, err := p.account.Config(ctx)
		if err != nil {
			return nil, err
		}
		p.version, p.chat = version, &cfg.Chat
	}
	ps.kept.put(key, p)
	return p, nil
}
