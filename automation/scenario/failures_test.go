package scenario_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/automation/scenario"
	"github.com/charlahq/charla/chatcfg"
)

// on makes a file of a configuration, which may be empty, and a script, whose
// first line is then line 4, without a configuration line 2.
func on(config, script string) string {
	file := "-- script --\n" + script + "\n"
	if config != "" {
		file = "-- config.json --\n" + config + "\n" + file
	}
	return file
}

const (
	statements = "at, wait, agent, bot, customer, anonymous, config, crash, ! or expect"
	hola       = `customer juan says "hola"` + "\n"
	greets     = `{"automation": {"newCustomer": {"enabled": true, "messages": ["Hola {customer}.", "Buenas."]}}}`
	closes     = `{"automation": {"autoClose": {"enabled": true, "after": {"value": 10, "unit": "minutes"}},` +
		` "automaticClose": {"enabled": true, "messages": ["Adiós."]}}}`
	notifies = `{"general": {"notify": {"tickets": "all", "to": ["a@tienda.cl", "b@tienda.cl"]}}}`
	santiago = `{"hours": {"timezone": "America/Santiago", "weekly": [{"day": "monday", "open": "09:00", "close": "18:00"}]}}`
)

// form has the contact form stand in place of starting.
const form = `{"chat": {"contactForm": {"enabled": true, "email": {"enabled": true, "address": "a@tienda.cl"}}}}`

// TestDetails: a failure explains the last decision about whom it names; one about
// nobody does not.
func TestDetails(t *testing.T) {
	t.Parallel()
	play := func(file string) *scenario.Failure {
		script, err := scenario.Parse("f", []byte(file))
		require.NoError(t, err)
		var failure *scenario.Failure
		require.ErrorAs(t, script.Play(t.Context(), nil), &failure)
		return failure
	}
	failure := play(on(`{"general": {"important": {"enabled": true, "keywords": ["reclamo"]}}}`, hola+"expect juan important"))
	assert.Contains(t, failure.Details(), failure.Error()+"\n\tthe last decision, 2026-01-05 12:00:00 UTC: ")
	assert.Contains(t, failure.Last, "\n\t\tImportant by content: It did not mark it: the message has none of the words")
	failure = play(on("", hola+"at 2026-01-05 11:00"))
	assert.Equal(t, failure.Error(), failure.Details())
}

// TestEveryProblem: a configuration that cannot be read names what else is wrong, too.
func TestEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := scenario.Parse("f", []byte(on(`{"calidad": 1, "quality": {"sla": {"value": 0, "unit": "hours"}}, "general": {"important": {"enabled": true}}}`, hola)))
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	var paths []string
	for _, one := range problems {
		paths = append(paths, one.Path)
	}
	assert.ElementsMatch(t, []string{"calidad", "quality.sla.value", "general.important.keywords"}, paths)
}

// TestUnreadable gives files that are no scenarios, and how they are refused.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, want string }{
		"no script":       {"Hola.\n-- config.json --\n{}\n", `f:1: want a section script, got none`},
		"empty":           {"", `f:1: want a section script, got none`},
		"empty script":    {"a\nb\n-- script --\n# nada\n", `f:3: want a statement, got an empty script`},
		"unknown section": {"a\n-- Script --\n" + hola, `f:2: want config.json or script, got "Script"`},
		"second script":   {on("", hola) + "-- script --\n" + hola, `f:4: want each section once, got a second "script"`},
		"second config":   {on("{}", hola) + "-- config.json --\n{}\n", `f:6: want each section once, got a second "config.json"`},
		"config syntax":   {"a\n-- config.json --\n{\n\"chat\": }\n" + on("", hola), `f:4: want a valid configuration, got`},
		"unknown key":     {on(`{"chat": {"nombre": "x"}}`, hola), `f:1: want a valid configuration, got chatcfg: chat.nombre:`},
		"UTF-8":           {on("", "customer juan says \"\xff\""), `f:2: want UTF-8, got`},
		"statement":       {on("", hola+"\nfoo bar"), `f:4: want ` + statements + `, got "foo"`},
		"after comment":   {"uno\ndos\n" + on("{}", "# no\n\nfoo"), `f:8: want ` + statements + `, got "foo"`},
		"case":            {on("", `Customer juan says "hola"`), `f:2: want ` + statements + `, got "Customer"`},
		"string first":    {on("", `"customer" juan`), `f:2: want ` + statements + `, got the string "customer"`},
		"lone not":        {on("", `!`), `f:2: want a statement, got nothing`},
		"not a comment":   {on("", `! # nada`), `f:2: want a statement, got nothing`},
		"not nonsense":    {on("", `! foo`), `f:2: want ` + statements + `, got "foo"`},
		"open string":     {on("", `customer juan says "hola`), `f:2: want a Go string, got "hola`},
		"bad escape":      {on("", `customer juan says "\q"`), `f:2: want a Go string, got "\q"`},
		"string glued":    {on("", `customer juan says"hola"`), `f:2: want a space before a string, got "says\"hola\""`},
		"glued string":    {on("", `customer juan says "hola"!`), `f:2: want a space after "hola", got !`},
		"no text":         {on("", `customer juan says hola`), `f:2: want a string, got "hola"`},
		"text in comment": {on("", `customer juan says # "hola"`), `f:2: want a string, got the end of the line`},
		"no verb":         {on("", `customer juan`), `f:2: want says, ends or rates, got the end of the line`},
		"customer leaves": {on("", `customer juan leaves`), `f:2: want says, ends or rates, got "leaves"`},
		"anonymous verb":  {on("", `anonymous juan writes "x"`), `f:2: want says or leaves, got "writes"`},
		"too much":        {on("", hola+`customer juan says "a" "b"`), `f:3: want the end of the line, got the string "b"`},
		"name":            {on("", `customer maría says "hola"`), `f:2: want a customer's name of letters, digits, - and _, got "maría"`},
		"quoted name":     {on("", `customer "juan" says "hola"`), `f:2: want a customer's name of letters, digits, - and _, got the string "juan"`},
		"agent's name":    {on("", `agent a.b online`), `f:2: want an agent's name of letters, digits, - and _, got "a.b"`},
		"agent's verb": {on("", `agent ana sleeps`), `f:2: want online, away, offline, replies, closes, ignores, opens, ` +
			`pauses, resumes, marks, takes, assigns, unassigns, notes, classifies or starts, got "sleeps"`},
		"whose":               {on("", `agent ana closes`), `f:2: want a customer's name of letters, digits, - and _, got the end of the line`},
		"reply":               {on("", `agent ana replies juan`), `f:2: want a string, got the end of the line`},
		"close text":          {on("", `agent ana closes juan "x"`), `f:2: want the end of the line, got the string "x"`},
		"mark":                {on("", `agent ana marks juan urgent`), `f:2: want important or normal, got "urgent"`},
		"config":              {on("", `config`), `f:2: want JSON, got nothing`},
		"running":             {on("", `config running`), `f:2: want JSON, got nothing`},
		"config syntax here":  {on("", hola+`config {"chat": }`), `f:3: want JSON, got invalid character '}' looking for beginning of value`},
		"config comment":      {on("", `config {} # nada`), `f:2: want JSON, got invalid character '#' after top-level value`},
		"date":                {on("", `at 2026-02-30 10:00`), `f:2: want a date YYYY-MM-DD, got "2026-02-30"`},
		"no time":             {on("", `at 2026-03-02`), `f:2: want a time HH:MM or HH:MM:SS, got the end of the line`},
		"hour":                {on("", `at 2026-03-02 9:00`), `f:2: want a time HH:MM or HH:MM:SS, got "9:00"`},
		"hour 24":             {on("", `at 2026-03-02 24:00`), `f:2: want a time HH:MM or HH:MM:SS, got "24:00"`},
		"fraction":            {on("", `at 2026-03-02 10:00:00.5`), `f:2: want a time HH:MM or HH:MM:SS, got "10:00:00.5"`},
		"duration":            {on("", `wait 10`), `f:2: want a duration such as 90s, 1h30m or 2d, got "10"`},
		"duration of nothing": {on("", `wait d`), `f:2: want a duration such as 90s, 1h30m or 2d, got "d"`},
		"long duration":       {on("", `wait 200000d`), `f:2: want a duration such as 90s, 1h30m or 2d, got "200000d"`},
		"crash duration":      {on("", `crash now`), `f:2: want a duration such as 90s, 1h30m or 2d, got "now"`},
		"expectation": {on("", `expect juan happy`), `f:2: want important, delayed, paused, with, open, ignored, closed, ` +
			`tickets, got, assigned, team, rated or unrated, got "happy"`},
		"not open":     {on("", `expect juan not open`), `f:2: want important, delayed, paused or with, got "open"`},
		"close reason": {on("", `expect juan closed early`), `f:2: want manual, automatic, customer or by, got "early"`},
		"open reason":  {on("", `expect juan open manual`), `f:2: want the end of the line, got "manual"`},
		"how many":     {on("", `expect juan tickets some`), `f:2: want how many tickets, got "some"`},
		"fewer":        {on("", `expect juan tickets -1`), `f:2: want how many tickets, got "-1"`},
		"action": {on("", `expect juan got autoClose`), `f:2: want newCustomer, noAgents, outOfHours, ticketCreated, ` +
			`manualClose, automaticClose, reminders or nothing, got "autoClose"`},
		"nothing more": {on("", `expect juan got nothing "x"`), `f:2: want the end of the line, got the string "x"`},
		"mail":         {on("", `expect mail`), `f:2: want important, delayed, paused, with, open, ignored, closed, tickets, got, assigned, team, rated or unrated, got the end of the line`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scenario.Parse("f", []byte(tc.file))
			var failure *scenario.Failure
			require.ErrorAs(t, err, &failure)
			if strings.HasSuffix(tc.want, "got") || strings.HasSuffix(tc.want, ":") {
				assert.True(t, strings.HasPrefix(err.Error(), tc.want), err.Error())
			} else {
				assert.Equal(t, tc.want, err.Error())
			}
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestWrong gives scripts that are not so, and how they fail: the negative
// controls of every statement.
func TestWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, want string }{
		"invalid configuration": {on(`{"chat": {"primaryColor": "rojo"}}`, hola), `f:1: want a valid configuration, got chatcfg: chat.primaryColor:`},
		"invalid hours":         {on(`{"hours": {"timezone": "x"}}`, hola), `f:1: want a valid configuration, got chatcfg: hours.timezone:`},
		"open":                  {on("", hola+"agent ana closes juan\nexpect juan open"), `f:4: want open, got closed manual`},
		"ignored":               {on("", hola+"expect juan ignored"), `f:3: want ignored, got open`},
		"closed":                {on("", hola+"expect juan closed"), `f:3: want closed, got open`},
		"closed manual":         {on(closes, hola+`agent ana replies juan "x"`+"\nwait 10m\nexpect juan closed manual"), `f:7: want closed manual, got closed automatic`},
		"closed automatic":      {on("", hola+"agent ana closes juan\nexpect juan closed automatic"), `f:4: want closed automatic, got closed manual`},
		"closed by nobody":      {on("", hola+"expect juan closed by ana"), `f:3: want closed by ana, got not closed`},
		"closed by another":     {on("", hola+"agent beto closes juan\nexpect juan closed by ana"), `f:4: want closed by ana, got closed by beto`},
		"closed by an agent":    {on("", hola+"agent ana closes juan\nexpect juan closed by bot ana"), `f:4: want closed by bot ana, got closed by ana`},
		"closed by a bot":       {on("", hola+"bot guia closes juan\nexpect juan closed by guia"), `f:4: want closed by guia, got closed by bot guia`},
		"closed by itself":      {on(closes, hola+`agent ana replies juan "x"`+"\nwait 10m\nexpect juan closed by ana"), `f:7: want closed by ana, got closed automatic`},
		"closed to a stranger":  {on("", "expect juan closed by ana"), `f:2: want a session of juan, got none`},
		"too early":             {on(closes, hola+`agent ana replies juan "x"`+"\nwait 9m59s\nexpect juan closed"), `f:7: want closed, got open, next due at 2026-01-05 12:10:00 UTC`},
		"status of nobody":      {on("", "expect juan open"), `f:2: want open, got no ticket`},
		"flag of nobody":        {on("", "expect juan not paused"), `f:2: want not paused, got no ticket`},
		"important":             {on("", hola+"expect juan important"), `f:3: want important, got not important`},
		"not important":         {on("", hola+"agent ana marks juan important\nexpect juan not important"), `f:4: want not important, got important`},
		"delayed":               {on("", hola+"expect juan delayed"), `f:3: want delayed, got not delayed`},
		"paused":                {on("", hola+"agent ana pauses juan\nexpect juan not paused"), `f:4: want not paused, got paused`},
		"tickets":               {on("", hola+"expect juan tickets 2"), `f:3: want 2 tickets, got 1`},
		"tickets of nobody":     {on("", "expect juan tickets 0\nexpect juan tickets 1"), `f:3: want 1 tickets, got 0`},
		"got":                   {on("", hola+"expect juan got newCustomer"), `f:3: want newCustomer, got nothing`},
		"got another":           {on(greets, hola+"expect juan got noAgents"), `f:5: want noAgents, got newCustomer "`},
		"got another text":      {on(greets, hola+`expect juan got newCustomer "Adiós."`), `f:5: want newCustomer "Adiós.", got newCustomer "`},
		"got nothing":           {on(greets, hola+"expect juan got nothing"), `f:5: want nothing, got newCustomer "`},
		"got it once":           {on(greets, hola+"expect juan got newCustomer\nexpect juan got newCustomer"), `f:6: want newCustomer, got nothing`},
		"misspelt":              {on("", hola+"expect jaun got nothing"), `f:3: want nothing, got no customer jaun`},
		"mail":                  {on("", hola+"expect mail a@tienda.cl"), `f:3: want a@tienda.cl, got nothing`},
		"mail's order":          {on(notifies, hola+"expect mail b@tienda.cl"), `f:5: want b@tienda.cl, got a@tienda.cl`},
		"mail left":             {on(notifies, hola+"expect mail a@tienda.cl\nexpect mail nothing"), `f:6: want nothing, got b@tienda.cl`},
		"mail once": {on(notifies, hola+"expect mail a@tienda.cl\nexpect mail b@tienda.cl\nexpect mail b@tienda.cl"),
			`f:7: want b@tienda.cl, got nothing`},
		"back":        {on("", "at 2026-01-05 11:59:59"), `f:2: want a time not before 2026-01-05 12:00:00 UTC, got 2026-01-05 11:59:59 UTC`},
		"waits back":  {on("", "wait -1s"), `f:2: want a time not before 2026-01-05 12:00:00 UTC, got 2026-01-05 11:59:59 UTC`},
		"zone":        {on(santiago, "at 2026-01-05 11:59:59"), `f:4: want a time not before 2026-01-05 15:00:00 UTC, got 2026-01-05 14:59:59 UTC`},
		"gap":         {on(santiago, "at 2026-09-06 00:30"), `f:4: want a time that exists in America/Santiago, got 2026-09-06 00:30:00`},
		"first":       {on(santiago, "at 2026-04-04 23:30\nwait 1h\nat 2026-04-04 23:30"), `f:6: want a time not before 2026-04-05 03:30:00 UTC, got 2026-04-05 02:30:00 UTC`},
		"crash":       {on("", "crash -1s"), `f:2: want a downtime, got -1s`},
		"anonymous":   {on("", `anonymous juan says "x"`), `f:2: want success, got chatcfg: `},
		"leaves":      {on("", "anonymous juan leaves"), `f:2: want an anonymous session of juan, got none`},
		"not leaving": {on("", hola+"anonymous juan leaves"), `f:3: want an anonymous session of juan, got none`},
		"one namespace": {on(`{"chat": {"anonymous": true}}`, hola+`anonymous juan says "x"`),
			`f:5: want a name of their own, got "juan" for a customer and an anonymous session`},
		"other namespace": {on(`{"chat": {"anonymous": true}}`, `anonymous juan says "x"`+"\n"+hola),
			`f:5: want a name of their own, got "juan" for a customer and an anonymous session`},
		"delayed later": {on(`{"quality": {"sla": {"value": 1, "unit": "hours"}}}`, hola+"wait 59m\nexpect juan delayed"),
			`f:6: want delayed, got not delayed, due at 2026-01-05 13:00:00 UTC`},
		"closed later": {on(`{"automation": {"autoClose": {"enabled": true, "after": {"value": 1, "unit": "hours"}}}}`, hola+`agent ana replies juan "x"`+"\nexpect juan closed"),
			`f:6: want closed, got open, next due at 2026-01-05 13:00:00 UTC`},
		"form":         {on(form, hola), `f:4: want success, got charla: nobody is available, use the contact form`},
		"refused":      {on("", hola+"agent ana opens juan"), `f:3: want success, got tickets: open is not possible on a ticket that is open`},
		"blank":        {on("", `customer juan says " "`), `f:2: want success, got chatcfg: text: `},
		"no ticket":    {on("", `agent ana replies juan "x"`), `f:2: want success, got charla: not found`},
		"bad config":   {on("", `config {"quality": {"sla": {"value": 0, "unit": "hours"}}}`), `f:2: want success, got chatcfg: quality.sla.value:`},
		"config key":   {on("", `config {"calidad": 1}`), `f:2: want success, got chatcfg: calidad:`},
		"config list":  {on("", `config []`), `f:2: want success, got chatcfg: `},
		"not":          {on("", "! "+hola), `f:2: want a failure, got success`},
		"not expected": {on("", hola+"! expect juan open"), `f:3: want a failure, got success`},
		"not not":      {on("", hola+"! ! expect juan closed"), `f:3: want a failure, got success`},
		"not at":       {on("", "! at 2026-01-05 12:00"), `f:2: want a failure, got success`},
		"not config":   {on("", "! config {}"), `f:2: want a failure, got success`},
		"not crash":    {on("", "! crash"), `f:2: want a failure, got success`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script, err := scenario.Parse("f", []byte(tc.file))
			require.NoError(t, err)
			err = script.Play(t.Context(), nil)
			var failure *scenario.Failure
			require.ErrorAs(t, err, &failure)
			if exact := !strings.HasSuffix(tc.want, ` "`) && !strings.HasSuffix(tc.want, ":") && !strings.HasSuffix(tc.want, ": "); exact {
				assert.Equal(t, tc.want, err.Error())
			} else {
				assert.True(t, strings.HasPrefix(err.Error(), tc.want), err.Error())
			}
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestRight gives what the grammar allows beyond what the rules' files use.
func TestRight(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"comments":              on("", "# uno\n\n  "+hola+"\twait 1s# dos\nexpect juan open # tres \"cuatro\""),
		"hash in string":        on(`{"general": {"important": {"enabled": true, "keywords": ["#1"]}}}`, `customer juan says "el #1" # fin`+"\nexpect juan open"),
		"carriage return":       strings.ReplaceAll(on("", hola+"expect juan open"), "\n", "\r\n"),
		"escapes":               on("", `customer juan says "\u00f1 \"x\" \x41 \n"`),
		"no final newline":      strings.TrimSuffix(on("", hola+"expect juan open"), "\n"),
		"durations":             on("", "wait 1d\nwait 1.5d12h\nwait 1d1h1d\nwait 0s\nat 2026-01-10 13:00\n! at 2026-01-10 12:59:59"),
		"start":                 on("", "at 2026-01-05 12:00"),
		"start in zone":         on(santiago, "at 2026-01-05 12:00:00"),
		"no expectation twice":  on(notifies, hola+"! expect mail b@tienda.cl\nexpect mail a@tienda.cl\nexpect mail b@tienda.cl"),
		"kept expectation":      on(greets, hola+"! expect juan got noAgents\n! expect juan got nothing\nexpect juan got newCustomer\nexpect juan got nothing"),
		"mail is a name":        on("", `customer mail says "hola"`+"\nexpect mail open\nexpect mail tickets 1\nexpect mail nothing\nexpect mail got nothing"),
		"keyword names":         on("", `customer got says "hola"`+"\nexpect got got nothing\n"+`customer not says "hola"`+"\nexpect not not paused\nexpect not open"),
		"one name, two roles":   on("", `customer ana says "hola"`+"\n"+`agent ana replies ana "hola"`+"\nexpect ana open"),
		"null":                  on(greets, `config {"automation": {"newCustomer": null}}`+"\n"+hola+"expect juan got nothing"),
		"not not":               on("", hola+"! ! expect juan open"),
		"form refuses":          on(form, "! "+hola+"expect juan tickets 0"),
		"refused name is free":  on("", `! anonymous juan says "x"`+"\n"+hola+"expect juan got nothing"),
		"rut":                   on(`{"chat": {"askRUT": true}}`, hola+"expect juan open\n"+`customer Maria_2-x says "hola"`),
		"no config":             "-- script --\n" + hola,
		"script first":          "-- script --\n" + hola + "expect juan ignored\n-- config.json --\n{\"general\": {\"createIgnored\": true}}\n",
		"crash and expectation": on(greets, hola+"crash\nexpect juan got newCustomer\ncrash 1d\nexpect juan got nothing\nat 2026-01-06 12:00"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script, err := scenario.Parse("f", []byte(file))
			require.NoError(t, err)
			require.NoError(t, script.Play(t.Context(), nil))
			require.NoError(t, script.Play(t.Context(), nil), "a script can be played again")
		})
	}
}
