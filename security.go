package charla

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// SecurityKind says what happened.
type SecurityKind string

// The kinds of security events; docs/security.md has them with their reasons. A host
// reports its own, such as its agents' logins, under kinds of its own.
const (
	SecurityLogin          SecurityKind = "login"           // a customer's identity was proved
	SecurityLoginRefused   SecurityKind = "login_refused"   // a proof of an identity was not taken
	SecurityTokenRefused   SecurityKind = "token_refused"   // a request with a session's token that does not hold, or none
	SecurityOriginRefused  SecurityKind = "origin_refused"  // a request of a page that may not use the account
	SecurityLimit          SecurityKind = "limit"           // a request beyond a limit
	SecuritySessionsEnded  SecurityKind = "sessions_ended"  // one session or many
	SecuritySecretRotated  SecurityKind = "secret_rotated"  // of an account
	SecurityConfigSaved    SecurityKind = "config_saved"    // of an account
	SecurityAccountCreated SecurityKind = "account_created" //
	SecurityAccountDeleted SecurityKind = "account_deleted" //
	SecurityAccountPurged  SecurityKind = "account_purged"  //
)

// SecurityKinds returns every kind that charla itself reports.
func SecurityKinds() []SecurityKind {
	return []SecurityKind{
		SecurityLogin, SecurityLoginRefused, SecurityTokenRefused, SecurityOriginRefused, SecurityLimit, SecuritySessionsEnded,
		SecuritySecretRotated, SecurityConfigSaved, SecurityAccountCreated, SecurityAccountDeleted, SecurityAccountPurged,
	}
}

// refused reports whether the event is that something was refused, a request beyond a
// limit included.
func (k SecurityKind) refused() bool {
	return k == SecurityLimit || strings.HasSuffix(string(k), "_refused")
}

// SecurityEvent is an event that an operator should know of. It holds no
// name, text, address, token or secret: only IDs that mean nothing outside charla.
type SecurityEvent struct {
	Kind SecurityKind
	// Account is the account; zero: none was found.
	Account chatcfg.AccountID
	// Session and Conversation are whose it was; zero: nobody's that is known for sure.
	Session      tickets.SessionID
	Conversation tickets.ConversationID
	// Reason is a word that says more, such as a limit's name; it may be empty.
	Reason string
}

// ReportSecurity logs a security event and tells [Observer].Security. The desk and
// package widget call it; a host may, for what it refuses itself. The log gets at most 20
// lines of a kind for an account in a minute, and then how many were left out; the
// observer gets all. A kind or reason that is no word of small letters, digits and _ is
// replaced by "other", so that nothing a person typed gets into a log.
func (d *Desk) ReportSecurity(ctx context.Context, e SecurityEvent) {
	if !isWord(string(e.Kind)) {
		e.Kind = "other"
	}
	if e.Reason != "" && !isWord(e.Reason) {
		e.Reason = "other"
	}
	if o := d.o.Observer; o != nil {
		o.Security(ctx, e)
	}
	write, omitted := d.security.count(securityLine{e.Kind, e.Account}, d.Now())
	if !write {
		return
	}
	level := slog.LevelInfo
	if e.Kind.refused() {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("kind", string(e.Kind))}
	if e.Reason != "" {
		attrs = append(attrs, slog.String("reason", e.Reason))
	}
	if !e.Account.IsZero() {
		attrs = append(attrs, slog.String("account", e.Account.String()))
	}
	if !e.Session.IsZero() {
		attrs = append(attrs, slog.String("session", e.Session.String()))
	}
	if !e.Conversation.IsZero() {
		attrs = append(attrs, slog.String("conversation", e.Conversation.String()))
	}
	if omitted > 0 {
		attrs = append(attrs, slog.Int("omitted", omitted))
	}
	d.o.Logger.LogAttrs(ctx, level, "charla: security", attrs...)
}

// isWord reports whether a text is 1 to 40 small letters, digits and _.
func isWord(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

const (
	// maxSecurityLines is how many lines of a kind an account may have in a minute.
	maxSecurityLines = 20
	// maxSecurityTallies is how many kinds of accounts are counted at a time.
	maxSecurityTallies = 1 << 14
)

// securityLog counts the lines that are logged, so that who causes many events does not
// fill the log.
type securityLog struct {
	mu sync.Mutex
	m  map[securityLine]*securityTally
}

type securityLine struct {
	kind    SecurityKind
	account chatcfg.AccountID
}

// securityTally is what was logged and left out since a moment.
type securityTally struct {
	since           time.Time
	logged, omitted int
}

// count counts an event at now, and returns whether to log it, and, if so, how many
// like it were left out before.
func (l *securityLog) count(line securityLine, now time.Time) (write bool, omitted int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.m[line]
	if t == nil || now.Sub(t.since).Abs() >= time.Minute {
		if t != nil {
			omitted = t.omitted
		}
		if l.m == nil || len(l.m) >= maxSecurityTallies {
			l.m = make(map[securityLine]*securityTally)
		}
		t = &securityTally{since: now}
		l.m[line] = t
	}
	if t.logged == maxSecurityLines {
		t.omitted++
		return false, 0
	}
	t.logged++
	return true, omitted
}
