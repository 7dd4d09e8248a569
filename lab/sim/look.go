package sim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// look starts one of the calls that read, or have nothing to do with conversations. The
// store tells the schedule when it reads (task.saw), so that answers are compared with
// the model as it was then.
func (w *World) look(d *desk, a *account, c *conv, v *visitor) {
	switch x := w.rnd.IntN(100); {
	case x < 8:
		w.markRead(d, c, v)
	case x < 18:
		w.explain(d, c)
	case x < 45:
		w.dryRun(d, v)
	case x < 65:
		w.search(d, a)
	case x < 78:
		w.follow(d, v)
	case x < 84:
		w.rotate(d, a)
	case x < 91:
		w.verify(d, a)
	case x < 96:
		w.report(d, a)
	case x < 98:
		w.paint(d, a)
	default:
		w.picture(d, a)
	}
}

// explain has a desk explain a history, and checks that each entry is there, in its
// order, in words.
func (w *World) explain(d *desk, c *conv) {
	after := int64(w.rnd.IntN(len(c.entries) + 1))
	locale := []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese, chatcfg.Auto}[w.rnd.IntN(4)]
	want := int64(0)
	var list []automation.Explanation
	w.start(&task{desk: d, name: "explain", saw: func(name string) {
		if name == "history" {
			want = min(int64(len(c.entries))-after, storage.MaxPage)
		}
	}, after: func(t *task) {
		if !t.returned || t.err != nil || c.account.purged {
			return
		}
		if int64(len(list)) != want {
			w.failf("explain", "%d explanations of the %d entries of %s after %d", len(list), want, c.id, after)
		}
		for i, x := range list {
			e := c.entries[after+int64(i)]
			if x.Entry != e.N || x.Ticket != e.Ticket || !x.At.Equal(e.At) || strings.TrimSpace(x.What) == "" || strings.Contains(x.What, "%!") {
				w.failf("explain", "entry %d (%s) is explained as %+v", e.N, e.Kind, x)
			}
			for _, r := range x.Rules {
				if r.Text == "" || strings.Contains(r.Text, "%!") {
					w.failf("explain", "entry %d: rule %s is explained as %q", e.N, r.Rule, r.Text)
				}
			}
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		ref := tickets.Ref{Account: c.account.id, Conversation: c.id}
		page, err := d.charla.Account(c.account.id).Inbox().Explain(ctx, ref, locale, charla.PageQuery{Cursor: strconv.FormatInt(after, 10)})
		list = page.Items
		return res, err
	})
}

// dry is what a dry run said would happen.
type dry struct {
	text    string
	outcome charla.Outcome
	// written says that it was then really done.
	written bool
}

// dryRun asks what would happen if a visitor wrote something, which must change
// nothing; and then often has them write it.
func (w *World) dryRun(d *desk, v *visitor) {
	one := &dry{text: w.say(v.account)}
	token := v.token
	really := w.rnd.IntN(4) > 0
	w.people.dries = append(w.people.dries, one)
	w.start(&task{desk: d, name: "dry run", after: func(t *task) {
		if !t.returned || t.err != nil || !really || d.dead {
			return
		}
		one.written = true
		w.request(d, v.wants(one.text))
		w.hurry = w.lastTask
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		one.outcome, err = d.charla.Account(v.account.id).Visitor(token).DryRun(ctx, one.text)
		return res, err
	})
	w.hurry = w.lastTask
}

// foretold compares what dry runs said with what then happened, where it was decided on
// the same state, at the same time, under the same configuration.
func (w *World) foretold() {
	for _, one := range w.people.dries {
		p, there := w.model.tags[one.text]
		if there && !one.written {
			w.failf("dry run", "%q was only tried, and is in the log", one.text)
			return
		}
		n := len(one.outcome.Entries)
		if !there || n == 0 {
			continue
		}
		said, did := one.outcome.Entries[n-1], p.conv.entries[p.entry-1]
		same := said.N == did.N && said.At.Equal(did.At) && said.Inputs.Config == did.Inputs.Config && said.Inputs.Presence == did.Inputs.Presence &&
			said.Actor == did.Actor
		// Deadlines before it, too, in the same commit: one of their own might say what they
		// keep to themselves where somebody writes (R13.2).
		for i, e := range one.outcome.Entries {
			was := p.conv.entries[p.entry-int64(n)+int64(i)]
			same = same && e.N == was.N && e.Kind == was.Kind && e.At.Equal(was.At) && was.Inputs.Chance == did.Inputs.Chance
		}
		if !same {
			continue
		}
		w.stats.Foretold++
		if !reflect.DeepEqual(said.Facts, did.Facts) || !reflect.DeepEqual(unchosen(said.Trace), unchosen(did.Trace)) {
			w.failf("dry run", "of %q it said %+v, it was %+v", one.text, said, did)
		}
		for _, m := range one.outcome.Messages {
			was := p.conv.messages[m.Seq-1]
			if m.From != tickets.FromRule && m.Text != was.Text || m.From != was.From || m.Rule != was.Rule || m.Ticket != was.Ticket {
				w.failf("dry run", "of %q it said message %+v, it was %+v", one.text, m, was)
			}
		}
	}
	w.people.dries = nil
}

// unchosen returns findings without the texts that chance chose.
func unchosen(all []tickets.Finding) []tickets.Finding {
	all = slices.Clone(all)
	for i := range all {
		all[i].Text = 0
	}
	return all
}

// terms returns a text's words, as the texts here have them.
func terms(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// search searches for words that somebody wrote, and checks that exactly the tickets
// are found that have all of them, the last as a beginning.
func (w *World) search(d *desk, a *account) {
	var all []string
	for _, c := range a.order {
		for _, m := range c.messages {
			if m.From == tickets.FromCustomer || m.From == tickets.FromAgent {
				all = append(all, m.Text)
			}
		}
	}
	if len(all) == 0 || a.purged {
		return
	}
	words := terms(all[w.rnd.IntN(len(all))])
	w.rnd.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	words = words[:1+w.rnd.IntN(len(words))]
	if last := &words[len(words)-1]; w.rnd.IntN(2) == 0 {
		*last = (*last)[:1+w.rnd.IntN(len(*last))]
	}
	if last := words[len(words)-1]; last[0] > '9' && len(last) < 3 {
		return // may begin a customer's name or address
	}
	var want, got []string
	w.start(&task{desk: d, name: "search", saw: func(name string) {
		if name == "tickets" {
			want = a.find(words)
		}
	}, after: func(t *task) {
		slices.Sort(got)
		if t.returned && t.err == nil && !slices.Equal(got, want) && !a.purged {
			w.failf("search", "%q finds %v, want %v", words, got, want)
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		page, err := d.charla.Account(a.id).Inbox().Tickets(ctx, charla.TicketQuery{Text: strings.ToUpper(strings.Join(words, ", "))})
		for _, row := range page.Items {
			got = append(got, fmt.Sprint(row.Ref.Conversation, "/", row.Number))
		}
		return res, err
	})
}

// find returns every ticket in which all words were written, at most a page.
func (a *account) find(words []string) []string {
	found := []string{}
	for _, c := range a.order {
		texts := make(map[tickets.Number][]string)
		for _, m := range c.messages {
			if m.From == tickets.FromCustomer || m.From == tickets.FromAgent || m.From == tickets.FromNote {
				texts[m.Ticket] = append(texts[m.Ticket], terms(m.Text)...)
			}
		}
		for _, t := range append(slices.Clone(c.older), c.ticket) {
			texts[t.number] = append(texts[t.number], t.categories...)
		}
		for number, has := range texts {
			holds := number != c.ticket.number || !c.ticket.bot // which lists leave out
			for i, word := range words {
				holds = holds && slices.ContainsFunc(has, func(one string) bool {
					return one == word || i == len(words)-1 && strings.HasPrefix(one, word)
				})
			}
			if holds {
				found = append(found, fmt.Sprint(c.id, "/", number))
			}
		}
	}
	slices.Sort(found)
	return found
}

// follower follows what a session may see, until its token is replaced.
type follower struct {
	v     *visitor
	on    *desk
	token charla.Token
	got   []tickets.Message
	seen  []int64
	conv  *conv
	gone  bool
	err   error
}

// follow has a visitor's page read its conversation live.
func (w *World) follow(d *desk, v *visitor) {
	f := &follower{v: v, on: d, token: v.token}
	w.people.followers = append(w.people.followers, f)
	t := w.background(d, "follow", func(ctx context.Context, _ *task) (res charla.Result, err error) {
		for u, err := range d.charla.Account(v.account.id).Visitor(f.token).Live(ctx, 0, 0) {
			if f.err = err; err != nil {
				return res, err
			}
			if u.Message != nil {
				f.got = append(f.got, *u.Message)
			}
		}
		return res, nil
	})
	end := func(*task) { f.gone = true }
	if t.after = end; t.done {
		end(t)
	}
}

// followers checks what visitors' pages got: messages of one conversation, in order,
// and none that the session may not see (R7.2, R8.3).
func (w *World) followers() {
	for _, f := range w.people.followers {
		s, known := w.model.sessions[f.v.id]
		for _, m := range f.got {
			if f.conv == nil && (m.From == tickets.FromCustomer || m.From == tickets.FromAgent) { // they say it once
				f.conv = f.v.account.said(m)
			}
		}
		if f.conv == nil && slices.IndexFunc(f.got, func(m tickets.Message) bool { return m.From == tickets.FromCustomer }) < 0 {
			continue
		}
		for _, m := range f.got {
			switch c := f.conv; {
			case !known || c == nil || m.Seq > int64(len(c.messages)) || c.messages[m.Seq-1].Text != m.Text:
				w.failf("follow", "session %s is shown %+v", s.ID, m)
				return
			case len(f.seen) > 0 && m.Seq <= f.seen[len(f.seen)-1]:
				w.failf("follow", "session %s is shown message %d after %d", s.ID, m.Seq, f.seen[len(f.seen)-1])
			case c.messages[m.Seq-1].Session != s.ID && s.Customer.Level != tickets.LevelVerified:
				w.failf("isolation", "session %s is shown message %d, which is another session's", s.ID, m.Seq)
			case m.From == tickets.FromNote:
				w.failf("isolation", "session %s is shown note %d", s.ID, m.Seq)
			}
			f.seen = append(f.seen, m.Seq)
		}
		f.got = f.got[:0]
		if f.gone && errors.Is(f.err, charla.ErrSession) && holds(f.token, s) && s.EndedAt.IsZero() && !w.model.forgotten[s.ID] && f.on.clock.ahead.Before(s.ExpiresAt) {
			w.failf("follow", "session %s is said to have ended", s.ID)
		}
	}
	w.people.followers = slices.DeleteFunc(w.people.followers, func(f *follower) bool { return f.gone })
}

// said returns the conversation that has a message; nil: none has.
func (a *account) said(m tickets.Message) *conv {
	for _, c := range a.order {
		if m.Seq <= int64(len(c.messages)) && c.messages[m.Seq-1].Text == m.Text {
			return c
		}
	}
	return nil
}

// followed checks at the end that every page that is still following was shown
// everything.
func (w *World) followed() {
	for _, f := range w.people.followers {
		s := w.model.sessions[f.v.id]
		c := w.model.holds(s.ID)
		if c == nil || f.v.account.deleted {
			continue
		}
		if !s.EndedAt.IsZero() || !w.now.Before(s.ExpiresAt) {
			w.failf("follow", "session %s has ended and goes on being followed", s.ID)
			return
		}
		if !holds(f.token, s) {
			w.failf("follow", "session %s is followed by a token that a login replaced", s.ID)
			return
		}
		var want []int64
		for _, m := range c.messages {
			if m.Session == s.ID || s.Customer.Level == tickets.LevelVerified && m.From != tickets.FromNote {
				want = append(want, m.Seq)
			}
		}
		if f.conv != nil && f.conv != c || !slices.Equal(f.seen, want) {
			w.failf("follow", "session %s was shown %v, want %v", s.ID, f.seen, want)
		}
	}
}

// holds reports whether a token is a session's: the part after its point is the
// secret of which the store keeps the hash.
func holds(token charla.Token, s tickets.Session) bool {
	_, tail, _ := strings.Cut(string(token), ".")
	secret, err := base64.RawURLEncoding.DecodeString(tail)
	hash := sha256.Sum256(secret)
	return err == nil && bytes.Equal(hash[:], s.TokenHash)
}

// keyring is what a host holds of an account's secret tokens.
type keyring struct {
	secret charla.Secret
	public []byte
}

// rotate gives an account another secret token (R1.7), and checks that the earlier ones
// end with the overlap.
func (w *World) rotate(d *desk, a *account) {
	overlap := time.Second + time.Duration(w.rnd.Int64N(int64(3*time.Hour))).Truncate(time.Second)
	before := slices.Clone(a.secrets)
	var secret charla.Secret
	w.start(&task{desk: d, name: "rotate", after: func(t *task) {
		if !t.returned || t.err != nil {
			return
		}
		public := []byte(secret.Key().Public().(ed25519.PublicKey))
		a.keys = append(a.keys, keyring{secret, public})
		i := slices.IndexFunc(a.everSecrets, func(s chatcfg.Secret) bool { return bytes.Equal(s.PublicKey, public) })
		if i < 0 {
			w.failf("secret", "a token of %s was handed out and is not kept", a.name)
			return
		}
		made := a.everSecrets[i].CreatedAt
		for _, old := range before {
			for _, now := range a.secrets {
				if bytes.Equal(old.PublicKey, now.PublicKey) && (now.ExpiresAt.IsZero() || now.ExpiresAt.After(made.Add(overlap))) {
					w.failf("secret", "a token of %s outlives its overlap", a.name)
				}
			}
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		secret, err = d.charla.Account(a.id).RotateSecret(ctx, overlap)
		return res, err
	})
}

// verify has a desk check an identity that a host signed, with a token that may have
// been replaced meanwhile, or with one of another account.
func (w *World) verify(d *desk, a *account) {
	of := a
	if w.rnd.IntN(5) == 0 {
		of = w.model.order[w.rnd.IntN(len(w.model.order))]
	}
	if len(of.keys) == 0 {
		return
	}
	key := of.keys[w.rnd.IntN(len(of.keys))]
	signed := w.now.Add(d.clock.offset)
	proof := charla.Proof{Subject: "p1@example.com"}
	token, err := charla.SignIdentity(key.secret, a.id, proof, signed, time.Hour)
	if err != nil {
		w.failf("simulation", "%v", err)
		return
	}
	holds, gone := false, false
	var got charla.Proof
	w.start(&task{desk: d, name: "verify", saw: func(name string) {
		now := d.charla.Now()
		issued := signed.Truncate(time.Second)
		gone = a.deleted
		holds = now.Before(issued.Add(time.Hour)) && !issued.After(now.Add(time.Minute)) &&
			slices.ContainsFunc(a.secrets, func(s chatcfg.Secret) bool {
				return bytes.Equal(s.PublicKey, key.public) && (s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt))
			})
	}, after: func(t *task) {
		switch {
		case !t.returned:
		case t.err == nil && (!holds || gone || got.Provider != proof.Provider || got.Subject != proof.Subject || got.Name != proof.Name || got.Email != proof.Email):
			w.failf("secret", "%+v is verified in %s, it holds: %v, deleted: %v", got, a.name, holds, gone)
		case errors.Is(t.err, charla.ErrIdentity) && holds:
			w.failf("secret", "an identity of %s is refused that holds", a.name)
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		got, err = d.charla.Account(a.id).VerifyIdentity(ctx, token)
		return res, err
	})
}

// paint gives an account another picture, or removes it (R1.2).
func (w *World) paint(d *desk, a *account) {
	var body []byte
	if w.rnd.IntN(4) > 0 {
		side := 1 + w.rnd.IntN(5)
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
			w.failf("simulation", "%v", err)
		}
		body = b.Bytes()
	}
	a.pictures = append(a.pictures, body)
	w.start(&task{desk: d, name: "paint"}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		return res, d.charla.Account(a.id).SetImage(ctx, charla.ImagePicture, body)
	})
}

// picture reads an account's picture and checks that it is the last that was stored.
func (w *World) picture(d *desk, a *account) {
	var want, got []byte
	w.start(&task{desk: d, name: "picture", saw: func(string) { want = a.picture }, after: func(t *task) {
		if t.returned && (t.err == nil || errors.Is(t.err, charla.ErrNotFound)) && !bytes.Equal(got, want) && !a.purged {
			w.failf("picture", "%s has a picture of %d bytes, want %d", a.name, len(got), len(want))
		}
		if !slices.ContainsFunc(a.pictures, func(b []byte) bool { return bytes.Equal(b, got) }) && len(got) > 0 {
			w.failf("picture", "%s has a picture that nobody gave it", a.name)
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		got, err = d.charla.Account(a.id).Image(ctx, charla.ImagePicture)
		return res, err
	})
}
