package codec

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// AppendMessage appends the encoding of a message to b and returns b; [DecodeMessage]
// reads it.
func AppendMessage(b []byte, m *tickets.Message) []byte {
	b = appendInt(b, 1, m.Seq)
	b = appendInt(b, 2, m.Ticket)
	b = appendTime(b, 3, m.At)
	b = appendText(b, 4, m.From)
	b = appendText(b, 5, m.Level)
	b = appendID(b, 6, m.Session.UUID)
	b = appendText(b, 7, m.Agent)
	b = appendText(b, 8, m.Name)
	b = appendText(b, 9, m.Rule)
	text, file := 10, 11
	if m.From == tickets.FromNote {
		text, file = 12, 13 // versions that would show a note to a customer do not read these
	}
	b = appendText(b, text, m.Text)
	if f := m.File; f != nil {
		var at int
		b, at = begin(b, file)
		b = appendID(b, 1, f.ID.UUID)
		b = appendText(b, 2, f.Name)
		b = appendText(b, 3, f.Type)
		b = appendInt(b, 4, f.Size)
		b = end(appendBool(b, 5, f.Inline), at)
	}
	return b
}

// DecodeMessage reads into m, which must be zero, the message that [AppendMessage]
// wrote. It skips fields that it does not know, and fails with [ErrCorrupt] for what is
// no such document.
func DecodeMessage(doc string, m *tickets.Message) error {
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 1:
			m.Seq = r.int()
		case 2:
			m.Ticket = tickets.Number(r.int())
		case 3:
			m.At = r.time()
		case 4:
			m.From = tickets.Author(r.string())
		case 5:
			m.Level = tickets.Level(r.string())
		case 6:
			m.Session.UUID = r.id()
		case 7:
			m.Agent = tickets.AgentID(r.string())
		case 8:
			m.Name = r.string()
		case 9:
			m.Rule = tickets.RuleKey(r.string())
		case 10, 12:
			m.Text = r.string()
		case 11, 13:
			m.File = readFile(&r)
		}
	}
	return r.err()
}

// readFile returns the file in a field. If it is malformed, the reader fails.
func readFile(r *reader) *tickets.File {
	f := &tickets.File{}
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			f.ID.UUID = sub.id()
		case 2:
			f.Name = sub.string()
		case 3:
			f.Type = sub.string()
		case 4:
			f.Size = sub.int()
		case 5:
			f.Inline = sub.bool()
		}
	}
	r.leave(&sub)
	return f
}

// AppendConversation appends the encoding of a conversation to b and returns b;
// [DecodeConversation] reads it.
func AppendConversation(b []byte, c *tickets.Conversation) []byte {
	b = appendInt(b, 1, c.Format)
	b = appendID(b, 2, c.Account.UUID)
	b = appendID(b, 3, c.ID.UUID)
	b = appendInt(b, 4, c.Version)
	b = appendIdentity(b, 5, &c.Identity)
	b = appendCustomer(b, 6, &c.Customer)
	b = appendTime(b, 7, c.CreatedAt)
	b = appendTime(b, 8, c.LastAt)
	b = appendInt(b, 9, c.LastSeq)
	b = appendInt(b, 10, c.LastEntry)
	b = appendInt(b, 11, c.Number)
	b = appendInt(b, 12, c.CustomerMessages)
	b = appendID(b, 13, c.Session.UUID)
	for i := range c.Links {
		b = appendElement(b, 14, c.Links[i].UUID[:])
	}
	b = appendInt(b, 15, c.Armed)
	b = appendInt(b, 16, c.SessionEpoch)
	for i := range c.Readers {
		var at int
		b, at = begin(b, 18)
		b = appendText(b, 1, c.Readers[i].Agent)
		b = appendInt(b, 2, c.Readers[i].Seq)
		b = end(appendInt(b, 3, c.Readers[i].Customer), at)
	}
	return appendInt(b, 17, c.Notes)
}

// DecodeConversation reads into c, which must be zero, the conversation that
// [AppendConversation] wrote. It skips fields that it does not know, and fails with
// [ErrCorrupt] for what is no such document.
func DecodeConversation(doc string, c *tickets.Conversation) error {
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 1:
			c.Format = int(r.int())
		case 2:
			c.Account.UUID = r.id()
		case 3:
			c.ID.UUID = r.id()
		case 4:
			c.Version = r.int()
		case 5:
			readIdentity(&r, &c.Identity)
		case 6:
			readCustomer(&r, &c.Customer)
		case 7:
			c.CreatedAt = r.time()
		case 8:
			c.LastAt = r.time()
		case 9:
			c.LastSeq = r.int()
		case 10:
			c.LastEntry = r.int()
		case 11:
			c.Number = tickets.Number(r.int())
		case 12:
			c.CustomerMessages = r.int()
		case 13:
			c.Session.UUID = r.id()
		case 14:
			c.Links = append(c.Links, tickets.ConversationID{UUID: r.id()})
		case 15:
			c.Armed = chatcfg.Version(r.int())
		case 16:
			c.SessionEpoch = r.int()
		case 17:
			c.Notes = r.int()
		case 18:
			c.Readers = append(c.Readers, readReader(&r))
		}
	}
	return r.err()
}

// DecodeUnread returns how many of the customer's messages an agent has not read of the
// conversation that [AppendConversation] wrote. It reads no more than it needs for that, and
// fails as [DecodeConversation] does.
func DecodeUnread(doc string, agent tickets.AgentID) (int64, error) {
	var c tickets.Conversation
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 12:
			c.CustomerMessages = r.int()
		case 18:
			if by := readReader(&r); by.Agent == agent {
				c.Readers = []tickets.Reader{by}
			}
		}
	}
	return c.Unread(agent), r.err()
}

// readReader returns how far an agent has read, of a field. If it is malformed, the reader
// fails.
func readReader(r *reader) (by tickets.Reader) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			by.Agent = tickets.AgentID(sub.string())
		case 2:
			by.Seq = sub.int()
		case 3:
			by.Customer = sub.int()
		}
	}
	r.leave(&sub)
	return by
}

// AppendSession appends the encoding of a session to b and returns b; [DecodeSession]
// reads it.
func AppendSession(b []byte, s *tickets.Session) []byte {
	b = appendID(b, 1, s.ID.UUID)
	b = appendID(b, 2, s.Account.UUID)
	b = appendID(b, 3, s.Conversation.UUID)
	b = appendIdentity(b, 4, &s.Identity)
	b = appendCustomer(b, 5, &s.Customer)
	b = appendText(b, 6, s.TokenHash)
	b = appendTime(b, 7, s.CreatedAt)
	b = appendTime(b, 8, s.ExpiresAt)
	b = appendTime(b, 9, s.EndedAt)
	for i := range s.Links {
		b = appendElement(b, 10, s.Links[i].UUID[:])
	}
	b = appendInt(b, 11, s.Revision)
	b = appendInt(b, 12, s.Format)
	b = appendText(b, 13, s.Replaced)
	b = appendBool(b, 14, s.Signed)
	b = appendInt(b, 15, s.AccountEpoch)
	b = appendInt(b, 16, s.CustomerEpoch)
	return appendInt(b, 17, s.SecretEpoch)
}

// DecodeSession reads into s, which must be zero, the session that [AppendSession]
// wrote. It skips fields that it does not know, and fails with [ErrCorrupt] for what is
// no such document.
func DecodeSession(doc string, s *tickets.Session) error {
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 1:
			s.ID.UUID = r.id()
		case 2:
			s.Account.UUID = r.id()
		case 3:
			s.Conversation.UUID = r.id()
		case 4:
			readIdentity(&r, &s.Identity)
		case 5:
			readCustomer(&r, &s.Customer)
		case 6:
			s.TokenHash = append([]byte(nil), r.string()...) // nothing is nil
		case 7:
			s.CreatedAt = r.time()
		case 8:
			s.ExpiresAt = r.time()
		case 9:
			s.EndedAt = r.time()
		case 10:
			s.Links = append(s.Links, tickets.ConversationID{UUID: r.id()})
		case 11:
			s.Revision = r.int()
		case 12:
			s.Format = int(r.int())
		case 13:
			s.Replaced = append([]byte(nil), r.string()...)
		case 14:
			s.Signed = r.bool()
		case 15:
			s.AccountEpoch = r.int()
		case 16:
			s.CustomerEpoch = r.int()
		case 17:
			s.SecretEpoch = r.int()
		}
	}
	return r.err()
}

// AppendReceipt appends the encoding of a receipt to b and returns b; [DecodeReceipt]
// reads it.
func AppendReceipt(b []byte, c *storage.Receipt) []byte {
	b = appendText(b, 1, c.Scope)
	b = appendText(b, 2, c.Key)
	if c.Hash != [32]byte{} {
		b = appendElement(b, 3, c.Hash[:])
	}
	b = appendInt(b, 4, c.Entry)
	b = appendInt(b, 5, c.Ticket)
	b = appendInt(b, 6, c.Seq)
	b = appendTime(b, 7, c.At)
	b = appendInt(b, 8, c.First)
	return appendInt(b, 9, c.Last)
}

// DecodeReceipt reads into c, which must be zero, the receipt that [AppendReceipt]
// wrote. It skips fields that it does not know, and fails with [ErrCorrupt] for what is
// no such document.
func DecodeReceipt(doc string, c *storage.Receipt) error {
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 1:
			c.Scope = r.string()
		case 2:
			c.Key = r.string()
		case 3:
			r.array(c.Hash[:])
		case 4:
			c.Entry = r.int()
		case 5:
			c.Ticket = tickets.Number(r.int())
		case 6:
			c.Seq = r.int()
		case 7:
			c.At = r.time()
		case 8:
			c.First = r.int()
		case 9:
			c.Last = r.int()
		}
	}
	return r.err()
}
