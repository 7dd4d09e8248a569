package main

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/tickets"
	"github.com/cloudflare/ahocorasick"
	"github.com/google/uuid"
)

// decision measures the decision alone: a steady message, all actions on, the trace
// included, 100 keywords.
func decision(_ context.Context, b *bench) ([]line, error) {
	cfg := allOn()
	cfg.Chat.Name, cfg.Chat.Domain = "Tienda", "tienda.cl"
	rules, err := automation.Compile(chatcfg.Account{Version: 1}, cfg.Normalize(), nil)
	if err != nil {
		return nil, err
	}
	state, write, in := firstMessage()
	draft, err := rules.Decide(state, write, in)
	if err != nil {
		return nil, err
	}
	state = draft.State
	in.Now = in.Now.Add(time.Minute)
	decide := func(i int) error {
		write.Text = sentences[i%len(sentences)]
		_, err := rules.Decide(state, write, in)
		return err
	}
	var took []float64
	for range b.rounds {
		each, err := nanoseconds(b, decide)
		if err != nil {
			return nil, err
		}
		took = append(took, each)
	}
	allocs := testing.AllocsPerRun(100, func() { err = decide(0) })
	each := median(took)
	return []line{{
		name: "decision alone, steady message, trace, all actions, 100 keywords", ours: fmt.Sprintf("%.2f µs, %.0f allocs", each/1000, allocs),
		against: "–", ratio: "–", target: "≤ 3 µs, ≤ 5 allocs", verdict: verdictOf(each <= 3000 && allocs <= 5),
	}}, err
}

// firstMessage returns what a first message is decided on.
func firstMessage() (tickets.State, tickets.Command, tickets.Inputs) {
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	session := tickets.SessionID{UUID: id(1)}
	state := tickets.State{Conversation: tickets.Conversation{
		Account: chatcfg.AccountID{UUID: id(2)}, ID: tickets.ConversationID{UUID: id(3)}, CreatedAt: epoch, Armed: 1,
		Identity: tickets.Identity{Kind: tickets.IdentitySession, Value: session.String()},
	}}
	write := tickets.Command{
		Kind: tickets.CommandWrite, Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: session}, Text: sentences[0],
		Customer: tickets.Customer{Level: tickets.LevelClaimed, Name: "Juana Pérez", Email: "juana@example.com", Phone: "+56912345678", Locale: "es"},
	}
	in := tickets.Inputs{Now: epoch, Presence: tickets.Presence{Available: true, Absence: 1}, Config: 1, Chance: 1}
	return state, write, in
}

// nanoseconds returns how much processor time one of many calls takes: the collector's
// work counts, other processes do not.
func nanoseconds(b *bench, do func(i int) error) (float64, error) {
	n, least := 1, 200*time.Millisecond
	if b.short {
		least = 10 * time.Millisecond
	}
	runtime.GC()
	for {
		begin := processorTime()
		for i := range n {
			if err := do(i); err != nil {
				return 0, err
			}
		}
		if took := processorTime() - begin; took >= least {
			return float64(took.Nanoseconds()) / float64(n), nil
		}
		n *= 2
	}
}

// keywords measures the matching of keywords against other ways to do it. Those get
// their text folded by charla's own folding, into one buffer, and say only whether some
// keyword occurs, within a word too.
func keywords(ctx context.Context, b *bench) ([]line, error) {
	var lines []line
	for _, n := range []int{10, 100, 1000} {
		words := vocabulary(n, 7)
		ours, err := automation.CompileKeywords(words)
		if err != nil {
			return nil, err
		}
		expression := regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
		automaton := ahocorasick.NewStringMatcher(words)
		// One in sixteen has a keyword.
		texts := append([]string(nil), sentences...)
		for i := 0; i < len(texts); i += 16 {
			texts[i] = texts[i][:60] + " " + strings.ToUpper(words[i%n]) + " " + texts[i][60:]
		}
		buffer := make([]byte, 0, 1024)
		folded := func(i int) []byte { buffer = foldInto(buffer[:0], texts[i%len(texts)]); return buffer }
		hits := 0
		count := func(hit bool) error {
			if hit {
				hits++
			}
			return nil
		}
		find := func(i int) error { _, hit := ours.Find(texts[i%len(texts)]); return count(hit) }
		peers := []struct {
			name string
			do   func(i int) error
		}{
			{"regexp", func(i int) error { return count(expression.Match(folded(i))) }},
			{"strings.Contains", func(i int) error {
				text := string(folded(i))
				for _, w := range words {
					if strings.Contains(text, w) {
						return count(true)
					}
				}
				return nil
			}},
			{"ahocorasick", func(i int) error { return count(automaton.Contains(folded(i))) }},
		}
		allocs := testing.AllocsPerRun(1000, func() { err = find(1) })
		best, ratio := "", 0.0
		var against []string
		var line line
		for _, p := range peers {
			c, err := b.compare(ctx, b.rounds, speed(b, find), speed(b, p.do))
			if err != nil {
				return nil, err
			}
			against = append(against, fmt.Sprintf("%s %s ns", p.name, amount(1e9/c.floor)))
			if best == "" || 1/c.ratio > ratio {
				best, ratio = p.name, 1/c.ratio
				line.ours = fmt.Sprintf("%s ns, %.0f allocs", amount(1e9/c.ours), allocs)
				line.ratio = fmt.Sprintf("%.2f × %s (%.2f–%.2f)", ratio, p.name, 1/c.highest, 1/c.lowest)
			}
		}
		if hits == 0 {
			return nil, fmt.Errorf("%d keywords: none found", n)
		}
		line.name, line.against = fmt.Sprintf("keywords, %d words, a message", n), strings.Join(against, ", ")
		line.target, line.verdict = "≤ 1.5 × the best, 0 allocs", verdictOf(ratio <= 1.5 && allocs == 0)
		lines = append(lines, line)
	}
	return lines, nil
}

func speed(b *bench, do func(i int) error) side {
	return func(int) (float64, error) {
		each, err := nanoseconds(b, do)
		return 1e9 / each, err
	}
}

// foldInto appends a text folded as the keywords are.
func foldInto(to []byte, s string) []byte {
	for len(s) > 0 {
		first, rest, size := fold.Next(s)
		s = s[size:]
		switch {
		case first >= 0 && first < 0x80:
			to = append(to, byte(first))
		case first >= 0:
			to = append(to, string(first)...)
		}
		to = append(to, rest...)
	}
	return to
}
