package codec

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// AppendEntry appends the encoding of a history entry to b and returns b; [DecodeEntry]
// reads it.
func AppendEntry(b []byte, e *tickets.Entry) []byte {
	b = appendInt(b, 1, e.N)
	b = appendInt(b, 2, e.Ticket)
	b = appendTime(b, 3, e.At)
	b = appendTime(b, 4, e.Due)
	b = appendText(b, 5, e.Kind)

	start := len(b)
	b, at := begin(b, 6)
	b = appendText(b, 1, e.Actor.Kind)
	b = appendText(b, 2, e.Actor.Agent)
	b = appendText(b, 3, e.Actor.Name)
	b = appendID(b, 4, e.Actor.Session.UUID)
	b = endUnlessEmpty(appendText(b, 5, e.Actor.Rule), start, at)

	start = len(b)
	b, at = begin(b, 7)
	b = appendTime(b, 1, e.Inputs.Now)
	b = appendBool(b, 2, e.Inputs.Presence.Available)
	b = appendInt(b, 3, e.Inputs.Presence.Absence)
	b = appendInt(b, 4, e.Inputs.Config)
	b = endUnlessEmpty(appendFixed(b, 5, e.Inputs.Chance), start, at)

	for i := range e.Facts {
		f := &e.Facts[i]
		b, at = begin(b, 8)
		b = appendText(b, 1, f.Kind)
		b = appendText(b, 2, f.Rule)
		b = appendInt(b, 3, f.Seq)
		b = appendText(b, 4, f.Reason)
		b = appendText(b, 5, f.Address)
		b = appendInt(b, 6, int64(f.Waited))
		b = appendAssignee(b, 7, f.Assignee)
		b = appendText(b, 8, f.Team)
		b = appendInt(b, 9, f.Score)
		b = end(appendText(b, 10, f.Comment), at)
	}
	for i := range e.Trace {
		f := &e.Trace[i]
		b, at = begin(b, 9)
		b = appendText(b, 1, f.Rule)
		b = appendBool(b, 2, f.Fired)
		b = appendText(b, 3, f.Why)
		b = appendInt(b, 4, f.Text)
		b = appendText(b, 5, f.Word)
		b = appendInt(b, 6, f.From)
		b = appendInt(b, 7, f.To)
		b = end(appendTime(b, 8, f.Until), at)
	}
	return b
}

// DecodeEntry reads into e, which must be zero, the history entry that [AppendEntry]
// wrote. It skips fields that it does not know, and fails with [ErrCorrupt] for what is
// no such document.
func DecodeEntry(doc string, e *tickets.Entry) error {
	r := reader{doc: doc}
	for r.next() {
		switch r.field {
		case 1:
			e.N = r.int()
		case 2:
			e.Ticket = tickets.Number(r.int())
		case 3:
			e.At = r.time()
		case 4:
			e.Due = r.time()
		case 5:
			e.Kind = tickets.CommandKind(r.string())
		case 6:
			readActor(&r, &e.Actor)
		case 7:
			readInputs(&r, &e.Inputs)
		case 8:
			e.Facts = append(e.Facts, tickets.Fact{})
			readFact(&r, &e.Facts[len(e.Facts)-1])
		case 9:
			e.Trace = append(e.Trace, tickets.Finding{})
			readFinding(&r, &e.Trace[len(e.Trace)-1])
		}
	}
	return r.err()
}

// readActor reads the actor in a field into a. If it is malformed, the reader fails.
func readActor(r *reader, a *tickets.Actor) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			a.Kind = tickets.ActorKind(sub.string())
		case 2:
			a.Agent = tickets.AgentID(sub.string())
		case 3:
			a.Name = sub.string()
		case 4:
			a.Session.UUID = sub.id()
		case 5:
			a.Rule = tickets.RuleKey(sub.string())
		}
	}
	r.leave(&sub)
}

// readInputs reads the inputs in a field into in. If it is malformed, the reader fails.
func readInputs(r *reader, in *tickets.Inputs) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			in.Now = sub.time()
		case 2:
			in.Presence.Available = sub.bool()
		case 3:
			in.Presence.Absence = sub.int()
		case 4:
			in.Config = chatcfg.Version(sub.int())
		case 5:
			in.Chance = sub.fixed()
		}
	}
	r.leave(&sub)
}

// readFact reads the fact in a field into f. If it is malformed, the reader fails.
func readFact(r *reader, f *tickets.Fact) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			f.Kind = tickets.FactKind(sub.string())
		case 2:
			f.Rule = tickets.RuleKey(sub.string())
		case 3:
			f.Seq = sub.int()
		case 4:
			f.Reason = tickets.CloseReason(sub.string())
		case 5:
			f.Address = sub.string()
		case 6:
			f.Waited = tickets.Span(sub.int())
		case 7:
			readAssignee(&sub, &f.Assignee)
		case 8:
			f.Team = tickets.TeamID(sub.string())
		case 9:
			f.Score = int(sub.int())
		case 10:
			f.Comment = sub.string()
		}
	}
	r.leave(&sub)
}

// readFinding reads the finding in a field into f. If it is malformed, the reader
// fails.
func readFinding(r *reader, f *tickets.Finding) {
	sub := r.within()
	for sub.next() {
		switch sub.field {
		case 1:
			f.Rule = tickets.RuleKey(sub.string())
		case 2:
			f.Fired = sub.bool()
		case 3:
			f.Why = tickets.Why(sub.string())
		case 4:
			f.Text = int(sub.int())
		case 5:
			f.Word = sub.string()
		case 6:
			f.From = int(sub.int())
		case 7:
			f.To = int(sub.int())
		case 8:
			f.Until = sub.time()
		}
	}
	r.leave(&sub)
}
