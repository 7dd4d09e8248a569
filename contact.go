package charla

import (
	"context"
	"errors"
	"fmt"

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
	// Phone may be empty.
	Phone string
	// Text is required, up to [chatcfg.MaxMessage] characters.
	Text string
	// Session is the visitor's, if they have one; its zero value: none.
	Session tickets.Session
	// Locale is the visitor's language; empty: unknown.
	Locale chatcfg.Locale
	// Scriptless says that the form stands on a page that cannot chat, so that it
	// is taken even while an agent is available.
	Scriptless bool
}

// contactKind is the kind of delivery that takes a contact form to its address.
const contactKind = mailKind

// Contact stores a contact form, to be mailed to the account's address, mailbox or
// both through the outbox: success means stored (R6.2). It fails with
// [chatcfg.Problems] for what was typed, [ErrNoForm] if the account has none,
// [ErrAvailable] while an agent is available, [ErrSession], [ErrDeleted],
// [ErrKeyReused].
func (d *Desk) Contact(ctx context.Context, account chatcfg.AccountID, f ContactForm, o *CallOptions) (tickets.Submission, error) {
	key := ""
	if o != nil {
		key = o.Key
	}
	if err := checkKey(key); err != nil {
		return tickets.Submission{}, err
	}
	a, err := d.living(ctx, account)
	if err != nil {
		return tickets.Submission{}, err
	}
	rules, err := d.rules(ctx, &a)
	if err != nil {
		return tickets.Submission{}, err
	}
	s, err := submission(account, f)
	if err != nil {
		return s, err
	}
	if s.Key, err = d.contactKey(&f, key); err != nil {
		return s, err
	}
	if key != "" {
		old, err := d.store.Contacts().Get(ctx, account, s.Key)
		if !errors.Is(err, storage.ErrNotFound) {
			return sentBefore(old, s, err)
		}
	}
	if err := d.mayContact(ctx, &rules.Config.Chat, account, &f); err != nil {
		return s, err
	}
	s.At = d.Now()
	mails := contactMails(&rules.Config.Chat, &s)
	err = d.store.Contacts().Add(ctx, s, mails)
	if errors.Is(err, storage.ErrExists) {
		old, err := d.store.Contacts().Get(ctx, account, s.Key)
		return sentBefore(old, s, err)
	}
	if err != nil {
		return s, changeError(err)
	}
	d.wakeRunner()
	return s, nil
}

// submission is a form as it is stored, checked.
func submission(account chatcfg.AccountID, f ContactForm) (tickets.Submission, error) {
	s := tickets.Submission{Account: account, Name: f.Name, Text: f.Text, Locale: f.Locale}
	p := chatcfg.CheckText("text", f.Text, chatcfg.MaxMessage)
	if f.Name != "" {
		p = append(p, chatcfg.CheckText("name", f.Name, chatcfg.MaxName)...)
	}
	var err error
	if s.Email, err = chatcfg.ParseEmail(f.Email); err != nil {
		code := chatcfg.CodeInvalidEmail
		if f.Email == "" {
			code = chatcfg.CodeRequired
		}
		p = append(p, chatcfg.Problem{Path: "email", Code: code})
	}
	if f.Phone != "" {
		p = append(p, chatcfg.CheckText("phone", f.Phone, chatcfg.MaxPhone)...)
		s.Phone, _ = chatcfg.ParsePhone(f.Phone)
	}
	if !f.Session.ID.IsZero() {
		s.Session, s.Conversation = f.Session.ID, f.Session.Conversation
	}
	return s, problems(p)
}

// contactKey keeps the keys of sessions, of pages without one, and of forms
// without a key apart.
func (d *Desk) contactKey(f *ContactForm, key string) (string, error) {
	switch {
	case key == "":
		id, err := d.mint()
		return "once:" + id.String(), err
	case f.Session.ID.IsZero():
		return "page:" + key, nil
	default:
		return "session:" + f.Session.ID.String() + ":" + key, nil
	}
}

// sentBefore answers to a form whose key was used before.
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

// mayContact says why a form is not taken.
func (d *Desk) mayContact(ctx context.Context, chat *chatcfg.Chat, account chatcfg.AccountID, f *ContactForm) error {
	if !chat.ContactForm.Enabled {
		return ErrNoForm
	}
	if !f.Session.ID.IsZero() {
		if f.Session.Account != account {
			return ErrSession
		}
		if _, err := d.visit(ctx, f.Session); err != nil {
			return err
		}
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

// contactMails take a form to the account's address and mailbox (R6.1).
func contactMails(chat *chatcfg.Chat, s *tickets.Submission) []storage.Delivery {
	m := Mail{
		ReplyTo: s.Email, AccountName: chat.Name, Message: s.Text, Locale: mailLocale(chat.Locale),
		Customer: tickets.Customer{Level: tickets.LevelClaimed, Name: s.Name, Email: s.Email, Phone: s.Phone, Locale: s.Locale},
		Ref:      tickets.Ref{Account: s.Account, Conversation: s.Conversation},
	}
	words := mailWords[m.Locale]
	m.Subject = words.contact + ": " + chat.Name
	who := s.Name
	if who == "" {
		who = words.anonymous
	}
	m.Text = m.Subject + "\n\n" + who + " <" + s.Email + ">"
	if s.Phone != "" {
		m.Text += ", " + s.Phone
	}
	m.Text += ":\n" + s.Text + "\n"
	var out []storage.Delivery
	add := func(key string, m Mail) {
		out = append(out, delivery(contactKind, m.Ref, s.At, key+keySum(s.Account.String()+s.Key), m))
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

// Contacts lists what visitors sent by the contact form, the last first, at most
// [storage.MaxPage] at a time. [ErrCursor].
func (d *Desk) Contacts(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[tickets.Submission], error) {
	page, err := d.store.Contacts().List(ctx, account, cursor, limit)
	return page, storeError(err)
}

// Status is what a visitor's page needs to know before it shows anything.
type Status struct {
	// Available says that an agent is.
	Available bool
	// Ongoing says that the session's ticket is not closed.
	Ongoing bool
	// Form says that whoever starts a conversation now gets the contact form
	// in its place (R6.2).
	Form bool
	// LastSeq is the conversation's last message, Read how far both sides read.
	LastSeq int64
	Read    tickets.Marks
}

// Availability is the [Status] of a visitor without a session. [ErrDeleted],
// [ErrNotFound].
func (d *Desk) Availability(ctx context.Context, account chatcfg.AccountID) (Status, error) {
	a, err := d.living(ctx, account)
	if err != nil {
		return Status{}, err
	}
	return d.status(ctx, &storage.Loaded{Account: a})
}

// Status says how things are for a session. [ErrSession], [ErrDeleted].
func (d *Desk) Status(ctx context.Context, s tickets.Session) (Status, error) {
	loaded, err := d.visit(ctx, s)
	if err != nil {
		return Status{}, err
	}
	return d.status(ctx, &loaded)
}

func (d *Desk) status(ctx context.Context, loaded *storage.Loaded) (Status, error) {
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return Status{}, err
	}
	p, err := d.presence(ctx, loaded.Account.ID)
	if err != nil {
		return Status{}, err
	}
	s := Status{Available: p.Available, LastSeq: loaded.Conversation.LastSeq, Ongoing: ongoing(&loaded.Ticket)}
	s.Form = !s.Ongoing && formInstead(&rules.Config.Chat, p)
	if loaded.Conversation.Version > 0 {
		s.Read, err = d.store.Sessions().Marks(ctx, loaded.Account.ID, loaded.Conversation.ID)
	}
	return s, storeError(err)
}

// formInstead says whether the contact form stands in place of starting a
// conversation (R6.2).
func formInstead(chat *chatcfg.Chat, p tickets.Presence) bool {
	return chat.ContactForm.Enabled && !p.Available
}

func ongoing(t *tickets.Ticket) bool {
	return t.Status == tickets.StatusOpen || t.Status == tickets.StatusIgnored
}
