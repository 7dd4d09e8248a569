package automation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRulesAreComplete: a rule that lacks something is named here, with what it
// lacks.
func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	parts := automation.Parts(compile(t, chatcfg.Since{}, everything))
	given := givenReasons(t)
	scenarios := scenarioFiles(t)
	seen := map[tickets.RuleKey]bool{}
	for _, p := range parts {
		if !assert.NotEmpty(t, p.Key, "a rule without a key") {
			continue
		}
		assert.False(t, seen[p.Key], "%s stands in the list twice", p.Key)
		seen[p.Key] = true
		assert.True(t, p.Compiles, "%s: it lacks compile", p.Key)
		assert.True(t, p.Asks || p.Timed, "%s: with everything on it is neither asked nor has it a deadline", p.Key)
		assert.False(t, p.Asks && len(p.On) == 0, "%s: no command asks it", p.Key)
		assert.False(t, p.PartlyTimed, "%s: it has part of a deadline only: due, fire and overdue go together", p.Key)
		inLanguages(t, p.Name, "%s: its name", p.Key)
		if !p.Off.IsZero() {
			inLanguages(t, p.Off, "%s: its words of being off", p.Key)
		}
		for _, key := range p.Reads {
			assert.Contains(t, p.Earlier, key, "%s: it reads %s, which is not asked before it", p.Key, key)
		}
		for _, kind := range p.On {
			assert.NotNil(t, kind.Row(), "%s: it is asked after %s, which is no command", p.Key, kind)
		}
		for why, words := range p.Reasons {
			inLanguages(t, words, "%s: its reason %s", p.Key, why)
			if why == automation.WhyPaused {
				continue // what answers gives it on a paused ticket, whether or not one gets there
			}
			assert.True(t, given[p.Key][why], "%s: no decision gives its reason %s", p.Key, why)
		}
		for why := range given[p.Key] {
			assert.Contains(t, p.Reasons, why, "%s: its reason %s has no words", p.Key, why)
		}
		if p.Timed {
			assert.Contains(t, p.Reasons, automation.WhyArmed, "%s: no words for its deadline that runs", p.Key)
			assert.Contains(t, p.Reasons, automation.WhyDeadline, "%s: no words for its deadline that came", p.Key)
		}
		word := regexp.MustCompile(`\bgot ` + string(p.Key) + `\b|"` + string(p.Key) + `"`)
		assert.True(t, slices.ContainsFunc(scenarios, word.MatchString), "%s: no scenario file has it", p.Key)
	}
	for kind, words := range automation.FactWords() {
		inLanguages(t, words, "fact %s", kind)
	}
}

// inLanguages checks that words are in three languages, with the same variables.
func inLanguages(t *testing.T, words chatcfg.Words, format string, args ...any) {
	t.Helper()
	what := fmt.Sprintf(format, args...)
	variables := regexp.MustCompile(`\{\w+\}|%\w`)
	for language, text := range map[string]string{"es": words.ES, "en": words.EN, "pt": words.PT} {
		if assert.NotEmpty(t, strings.TrimSpace(text), "%s lacks %s", what, language) {
			assert.ElementsMatch(t, variables.FindAllString(words.ES, -1), variables.FindAllString(text, -1), "%s has other variables in %s", what, language)
		}
	}
}

// givenReasons are the reasons that rules give in random lives, in which every
// fact has words.
func givenReasons(t *testing.T) map[tickets.RuleKey]map[tickets.Why]bool {
	t.Helper()
	given := map[tickets.RuleKey]map[tickets.Why]bool{}
	for seed := range uint64(1200) {
		more := []func(*life){nil, reminded, botted}[seed%3]
		live(t, seed/3, more, func(_ int, o frozenOutcome) {
			if o.draft == nil {
				return
			}
			for _, e := range o.draft.Entries {
				for _, f := range e.Facts {
					assert.Contains(t, automation.FactWords(), f.Kind, "fact %s has no words", f.Kind)
				}
				for _, f := range e.Trace {
					if given[f.Rule] == nil {
						given[f.Rule] = map[tickets.Why]bool{}
					}
					given[f.Rule][f.Why] = true
				}
			}
		})
	}
	return given
}

// moreScenarios are scenarios beside those in files.
var moreScenarios []string

func scenarioFiles(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("scenario/testdata/*.txtar")
	require.NoError(t, err)
	files := slices.Clone(moreScenarios)
	for _, name := range names {
		body, err := os.ReadFile(name)
		require.NoError(t, err)
		files = append(files, string(body))
	}
	return files
}

// TestExplain: section 4: decisions in the words of a colleague: no keys, no ISO
// times, no offsets.
func TestExplain(t *testing.T) {
	t.Parallel()
	santiago, err := time.LoadLocation("America/Santiago")
	require.NoError(t, err)
	r := compile(t, chatcfg.Since{}, everything)
	machine := regexp.MustCompile(`\b(newCustomer|noAgents|outOfHours|ticketCreated|manualClose|automaticClose|autoClose|reminders|sla|botReply|handOver)\b|\d{4}-\d\d-\d\d|bytes?|[{}%_*]|(mensaje|message|mensagem|nota|note) \d|\b(hoy|today|hoje|tomorrow|amanhã)\b`)
	for seed := range uint64(60) {
		live(t, seed, []func(*life){reminded, botted}[seed%2], func(_ int, o frozenOutcome) {
			if o.draft == nil {
				return
			}
			for _, e := range o.draft.Entries {
				for _, l := range []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese} {
					x := automation.Explain(e, l, santiago)
					require.NotRegexp(t, machine, x.What, l)
					for _, one := range x.Rules {
						require.NotRegexp(t, machine, one.Name+": "+one.Text, l)
					}
				}
			}
		})
	}
	in := tickets.Inputs{Now: noon.Add(11 * time.Hour), Presence: tickets.Presence{Absence: 1}} // Monday, 20:00 in Santiago
	s := decide(t, r, tickets.State{}, write("hola"), in).State
	in.Now = in.Now.Add(time.Minute)
	e := decide(t, r, s, write("¿hay un reclamo?"), in).Entries[0]
	texts := map[tickets.RuleKey]string{}
	x := automation.Explain(e, chatcfg.Spanish, santiago)
	for _, one := range x.Rules {
		texts[one.Rule] = one.Text
	}
	assert.Equal(t, "El cliente escribió: quedó importante (Importante por contenido)", x.What)
	assert.Equal(t, "No respondió: ya había contestado en este cierre, que termina el martes 3 de marzo a las 09:00", texts[automation.RuleOutOfHours])
	assert.Equal(t, "Lo marcó importante: el mensaje tiene «reclamo»", texts[automation.RuleImportant])
	assert.Equal(t, "Si nadie contesta, el ticket queda con demora a las 20:30", texts[automation.RuleSLA])
	in.Now = in.Now.Add(48 * time.Hour) // its wait has become a delay
	entries := decide(t, r, s, agent(tickets.CommandReply), in).Entries
	last := automation.Explain(entries[len(entries)-1], chatcfg.English, santiago)
	assert.Equal(t, "Ana replied: the customer had waited 2 d 1 min, Ana has it", last.What)
	assert.Equal(t, "If the customer does not answer, the ticket closes at 20:11", last.Rules[0].Text)
	in.Now = in.Now.Add(time.Minute)
	entries = decide(t, r, s, agent(tickets.CommandClose), in).Entries
	assert.NotContains(t, automation.Explain(entries[0], chatcfg.English, santiago).What, ":", "what the command says is not said again")
}

// TestExplainWords: section 4: what is true whenever it is read, in sentences of each language.
func TestExplainWords(t *testing.T) {
	t.Parallel()
	lima, err := time.LoadLocation("America/Lima")
	require.NoError(t, err)
	at := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC) // 18:00 in Lima
	sla := func(until time.Time) tickets.Entry {
		return tickets.Entry{At: at, Kind: tickets.CommandWrite, Trace: []tickets.Finding{{Rule: automation.RuleSLA, Why: automation.WhyArmed, Until: until}}}
	}
	fact := func(f tickets.Fact) tickets.Entry {
		return tickets.Entry{At: at, Kind: tickets.CommandAssign, Actor: tickets.Actor{Kind: tickets.ActorAgent, Name: "Ana"}, Facts: []tickets.Fact{{Kind: tickets.FactAssigned, Assignee: tickets.Assignee{Agent: "eva", Name: "Eva"}}, f}}
	}
	keyword := tickets.Entry{At: at, Kind: tickets.CommandWrite, Trace: []tickets.Finding{{Rule: automation.RuleImportant, Fired: true, Why: automation.WhyKeyword, Word: "quebrad*"}}}
	for want, tt := range map[string]struct {
		entry  tickets.Entry
		locale chatcfg.Locale
	}{
		"Si nadie contesta, el ticket queda con demora a las 20:30":                          {sla(at.Add(150 * time.Minute)), chatcfg.Spanish},
		"If nobody answers, the ticket is delayed at 20:30":                                  {sla(at.Add(150 * time.Minute)), chatcfg.English},
		"Se ninguém responder, o ticket fica com atraso às 20:30":                            {sla(at.Add(150 * time.Minute)), chatcfg.Portuguese},
		"Si nadie contesta, el ticket queda con demora el martes 3 de marzo a las 18:00":     {sla(at.Add(24 * time.Hour)), chatcfg.Spanish},
		"If nobody answers, the ticket is delayed on Tuesday 3 March at 18:00":               {sla(at.Add(24 * time.Hour)), chatcfg.English},
		"Se ninguém responder, o ticket fica com atraso na terça-feira, 3 de março às 18:00": {sla(at.Add(24 * time.Hour)), chatcfg.Portuguese},
		"Se ninguém responder, o ticket fica com atraso no sábado, 7 de março às 18:00":      {sla(at.AddDate(0, 0, 5)), chatcfg.Portuguese},
		"Lo marcó importante: el mensaje tiene «quebrad…»":                                   {keyword, chatcfg.Spanish},
		"Ana asignó el ticket: quedó a cargo de Eva, quedó sin ejecutivo":                    {fact(tickets.Fact{Kind: tickets.FactAssigned}), chatcfg.Spanish},
		"Ana asignó el ticket: quedó a cargo de Eva, quedó con el equipo ventas":             {fact(tickets.Fact{Kind: tickets.FactTeam, Team: "ventas"}), chatcfg.Spanish},
		"Ana asignó el ticket: quedó a cargo de Eva, quedó sin equipo":                       {fact(tickets.Fact{Kind: tickets.FactTeam}), chatcfg.Spanish},
		"Ana assigned the ticket: Eva has it, no team has it":                                {fact(tickets.Fact{Kind: tickets.FactTeam}), chatcfg.English},
		"Ana atribuiu o ticket: ficou com Eva, ficou sem atendente":                          {fact(tickets.Fact{Kind: tickets.FactAssigned}), chatcfg.Portuguese},
	} {
		x := automation.Explain(tt.entry, tt.locale, lima)
		got := x.What
		if len(tt.entry.Trace) > 0 {
			got = x.Rules[0].Text
		}
		assert.Equal(t, want, got)
	}
}
