package codec

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// AppendTicket appends the encoding of a ticket to b and returns b; [DecodeTicket]
// reads it.
func AppendTicket(b []byte, t *tickets.Ticket) []byte {
	b = appendInt(b, 1, t.Number)
	b = appendInt(b, 2, t.Previous)
	b = appendText(b, 3, t.Status)
	b = appendText(b, 4, t.Reason)
	b = appendBool(b, 5, t.Important)
	b = appendBool(b, 6, t.KeywordsOff)
	b = appendBool(b, 7, t.Paused)
	b = appendTime(b, 8, t.CreatedAt)
	b = appendTime(b, 9, t.OpenedAt)
	b = appendTime(b, 10, t.ClosedAt)
	b = appendTime(b, 11, t.ChangedAt)
	b = appendText(b, 12, t.LastWord)
	b = appendText(b, 13, t.Agent)
	b = appendText(b, 14, t.AgentName)
	b = appendBool(b, 15, t.Answered)
	if w := t.Wait; w != nil {
		var at int
		b, at = begin(b, 16)
		b = appendTime(b, 1, w.Since)
		b = appendText(b, 2, w.Clock)
		b = appendInt(b, 3, int64(w.Limit))
		b = appendTime(b, 4, w.Due)
		b = end(appendTime(b, 5, w.DelayedAt), at)
	}
	b = appendTime(b, 17, t.CountsFrom)
	for _, address := range t.Notified {
		b = appendElement(b, 20, address)
	}
	if t.Typification != nil {
		var at int
		b, at = begin(b, 21)
		b = appendText(b, 1, t.Typification.Category)
		b = end(appendMap(b, 2, t.Typification.Fields), at)
	}
	b = appendMap(b, 22, t.Metadata)
	b = appendCustomer(b, 23, &t.Customer)
	b = appendInt(b, 24, t.Messages)
	for i := range t.Memory {
		var at int
		b, at = begin(b, 25)
		b = appendText(b, 1, t.Memory[i].Rule)
		b = appendTime(b, 2, t.Memory[i].At)
		b = end(appendInt(b, 3, t.Memory[i].Number), at)
	}
	b = appendAssignee(b, 26, t.Assignee)
	b = appendText(b, 27, t.Team)
	start := len(b)
	b, at := begin(b, 28)
	b = appendText(b, 1, t.Turn.Agent)
	b = endUnlessEmpty(appendText(b, 2, t.Turn.Key), start, at)
	b = appendBool(b, 29, t.Asked)
	if t.Rating != nil {
		b, at = begin(b, 30)
		b = appendInt(b, 1, t.Rating.Score)
		b = appendText(b, 2, t.Rating.Comment)
		b = appendTime(b, 3, t.Rating.At)
		b = end(appendInt(b, 4, t.Rating.Changes), at)
	}
	b = appendBool(b, 31, t.WithBot)
	b = appendTime(b, 32, t.Unanswered)
	return appendBool(b, 33, t.Automated)
}

// DecodeTicket reads into t, which must be zero, the ticket that [AppendTicket] wrote.
// It skips fields that it does not know, and fails with [ErrCorrupt] for what is no
// such document.
func DecodeTicket(doc string, t *tickets.Ticket) error {
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 1:
			t.Number = tickets.Number(r.int())
		case 2:
			t.Previous = tickets.Number(r.int())
		case 3:
			t.Status = tickets.Status(r.string())
		case 4:
			t.Reason = tickets.CloseReason(r.string())
		case 5:
			t.Important = r.bool()
		case 6:
			t.KeywordsOff = r.bool()
		case 7:
			t.Paused = r.bool()
		case 8:
			t.CreatedAt = r.time()
		case 9:
			t.OpenedAt = r.time()
		case 10:
			t.ClosedAt = r.time()
		case 11:
			t.ChangedAt = r.time()
		case 12:
			t.LastWord = tickets.Side(r.string())
		case 13:
			t.Agent = tickets.AgentID(r.string())
		case 14:
			t.AgentName = r.string()
		case 15:
			t.Answered = r.bool()
		case 16:
			t.Wait = readWait(&r)
		case 17:
			t.CountsFrom = r.time()
		case 18:
			t.Memory = append(t.Memory, tickets.Memory{Rule: oldTimeRule, At: r.time()})
		case 19:
			t.Memory = append(t.Memory, tickets.Memory{Rule: oldNumberRule, Number: r.int()})
		case 20:
			t.Notified = append(t.Notified, r.string())
		case 21:
			t.Typification = readTypification(&r)
		case 22:
			readPair(&r, &t.Metadata)
		case 23:
			readCustomer(&r, &t.Customer)
		case 24:
			t.Messages = r.int()
		case 25:
			t.Memory = append(t.Memory, tickets.Memory{})
			readMemory(&r, &t.Memory[len(t.Memory)-1])
		case 26:
			readAssignee(&r, &t.Assignee)
		case 27:
			t.Team = tickets.TeamID(r.string())
		case 28:
			readTurn(&r, &t.Turn)
		case 29:
			t.Asked = r.bool()
		case 30:
			t.Rating = readRating(&r)
		case 31:
			t.WithBot = r.bool()
		case 32:
			t.Unanswered = r.time()
		case 33:
			t.Automated = r.bool()
		}
	}
	return r.err()
}

// Tickets of format 1 have the memory of two rules in fields of their own, 18 and
// 19. They are read, and written no more.
const (
	oldTimeRule   tickets.RuleKey = "outOfHours"
	oldNumberRule tickets.RuleKey = "noAgents"
)

// appendAssignee appends who has a ticket, or nothing if nobody has it.
func appendAssignee(b []byte, field int, who tickets.Assignee) []byte {
	start := len(b)
	b, at := begin(b, field)
	b = appendText(b, 1, who.Agent)
	return endUnlessEmpty(appendText(b, 2, who.Name), start, at)
}

// readAssignee reads who has a ticket in a field into who. If it is malformed, the
// reader fails.
func readAssignee(r *reader, who *tickets.Assignee) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			who.Agent = tickets.AgentID(sub.string())
		case 2:
			who.Name = sub.string()
		}
	}
	r.leave(&sub)
}

// readTurn reads the turn in a field into turn. If it is malformed, the reader fails.
func readTurn(r *reader, turn *tickets.Turn) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			turn.Agent = tickets.AgentID(sub.string())
		case 2:
			turn.Key = sub.string()
		}
	}
	r.leave(&sub)
}

// readRating returns the rating in a field. If it is malformed, the reader fails.
func readRating(r *reader) *tickets.Rating {
	rating := &tickets.Rating{}
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			rating.Score = int(sub.int())
		case 2:
			rating.Comment = sub.string()
		case 3:
			rating.At = sub.time()
		case 4:
			rating.Changes = sub.int()
		}
	}
	r.leave(&sub)
	return rating
}

// readMemory reads the memory of a rule in a field into m. If it is malformed, the
// reader fails.
func readMemory(r *reader, m *tickets.Memory) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			m.Rule = tickets.RuleKey(sub.string())
		case 2:
			m.At = sub.time()
		case 3:
			m.Number = sub.int()
		}
	}
	r.leave(&sub)
}

// readWait returns the wait in a field. If it is malformed, the reader fails.
func readWait(r *reader) *tickets.Wait {
	w := &tickets.Wait{}
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			w.Since = sub.time()
		case 2:
			w.Clock = chatcfg.Clock(sub.string())
		case 3:
			w.Limit = tickets.Span(sub.int())
		case 4:
			w.Due = sub.time()
		case 5:
			w.DelayedAt = sub.time()
		}
	}
	r.leave(&sub)
	return w
}

// readTypification returns the typification in a field. If it is malformed, the reader
// fails.
func readTypification(r *reader) *tickets.Typification {
	t := &tickets.Typification{}
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			t.Category = sub.string()
		case 2:
			readPair(&sub, &t.Fields)
		}
	}
	r.leave(&sub)
	return t
}
