package frozen_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Kept is what the stored form does not have, but a host or a browser: what the
// calls of a later version need.
type Kept struct {
	Accounts []string // IDs
	Tokens   []string // of sessions, in the order of their begin
	Owners   []string // the account of each
	Secrets  []string // tokens of the accounts, revealed
	Identity string   // signed by the first secret at SignedAt
	SignedAt time.Time
	Now      time.Time // the clock when the program stopped
	Repeats  []Repeat
	Snippet  string
	Words    []string // searched for
}

// Repeat is a call with a key, and what it answered.
type Repeat struct {
	Token, Text, Key string // of a customer's message
	Conversation     string
	Number           int64 // of an agent's, with Token empty
	Answer           string
}

// answers asks a desk for all that it stores, and writes it down: one line a
// value, in words of its own that no redraw of a type changes.
// What hosts are not shown of it, the store is asked for.
func answers(ctx context.Context, store storage.Store, desk *charla.Desk, kept *Kept) (string, error) {
	w := &book{ctx: ctx, store: store, desk: desk, until: kept.Now}
	for _, id := range kept.Accounts {
		account, err := parseAccount(id)
		if err != nil {
			return "", err
		}
		w.account(account, kept.Words)
	}
	for i, token := range kept.Tokens {
		account, err := parseAccount(kept.Owners[i])
		if err != nil {
			return "", err
		}
		w.session(i, account, token)
	}
	return w.text.String(), w.err
}

func parseAccount(id string) (chatcfg.AccountID, error) {
	parsed, err := uuid.Parse(id)
	return chatcfg.AccountID{UUID: parsed}, err
}

type book struct {
	ctx   context.Context
	store storage.Store
	desk  *charla.Desk
	// until is when the older program stopped. Of what happens afterwards, the
	// random numbers and the pace of retries are not compared.
	until time.Time
	text  strings.Builder
	err   error
}

func (w *book) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

// failed writes down which error it was, by the sentinel's class.
func (w *book) failed(what string, err error) bool {
	if err == nil {
		return false
	}
	w.line("%s: error %s", what, charla.ErrorClass(err))
	return true
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// event is the key of a delivery as that build had it: without the name of a hook.
func event(key string) string { return strings.TrimSuffix(key, "-host") }

func pairs(m map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%q:%q", k, m[k]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (w *book) account(id chatcfg.AccountID, words []string) {
	account := w.desk.Account(id)
	a, err := account.Info(w.ctx)
	if w.failed("account "+id.String(), err) {
		return
	}
	w.line("account %s key=%s name=%q hidden=%t version=%d created=%s deleted=%s saved=%s", id, a.Key, a.Name, a.Hidden, a.Version, instant(a.CreatedAt), instant(a.DeletedAt), instant(a.SavedAt))
	record, err := w.store.Accounts().Get(w.ctx, id)
	w.failed("  record", err)
	for _, s := range record.Secrets {
		w.line("  secret %x created=%s expires=%s", s.PublicKey, instant(s.CreatedAt), instant(s.ExpiresAt))
	}
	closes := record.Rules.Rule("autoClose")
	w.line("  autoClose on=%s changed=%s; running=%d at=%s", instant(closes.On), instant(closes.Changed), record.Rules.Running, instant(record.Rules.RunningAt))
	if body, err := account.Image(w.ctx, charla.ImagePicture); !w.failed("  picture", err) {
		w.line("  picture %x", sha256.Sum256(body))
	}
	if body, err := account.Image(w.ctx, charla.ImageLogo); !w.failed("  logo", err) {
		w.line("  logo %x", sha256.Sum256(body))
	}
	cfg, version, err := account.Config(w.ctx)
	if !w.failed("  config", err) {
		text, err := json.Marshal(cfg)
		w.err = err
		w.line("  config %d %s", version, text)
	}
	presence, err := account.Inbox().Presence(w.ctx)
	if !w.failed("  presence", err) {
		w.line("  presence available=%t absence=%d", presence.Available, presence.Absence)
	}
	w.rest(id, words)
}

func (w *book) rest(id chatcfg.AccountID, words []string) {
	inbox := w.desk.Account(id).Inbox()
	rows, err := inbox.Tickets(w.ctx, charla.TicketQuery{PageQuery: charla.PageQuery{Limit: 100}})
	if w.failed("  tickets", err) {
		return
	}
	slices.SortFunc(rows.Items, func(a, b charla.Row) int {
		return strings.Compare(fmt.Sprint(a.CreatedAt.UnixMicro(), a.Ref.Conversation, a.Number), fmt.Sprint(b.CreatedAt.UnixMicro(), b.Ref.Conversation, b.Number))
	})
	seen := map[tickets.ConversationID]bool{}
	for _, row := range rows.Items {
		w.ticket(row)
		if !seen[row.Ref.Conversation] {
			seen[row.Ref.Conversation] = true
			w.conversation(row.Ref)
		}
	}
	for _, word := range words {
		found, err := inbox.Tickets(w.ctx, charla.TicketQuery{Text: word, PageQuery: charla.PageQuery{Limit: 100}})
		if w.failed("  search "+word, err) {
			continue
		}
		var hits []string
		for _, row := range found.Items {
			hits = append(hits, fmt.Sprintf("%s/%d", row.Ref.Conversation, row.Number))
		}
		slices.Sort(hits)
		w.line("  search %q %v", word, hits)
	}
	states := []charla.DeliveryState{charla.DeliveryPending, charla.DeliverySending, charla.DeliverySent, charla.DeliveryDead, charla.DeliveryUnknown}
	for _, state := range states {
		found, err := w.desk.Deliveries(w.ctx, charla.DeliveryQuery{Account: id, State: state})
		if w.failed("  deliveries", err) {
			continue
		}
		kept, err := w.store.Outbox().List(w.ctx, id, storage.DeliveryState(state), "", charla.MaxPage)
		if w.failed("  outbox", err) {
			continue
		}
		repeatable := map[string]bool{}
		for _, d := range kept.Items {
			repeatable[d.Key] = d.Repeatable
		}
		slices.SortFunc(found.Items, func(a, b charla.Delivery) int { return strings.Compare(event(a.Key), event(b.Key)) })
		for _, d := range found.Items {
			w.line("  delivery %s %s key=%s ticket=%s/%d repeatable=%t", state, d.Kind, event(d.Key), d.Ref.Conversation, d.Ref.Number, repeatable[d.Key])
			if !w.desk.Now().After(w.until) {
				w.line("    attempts=%d notBefore=%s settled=%s error=%q", d.Attempts, instant(d.NotBefore), instant(d.SettledAt), d.Error)
			}
		}
	}
	forms, err := inbox.Contacts(w.ctx, charla.PageQuery{Limit: 100})
	if !w.failed("  contacts", err) {
		for _, f := range forms.Items {
			w.line("  contact key=%s at=%s name=%q email=%q phone=%q text=%q locale=%s session=%t conversation=%t", f.Key, instant(f.At), f.Name, f.Email, f.Phone, f.Text, f.Locale,
				!f.Session.IsZero(), !f.Conversation.IsZero())
		}
	}
	report, err := inbox.Report(w.ctx, charla.ReportQuery{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
	if !w.failed("  report", err) {
		w.line("  report open=%d ignored=%d closed=%d important=%d delayed=%d first=%+v all=%+v", report.Open, report.Ignored, report.Closed, report.Important, report.Delayed, report.First, report.All)
	}
}

func (w *book) ticket(t charla.Row) {
	w.line("  ticket %s/%d previous=%d status=%s reason=%s important=%t keywordsOff=%t paused=%t", t.Ref.Conversation, t.Number, t.Previous, t.Status, t.Reason, t.Important, t.KeywordsOff, t.Paused)
	w.line("    created=%s opened=%s closed=%s changed=%s countsFrom=%s", instant(t.CreatedAt), instant(t.OpenedAt), instant(t.ClosedAt), instant(t.ChangedAt), instant(t.CountsFrom))
	w.line("    lastWord=%v agent=%s agentName=%q answered=%t messages=%d", t.LastWord, t.Agent, t.AgentName, t.Answered, t.Messages)
	if t.Wait != nil {
		w.line("    wait since=%s clock=%s limit=%s due=%s delayed=%s", instant(t.Wait.Since), t.Wait.Clock, t.Wait.Limit, instant(t.Wait.Due), instant(t.Wait.DelayedAt))
	}
	w.line("    spokeOutOfHours=%s spokeInAbsence=%d notified=%q metadata=%s", instant(t.Recall("outOfHours").At), t.Recall("noAgents").Number, t.Notified, pairs(t.Metadata))
	if t.Typification != nil {
		w.line("    typification=%q fields=%s", t.Typification.Category, pairs(t.Typification.Fields))
	}
	w.customer(t.Customer)
}

func (w *book) customer(c tickets.Customer) {
	w.line("    customer level=%v name=%q email=%q rut=%q phone=%q locale=%q", c.Level, c.Name, c.Email, c.RUT, c.Phone, c.Locale)
}

func (w *book) conversation(ref tickets.Ref) {
	inbox := w.desk.Account(ref.Account).Inbox()
	messages, err := inbox.Messages(w.ctx, ref, charla.MessageQuery{})
	if !w.failed("    messages", err) {
		for _, m := range messages.Items {
			w.line("    message %d ticket=%d at=%s from=%v level=%v agent=%s name=%q rule=%s text=%q", m.Seq, m.Ticket, instant(m.At), m.From, m.Level, m.Agent, m.Name, m.Rule, m.Text)
			if m.File == nil {
				continue
			}
			_, body, err := inbox.File(w.ctx, tickets.Ref{Account: ref.Account, Conversation: ref.Conversation, Number: m.Ticket}, m.Seq)
			if !w.failed("      file", err) {
				w.line("      file %q %s %d %x", m.File.Name, m.File.Type, m.File.Size, sha256.Sum256(body))
			}
		}
	}
	entries, err := inbox.History(w.ctx, ref, charla.PageQuery{})
	if !w.failed("    history", err) {
		for _, e := range entries.Items {
			chance := e.Inputs.Chance
			if e.At.After(w.until) {
				chance = 0
			}
			w.line("    entry %d ticket=%d at=%s due=%s kind=%s by=%s agent=%s name=%q rule=%s now=%s available=%t absence=%d config=%d chance=%d", e.N, e.Ticket, instant(e.At), instant(e.Due), e.Kind,
				e.Actor.Kind, e.Actor.Agent, e.Actor.Name, e.Actor.Rule, instant(e.Inputs.Now), e.Inputs.Presence.Available, e.Inputs.Presence.Absence, e.Inputs.Config, chance)
			for _, f := range e.Facts {
				w.line("      fact %s rule=%s seq=%d reason=%s address=%s waited=%s", f.Kind, f.Rule, f.Seq, f.Reason, f.Address, f.Waited)
			}
			for _, f := range e.Trace {
				w.line("      finding %s fired=%t why=%s text=%d word=%q from=%d to=%d until=%s", f.Rule, f.Fired, f.Why, f.Text, f.Word, f.From, f.To, instant(f.Until))
			}
		}
	}
	for _, locale := range []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese} {
		explained, err := inbox.Explain(w.ctx, ref, locale, charla.PageQuery{})
		if w.failed("    explain", err) {
			continue
		}
		// Their wording may change; that each entry has words may not.
		for _, e := range explained.Items {
			if strings.TrimSpace(e.What) == "" {
				w.line("    explain %s: entry %d has no words", locale, e.Entry)
			}
		}
		w.line("    explained %s %d", locale, len(explained.Items))
	}
	marks, err := inbox.Marks(w.ctx, ref)
	if !w.failed("    marks", err) {
		w.line("    marks customer=%d agent=%d", marks.Customer, marks.Agent)
	}
}

func (w *book) session(i int, account chatcfg.AccountID, token string) {
	visitor := w.desk.Account(account).Visitor(charla.Token(token))
	s, err := visitor.Session(w.ctx)
	if w.failed(fmt.Sprintf("session %d", i), err) {
		return
	}
	record, err := w.store.Sessions().Get(w.ctx, account, s.ID)
	w.failed("  record", err)
	w.line("session %d %s conversation=%s identity=%v:%q created=%s expires=%s links=%v", i, s.ID, s.Conversation, s.Identity.Kind, s.Identity.Value, instant(s.CreatedAt), instant(s.ExpiresAt), record.Links)
	w.customer(s.Customer)
	messages, err := visitor.Messages(w.ctx, charla.MessageQuery{})
	if w.failed("    reads", err) {
		return
	}
	var seqs []int64
	for _, m := range messages.Items {
		seqs = append(seqs, m.Seq)
	}
	w.line("    reads %v", seqs)
}
