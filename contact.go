package charla

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// ContactForm is what a visitor typed into the contact form.
type ContactForm struct {
	// Name may be empty.
	Name string
	// Email is required: where the answer goes. Nothing proves it.
	Email string
	// Phone may be empty, and any text of one line: see [chatcfg.ParsePhone].
	Phone string
	// Text is required, up to [chatcfg.MaxMessage] characters.
	Text string
	// Locale is the visitor's language; empty: unknown.
	Locale chatcfg.Locale
	// Scriptless says that the form stands on a page that cannot chat, so that it
	// is taken even while an agent is available.
	Scriptless bool
}

// contactKind is the kind of delivery that takes a contact form to its address.
const contactKind = mailKind + ":contact"

// Contact stores a contact form, of a stranger too, to be mailed to the account's
// address, mailbox or both through the outbox: success means stored (R6.2). It returns
// the form as stored. It fails with [chatcfg.Problems] for what was typed or the key,
// [ErrNoForm] if the account has none, [ErrAvailable] while an agent is available,
// [ErrNotFound], [ErrSession], [ErrDeleted], [ErrNewerFormat], [ErrKeyReused] or
// [ErrOutcomeUnknown].
func (v *Visitor) Contact(ctx context.Context, f ContactForm, o *CallOptions) (tickets.Submission, error) {
	d, key := v.desk, ""
	if o != nil {
		key = o.Key
	}
	if err := checkKey(key); err != nil {
		return tickets.Submission{}, err
	}
	s, err := submission(v.account, f)
	if err != nil {
		return s, err
	}
	a, err := d.sender(ctx, v, &s)
	if err != nil {
		return s, err
	}
	rules, err := d.rules(ctx, &a)
	if err != nil {
		return s, err
	}
	if s.Key, err = d.contactKey(&s, key); err != nil {
		return s, err
	}
	if key != "" {
		old, err := d.store.Contacts().Get(ctx, v.account, s.Key)
		if !errors.Is(err, storage.ErrNotFound) {
			return sentBefore(old, s, err)
		}
	}
	if err := d.mayContact(ctx, &rules.Config.Chat, v.account, &f); err != nil {
		return s, err
	}
	s.At = d.Now()
	mails := contactMails(&rules.Config.Chat, &s)
	err = d.store.Contacts().Add(ctx, s, mails)
	if errors.Is(err, storage.ErrExists) {
		old, err := d.store.Contacts().Get(ctx, v.account, s.Key)
		return sentBefore(old, s, err)
	}
	if err != nil {
		return s, changeError(err)
	}
	d.wakeRunner()
	return s, nil
}

// sender returns the account that a form goes to, and writes the visitor's session and
// conversation into the form; a stranger has none. It fails with [ErrSession],
// [ErrNotFound] or [ErrDeleted].
func (d *Desk) sender(ctx context.Context, v *Visitor, s *tickets.Submission) (chatcfg.Account, error) {
	if v.stranger {
		return d.liveAccount(ctx, v.account)
	}
	loaded, err := v.load(ctx)
	s.Session, s.Conversation = v.session, loaded.Session.Conversation
	return loaded.Account, err
}

// submission returns a form as it is to be stored, but for its key, time and session.
// It fails with [chatcfg.Problems] for what was typed.
func submission(account chatcfg.AccountID, f ContactForm) (tickets.Submission, error) {
	s := tickets.Submission{Account: account, Text: f.Text, Locale: f.Locale}
	p := chatcfg.CheckText("text", f.Text, chatcfg.MaxMessage)
	if !chatcfg.IsBlank(f.Name) {
		s.Name = strings.TrimSpace(f.Name)
		p = append(p, chatcfg.CheckLine("name", s.Name, chatcfg.MaxName)...)
	}
	var err error
	if s.Email, err = chatcfg.ParseEmail(f.Email); err != nil {
		code := chatcfg.CodeInvalidEmail
		if chatcfg.IsBlank(f.Email) {
			code = chatcfg.CodeRequired
		}
		p = append(p, chatcfg.Problem{Path: "email", Code: code})
	}
	var found chatcfg.Problems
	s.Phone, found = chatcfg.CheckPhone("phone", f.Phone)
	return s, problems(append(p, found...))
}

// contactKey returns the key under which a form is stored. Keys of sessions, of pages
// without a session and of forms without a key never meet; a form without a key gets a
// random one: only that fails, if the desk's entropy does.
func (d *Desk) contactKey(s *tickets.Submission, key string) (string, error) {
	switch {
	case key == "":
		id, err := d.mint()
		return "once:" + id.String(), err
	case s.Session.IsZero():
		return "page:" + key, nil
	default:
		return "session:" + s.Session.String() + ":" + key, nil
	}
}

// sentBefore returns old, the form that is stored under the key of s, if both say the
// same, else it fails with [ErrKeyReused]. err is the error of reading old; if there is
// one, it fails with that.
func sentBefore(old, s tickets.Submission, err error) (tickets.Submission, error) {
	if err != nil {
		return s, storeError(err)
	}
	s.At = old.At
	if s.Locale = old.Locale; s != old {
		return s, fmt.Errorf("%w: %q", ErrKeyReused, s.Key)
	}
	return old, nil
}

// mayContact returns nil if the account takes the form now, else [ErrNoForm], or
// [ErrAvailable], which a page without scripts is spared. It fails as presence does.
func (d *Desk) mayContact(ctx context.Context, chat *chatcfg.Chat, account chatcfg.AccountID, f *ContactForm) error {
	if !chat.ContactForm.Enabled {
		return ErrNoForm
	}
	if f.Scriptless {
		return nil
	}
	p, err := d.presence(ctx, account)
	if err == nil && p.Available {
		err = ErrAvailable
	}
	return err
}

// contactMails returns the deliveries of a form to the account's address and mailbox,
// one for each that is on (R6.1).
func contactMails(chat *chatcfg.Chat, s *tickets.Submission) []storage.Delivery {
	m := Mail{
		ReplyTo: s.Email, AccountName: chat.Name, Message: s.Text, Locale: mailLocale(chat.Locale),
		Customer: tickets.Customer{Level: tickets.LevelClaimed, Name: s.Name, Email: s.Email, Phone: s.Phone, Locale: s.Locale},
		Ref:      tickets.Ref{Account: s.Account, Conversation: s.Conversation},
	}
	id := keySum(s.Account.String() + s.Key)
	m.write(mailWords[m.Locale].contact, subjectSum(id))
	var out []storage.Delivery
	add := func(key string, m Mail) {
		out = append(out, delivery(contactKind, m.Ref, s.At, key+id, m))
	}
	if to := chat.ContactForm.Email; to.Enabled {
		mail := m
		mail.To = to.Address
		add("contact-mail-", mail)
	}
	if to := chat.ContactForm.Mailbox; to.Enabled {
		mail := m
		mail.Mailbox = to.ID
		add("contact-mailbox-", mail)
	}
	return out
}

// status returns what [Visitor.Status] answers, for what was loaded of a visitor. It
// fails as rules and presence do, or if the store does.
func (d *Desk) status(ctx context.Context, loaded *storage.Loaded) (Status, error) {
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return Status{}, err
	}
	p, err := d.presence(ctx, loaded.Account.ID)
	if err != nil {
		return Status{}, err
	}
	s := Status{Available: p.Available, LastSeq: loaded.Conversation.LastSeq - loaded.Conversation.Notes, Ongoing: ongoing(&loaded.Ticket)}
	s.Form = !s.Ongoing && formInstead(&rules.Config, p)
	if s.Closed, err = d.closing(ctx, loaded, &rules.Config.Chat); err != nil {
		return Status{}, err
	}
	if !loaded.Conversation.ID.IsZero() {
		s.Read, err = d.store.Sessions().Marks(ctx, loaded.Account.ID, loaded.Conversation.ID)
	}
	return s, storeError(err)
}

// formInstead reports whether the contact form stands in place of starting a
// conversation (R6.2): nobody is there, and no bot answers first.
func formInstead(cfg *chatcfg.Config, p tickets.Presence) bool {
	return cfg.Chat.ContactForm.Enabled && !cfg.General.Bot.Enabled && !p.Available
}

// ongoing reports whether a ticket exists and is not closed.
func ongoing(t *tickets.Ticket) bool {
	return t.Status == tickets.StatusOpen || t.Status == tickets.StatusIgnored
}
