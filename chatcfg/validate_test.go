package chatcfg_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type change = func(*chatcfg.Config)

// validation is a table of changes to a valid configuration without hours, and
// the problems that each makes; none: it stays valid.
type validation map[string]struct {
	change change
	want   []string
}

func (v validation) run(t *testing.T) {
	t.Parallel()
	for name, tt := range v {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			require.NoError(t, c.Validate())
			tt.change(&c)
			assert.Equal(t, tt.want, found(t, c.Validate()))
		})
	}
}

func duration(value int64, unit chatcfg.Unit) *chatcfg.Duration {
	return &chatcfg.Duration{Value: value, Unit: unit}
}

func hours(c *chatcfg.Config) { c.Hours = withHours().Hours }

func on(messages ...string) chatcfg.TextAction {
	return chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(messages...)}
}

// R2.1 R4.2 The SLA and the other durations.
func TestValidateDurations(t *testing.T) {
	sla := func(d *chatcfg.Duration) change { return func(c *chatcfg.Config) { c.Quality.SLA = d } }
	auto := func(d *chatcfg.Duration) change {
		return func(c *chatcfg.Config) {
			c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: d, Clock: "wall"}
		}
	}
	reopen := func(d *chatcfg.Duration) change { return func(c *chatcfg.Config) { c.General.ReopenWindow = d } }
	validation{
		"R2.1 one second":         {sla(duration(1, "seconds")), nil},
		"R2.1 365 days":           {sla(duration(365, "days")), nil},
		"R2.1 366 days":           {sla(duration(366, "days")), []string{"quality.sla duration_long"}},
		"R2.1 a second too long":  {sla(duration(365*24*3600+1, "seconds")), []string{"quality.sla duration_long"}},
		"R2.1 zero":               {sla(duration(0, "hours")), []string{"quality.sla.value not_positive"}},
		"R2.1 negative":           {sla(duration(-5, "hours")), []string{"quality.sla.value not_positive"}},
		"R2.1 overflowing":        {sla(duration(1<<62, "days")), []string{"quality.sla duration_long"}},
		"R2.1 unknown unit":       {sla(duration(1, "weeks")), []string{"quality.sla.unit invalid_choice"}},
		"R2.1 unit with case":     {sla(duration(1, "Days")), []string{"quality.sla.unit invalid_choice"}},
		"R2.1 no unit, no value":  {sla(&chatcfg.Duration{}), []string{"quality.sla.unit required", "quality.sla.value not_positive"}},
		"R4.2 one minute":         {auto(duration(60, "seconds")), nil},
		"R4.2 under a minute":     {auto(duration(59, "seconds")), []string{"automation.autoClose.after duration_short"}},
		"R4.2 365 days":           {auto(duration(8760, "hours")), nil},
		"R4.2 over 365 days":      {auto(duration(8761, "hours")), []string{"automation.autoClose.after duration_long"}},
		"R4.2 on without a time":  {auto(nil), []string{"automation.autoClose.after required"}},
		"R3.4 window of a second": {reopen(duration(1, "seconds")), nil},
		"R3.4 window too long":    {reopen(duration(366, "days")), []string{"general.reopenWindow duration_long"}},
	}.run(t)
}

// R4.9 What needs hours, and hours that are wrong.
func TestValidateHours(t *testing.T) {
	validation{
		"R4.9 business SLA without hours": {func(c *chatcfg.Config) { c.Quality.Clock = chatcfg.Business }, []string{"quality.clock no_hours"}},
		"R4.9 business auto-close without hours": {func(c *chatcfg.Config) { c.Automation.AutoClose.Clock = chatcfg.Business },
			[]string{"automation.autoClose.clock no_hours"}},
		"R4.9 outOfHours without hours": {func(c *chatcfg.Config) { c.Automation.OutOfHours = on("cerrado") },
			[]string{"automation.outOfHours.enabled no_hours"}},
		"R4.9 outOfHours off without hours": {func(c *chatcfg.Config) { c.Automation.OutOfHours.Messages = chatcfg.Texts("cerrado") }, nil},
		"R4.9 all of it with hours": {func(c *chatcfg.Config) {
			hours(c)
			c.Quality.Clock, c.Automation.AutoClose.Clock = chatcfg.Business, chatcfg.Business
			c.Automation.OutOfHours = on("Volvemos el {nextOpen}")
		}, nil},
		"R4.9 wrong hours are hours": {func(c *chatcfg.Config) {
			hours(c)
			c.Hours.Weekly[0].Open = "9"
			c.Quality.Clock = chatcfg.Business
		}, []string{"hours.weekly[0].open bad_time"}},
		"R4.9 hours without a zone": {func(c *chatcfg.Config) {
			hours(c)
			c.Hours.Timezone = " "
		}, []string{"hours.timezone unknown_timezone"}},
		"clocks": {func(c *chatcfg.Config) { c.Quality.Clock, c.Automation.AutoClose.Clock = "", "sundial" },
			[]string{"quality.clock required", "automation.autoClose.clock invalid_choice"}},
		"combine": {func(c *chatcfg.Config) { c.Automation.Combine = "last" }, []string{"automation.combine invalid_choice"}},
	}.run(t)
}

// Section 4, R4.6: one to three texts, each sound.
func TestValidateMessages(t *testing.T) {
	messages := func(a chatcfg.TextAction) change {
		return func(c *chatcfg.Config) { c.Automation.ManualClose = a }
	}
	const path = "automation.manualClose.messages"
	long := strings.Repeat("ñ", chatcfg.MaxText)
	validation{
		"one":                   {messages(on("uno")), nil},
		"three":                 {messages(on("uno\ndos\tx", "😀", "tres")), nil},
		"none":                  {messages(on()), []string{path + " required"}},
		"none, off":             {messages(chatcfg.TextAction{}), nil},
		"four":                  {messages(on("a", "b", "c", "d")), []string{path + " too_many"}},
		"blank":                 {messages(on("a", " \n\u00a0\u200b")), []string{path + "[1] blank"}},
		"blank, off":            {messages(chatcfg.TextAction{Messages: chatcfg.Texts("")}), []string{path + "[0] blank"}},
		"longest":               {messages(on(long)), nil},
		"too long":              {messages(on(long + "ñ")), []string{path + "[0] too_long"}},
		"huge":                  {messages(on(strings.Repeat("\xff", 1<<20))), []string{path + "[0] too_long"}},
		"not UTF-8":             {messages(on("a\xff")), []string{path + "[0] invalid_utf8"}},
		"NUL":                   {messages(on("a\x00")), []string{path + "[0] control_character"}},
		"C1 control":            {messages(on("a\u0085")), []string{path + "[0] control_character"}},
		"carriage return alone": {messages(on("a\rb")), []string{path + "[0] control_character"}},
		"bidi is text":          {messages(on("\u202eabc\u202c")), nil},

		"R4.6 variables":                {messages(on("{customer|amigo} {agent} {account} {{x}")), nil},
		"R4.6 unknown names":            {messages(on("{cliente} {agente}", "{Customer}")), []string{path + "[0] unknown_variable", path + "[0] unknown_variable", path + "[1] unknown_variable"}},
		"R4.6 too long, and unknown":    {messages(on(strings.Repeat("x", chatcfg.MaxMessage) + "{cliente}")), []string{path + "[0] too_long"}},
		"R4.6 not text, and unknown":    {messages(on("\xff{cliente}")), []string{path + "[0] invalid_utf8"}},
		"R4.6 not closed":               {messages(on("hola {customer")), []string{path + "[0] open_brace"}},
		"R4.6 nextOpen without hours":   {messages(on("{nextOpen}")), []string{path + "[0] no_hours"}},
		"R4.6 fallback does not help":   {messages(on("{nextOpen|pronto}")), []string{path + "[0] no_hours"}},
		"R4.6 nextOpen with hours":      {func(c *chatcfg.Config) { hours(c); messages(on("{nextOpen}"))(c) }, nil},
		"R4.6 braces and nextOpen":      {messages(on("{{nextOpen}")), nil},
		"R4.6 too many variables":       {messages(on(strings.Repeat("{agent}", chatcfg.MaxVariables+1))), []string{path + "[0] too_many_variables"}},
		"R4.6 blank beside the unknown": {messages(on("", "{x}")), []string{path + "[0] blank", path + "[1] unknown_variable"}},
	}.run(t)
}

// R5.1 Keywords.
func TestValidateKeywords(t *testing.T) {
	keywords := func(words ...string) change {
		return func(c *chatcfg.Config) { c.General.Important = chatcfg.Important{Enabled: true, Keywords: words} }
	}
	const path = "general.important.keywords"
	many := strings.Split(strings.Repeat("a,", chatcfg.MaxKeywords-1)+"a", ",")
	validation{
		"R5.1 words, phrases, prefixes": {keywords("reclamo", "fuera de  servicio", "recl*", "no funcion*", "50%", "ñ*"), nil},
		"R5.1 on without any":           {keywords(), []string{path + " required"}},
		"R5.1 off without any":          {func(c *chatcfg.Config) { c.General.Important.Keywords = nil }, nil},
		"R5.1 blank":                    {keywords("a", "", "  "), []string{path + "[1] blank", path + "[2] blank"}},
		"R5.1 bare star":                {keywords("*", " * "), []string{path + "[0] keyword_star", path + "[1] keyword_star"}},
		"R5.1 star elsewhere":           {keywords("*a", "a*b", "a**", "a * b*"), []string{path + "[0] keyword_star", path + "[1] keyword_star", path + "[2] keyword_star", path + "[3] keyword_star"}},
		"R5.1 star after a space":       {keywords("a *"), []string{path + "[0] keyword_star"}},
		"R5.1 off and wrong":            {func(c *chatcfg.Config) { c.General.Important.Keywords = []string{"*"} }, []string{path + "[0] keyword_star"}},
		"longest":                       {keywords(strings.Repeat("ñ", chatcfg.MaxKeyword)), nil},
		"too long":                      {keywords(strings.Repeat("ñ", chatcfg.MaxKeyword) + "*"), []string{path + "[0] too_long"}},
		"two lines":                     {keywords("a\nb"), []string{path + "[0] control_character"}},
		"most":                          {keywords(many...), nil},
		"too many":                      {keywords(append(many, "a")...), []string{path + " too_many"}},
	}.run(t)
}

// R5.2 Notification.
func TestValidateNotify(t *testing.T) {
	notify := func(which chatcfg.NotifyTickets, to ...string) change {
		return func(c *chatcfg.Config) { c.General.Notify = chatcfg.Notify{Tickets: which, To: to} }
	}
	const path = "general.notify.to"
	var many []string
	for i := range chatcfg.MaxAddresses + 1 {
		many = append(many, strings.Repeat("a", i+1)+"@tienda.cl")
	}
	validation{
		"R5.2 all":                {notify("all", "ana@tienda.cl", "juan@tienda.cl"), nil},
		"R5.2 none":               {notify("none"), nil},
		"R5.2 all, no address":    {notify("all"), []string{path + " required"}},
		"R5.2 important, none":    {notify("important"), []string{path + " required"}},
		"R5.2 choice":             {notify("some", "ana@tienda.cl"), []string{"general.notify.tickets invalid_choice"}},
		"R5.2 no choice":          {notify(""), []string{"general.notify.tickets required"}},
		"invalid":                 {notify("none", "ana", "", "Ana <ana@tienda.cl>"), []string{path + "[0] invalid_email", path + "[1] blank", path + "[2] invalid_email"}},
		"twice":                   {notify("all", "Ana@tienda.cl", "juan@tienda.cl", "ana@TIENDA.CL"), []string{path + "[2] duplicate"}},
		"twice, international":    {notify("all", "ana@ñandú.cl", "ana@xn--and-6ma2c.cl"), []string{path + "[1] duplicate"}},
		"most":                    {notify("all", many[1:]...), nil},
		"too many":                {notify("all", many...), []string{path + " too_many"}},
		"a header after the mail": {notify("all", "ana@tienda.cl\r\nBcc: x@y.cl"), []string{path + "[0] invalid_email"}},
	}.run(t)
}

// R1.1 R6.8 R6.6 R6.9 What every chat has.
func TestValidateChat(t *testing.T) {
	chat := func(f func(*chatcfg.Chat)) change { return func(c *chatcfg.Config) { f(&c.Chat) } }
	type C = chatcfg.Chat
	note := strings.Repeat("a", chatcfg.MaxNote)
	many := strings.Split(strings.Repeat("a.cl ", chatcfg.MaxDomains)+"a.cl", " ")
	validation{
		"R1.1 no name":           {chat(func(c *C) { c.Name = " \u200b" }), []string{"chat.name required"}},
		"R1.1 no domain":         {chat(func(c *C) { c.Domain = " " }), []string{"chat.domain required"}},
		"name of two lines":      {chat(func(c *C) { c.Name = "a\nb" }), []string{"chat.name control_character"}},
		"name too long":          {chat(func(c *C) { c.Name = strings.Repeat("a", chatcfg.MaxName+1) }), []string{"chat.name too_long"}},
		"R6.8 a URL":             {chat(func(c *C) { c.Domain = "https://tienda.cl:8443/chat?x=1#y" }), nil},
		"R6.8 no domain at all":  {chat(func(c *C) { c.Domain = "no es" }), []string{"chat.domain invalid_domain"}},
		"R6.8 star in domain":    {chat(func(c *C) { c.Domain = "*.tienda.cl" }), []string{"chat.domain invalid_domain"}},
		"R6.8 extra domains":     {chat(func(c *C) { c.ExtraDomains = []string{"*.tienda.cl", "tienda.com:8080", "localhost"} }), nil},
		"R6.8 wrong extras":      {chat(func(c *C) { c.ExtraDomains = []string{"", "*", "*.cl", "a.*.cl", "*.10.0.0.1"} }), []string{"chat.extraDomains[0] blank", "chat.extraDomains[1] invalid_domain", "chat.extraDomains[2] invalid_domain", "chat.extraDomains[3] invalid_domain", "chat.extraDomains[4] invalid_domain"}},
		"R6.8 extras twice":      {chat(func(c *C) { c.ExtraDomains = []string{"a.cl", "*.a.cl", "https://A.cl/"} }), []string{"chat.extraDomains[2] duplicate"}},
		"R6.8 too many extras":   {chat(func(c *C) { c.ExtraDomains = many }), []string{"chat.extraDomains too_many"}},
		"R6.6 colours":           {chat(func(c *C) { c.PrimaryColor, c.TextColor = "#FFF", "#00000A" }), nil},
		"R6.6 wrong colours":     {chat(func(c *C) { c.PrimaryColor, c.TextColor = "red", "#12345" }), []string{"chat.primaryColor invalid_color", "chat.textColor invalid_color"}},
		"R6.6 no colours":        {chat(func(c *C) { c.PrimaryColor, c.TextColor = "", " " }), []string{"chat.primaryColor required", "chat.textColor required"}},
		"position":               {chat(func(c *C) { c.Position = "top" }), []string{"chat.position invalid_choice"}},
		"R6.1 long button":       {chat(func(c *C) { c.LongButton = chatcfg.LongButton{Enabled: true, Text: chatcfg.Words{Any: " "}} }), []string{"chat.longButton.text required"}},
		"long button's text":     {chat(func(c *C) { c.LongButton.Text.Any = strings.Repeat("a", chatcfg.MaxButton+1) }), []string{"chat.longButton.text too_long"}},
		"long button off":        {chat(func(c *C) { c.LongButton.Text.Any = "" }), nil},
		"open on load":           {chat(func(c *C) { c.OpenOnLoad = chatcfg.OpenOnLoad{DelaySeconds: -1, Devices: "tv"} }), []string{"chat.openOnLoad.delaySeconds out_of_range", "chat.openOnLoad.devices invalid_choice"}},
		"notification of none":   {chat(func(c *C) { c.Notification.Count = 0 }), []string{"chat.notification.count out_of_range"}},
		"notification of three":  {chat(func(c *C) { c.Notification.Count = 3 }), nil},
		"notification of four":   {chat(func(c *C) { c.Notification.Count = 4 }), []string{"chat.notification.count out_of_range"}},
		"welcome without text":   {chat(func(c *C) { c.Welcome.Enabled, c.Welcome.Text.Any = true, "\n" }), []string{"chat.welcome.text required"}},
		"welcome off, no text":   {chat(func(c *C) { c.Welcome.Text.Any = "" }), nil},
		"welcome's numbers":      {chat(func(c *C) { c.Welcome.DelaySeconds, c.Welcome.RepeatMinutes = 3601, -1 }), []string{"chat.welcome.delaySeconds out_of_range", "chat.welcome.repeatMinutes out_of_range"}},
		"welcome's devices":      {chat(func(c *C) { c.Welcome.Devices = "" }), []string{"chat.welcome.devices required"}},
		"welcome's author":       {chat(func(c *C) { c.Welcome.Author = "Ana\nMaría" }), []string{"chat.welcome.author control_character"}},
		"notes at their longest": {chat(func(c *C) { c.IdentificationMessage.Any, c.HeaderMessage.Any = note, note }), nil},
		"notes too long":         {chat(func(c *C) { c.IdentificationMessage.Any, c.HeaderMessage.Any = note+"a", note+"\x00" }), []string{"chat.identificationMessage too_long", "chat.headerMessage too_long", "chat.headerMessage control_character"}},
		"R6.9 locale":            {chat(func(c *C) { c.Locale = "fr" }), []string{"chat.locale invalid_choice"}},
		"R6.9 no locale":         {chat(func(c *C) { c.Locale = "" }), []string{"chat.locale required"}},
		"R6.9 auto":              {chat(func(c *C) { c.Locale = chatcfg.Auto }), nil},
	}.run(t)
}

// R6.1 The contact form.
func TestValidateContactForm(t *testing.T) {
	const path = "chat.contactForm"
	form := func(f func(*chatcfg.ContactForm)) change {
		return func(c *chatcfg.Config) { c.Chat.ContactForm.Enabled = true; f(&c.Chat.ContactForm) }
	}
	type F = chatcfg.ContactForm
	validation{
		"R6.1 no target":           {form(func(f *F) {}), []string{path + " form_without_target"}},
		"R6.1 e-mail":              {form(func(f *F) { f.Email = chatcfg.FormEmail{Enabled: true, Address: "ana@tienda.cl"} }), nil},
		"R6.1 mailbox":             {form(func(f *F) { f.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: "ventas"} }), nil},
		"R6.1 e-mail without one":  {form(func(f *F) { f.Email.Enabled = true }), []string{path + ".email.address required"}},
		"R6.1 mailbox without one": {form(func(f *F) { f.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: " "} }), []string{path + ".mailbox.id required"}},
		"R6.1 both without":        {form(func(f *F) { f.Enabled, f.Email.Enabled, f.Mailbox.Enabled = false, true, true }), []string{path + ".email.address required", path + ".mailbox.id required"}},
		"R6.1 address off":         {form(func(f *F) { f.Email.Address = "ana@tienda.cl" }), []string{path + " form_without_target"}},
		"invalid address":          {form(func(f *F) { f.Email = chatcfg.FormEmail{Enabled: true, Address: "ana@localhost"} }), []string{path + ".email.address invalid_email"}},
		"texts": {func(c *chatcfg.Config) {
			f := &c.Chat.ContactForm
			f.Title.Any, f.Description.Any, f.Success.Any, f.Error.Any = "a\nb", strings.Repeat("a", 501), "a\xff", "\x1b[0m"
		}, []string{path + ".title control_character", path + ".description too_long", path + ".success invalid_utf8", path + ".error control_character"}},
	}.run(t)
}

// R6.3 Social logins only.
func TestValidateSocial(t *testing.T) {
	social := func(facebook, google chatcfg.Social, anonymous bool) change {
		return func(c *chatcfg.Config) {
			c.Chat.Facebook, c.Chat.Google, c.Chat.Anonymous = facebook, google, anonymous
		}
	}
	type S = chatcfg.Social
	validation{
		"R6.3 on":                     {social(S{Enabled: true}, S{Enabled: true, Only: true}, false), nil},
		"R6.3 no provider on":         {social(S{Only: true}, S{Only: true}, false), []string{"chat.facebook.only only_without_provider", "chat.google.only only_without_provider"}},
		"R6.3 the other provider on":  {social(S{Only: true}, S{Enabled: true}, false), nil},
		"R6.3 only and anonymous":     {social(S{Enabled: true, Only: true}, S{}, true), []string{"chat.anonymous only_with_anonymous"}},
		"R6.3 all wrong":              {social(S{}, S{Only: true}, true), []string{"chat.google.only only_without_provider", "chat.anonymous only_with_anonymous"}},
		"R6.3 social and anonymous":   {social(S{Enabled: true}, S{}, true), nil},
		"R6.3 anonymous without more": {social(S{}, S{}, true), nil},
	}.run(t)
}

// R1.4 All problems at once, in the document's order, each with a message.
func TestValidateFindsEverything(t *testing.T) {
	t.Parallel()
	err := chatcfg.Config{}.Validate()
	assert.Equal(t, []string{
		"quality.clock required",
		"automation.autoClose.clock required",
		"automation.combine required",
		"general.notify.tickets required",
		"chat.name required",
		"chat.domain required",
		"chat.primaryColor required",
		"chat.textColor required",
		"chat.position required", "chat.rating.scale required",
		"chat.openOnLoad.devices required",
		"chat.notification.count out_of_range",
		"chat.welcome.devices required",
		"chat.locale required",
	}, found(t, err))
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	assert.True(t, problems.Has("chat.name", chatcfg.CodeRequired))
	assert.False(t, problems.Has("chat.name", chatcfg.CodeBlank))
	assert.Contains(t, err.Error(), "chat.notification.count: Must be from 1 to 3.; ")
}

// TestCategories: R11.6: categories are lines, none blank and none twice.
func TestCategories(t *testing.T) {
	t.Parallel()
	c := chatcfg.Default(chatcfg.Spanish)
	c.Chat.Name, c.Chat.Domain = "Tienda", "tienda.cl"
	c.General.Categories = []string{"Venta/Cotización", "Reclamo"}
	require.NoError(t, c.Validate())
	for want, categories := range map[chatcfg.Code][]string{
		chatcfg.CodeBlank: {"a", ""}, chatcfg.CodeDuplicate: {"a", "A"}, chatcfg.CodeControlCharacter: {"a", "b\nc"},
		chatcfg.CodeTooLong: {"a", strings.Repeat("x", chatcfg.MaxCategory+1)},
	} {
		c.General.Categories = categories
		var problems chatcfg.Problems
		require.ErrorAs(t, c.Validate(), &problems)
		require.Len(t, problems, 1)
		assert.Equal(t, chatcfg.Problem{Path: "general.categories[1]", Code: want, Args: problems[0].Args}, problems[0])
	}
}

// R13.1: reminders are refused one by one, each where it is wrong.
func TestReminders(t *testing.T) {
	t.Parallel()
	step := func(seconds int64, texts ...string) chatcfg.Reminder {
		return chatcfg.Reminder{After: &chatcfg.Duration{Value: seconds, Unit: chatcfg.UnitSeconds}, Messages: chatcfg.Texts(texts...)}
	}
	for name, tt := range map[string]struct {
		steps []chatcfg.Reminder
		want  []string
	}{
		"none":       {nil, []string{"automation.reminders.steps required"}},
		"fine":       {[]chatcfg.Reminder{step(1, "a"), step(2, "b", "c"), step(59, "{customer}")}, nil},
		"too many":   {[]chatcfg.Reminder{step(1, "a"), step(2, "a"), step(3, "a"), step(4, "a")}, []string{"automation.reminders.steps too_many"}},
		"no time":    {[]chatcfg.Reminder{{Messages: chatcfg.Texts("a")}}, []string{"automation.reminders.steps[0].after required"}},
		"no text":    {[]chatcfg.Reminder{step(1)}, []string{"automation.reminders.steps[0].messages required"}},
		"blank":      {[]chatcfg.Reminder{step(1, "a", " ")}, []string{"automation.reminders.steps[0].messages[1] blank"}},
		"variable":   {[]chatcfg.Reminder{step(1, "{x}")}, []string{"automation.reminders.steps[0].messages[0] unknown_variable"}},
		"no hours":   {[]chatcfg.Reminder{step(1, "{nextOpen}")}, []string{"automation.reminders.steps[0].messages[0] no_hours"}},
		"equal":      {[]chatcfg.Reminder{step(1, "a"), step(1, "b")}, []string{"automation.reminders.steps[1].after not_later"}},
		"descending": {[]chatcfg.Reminder{step(9, "a"), step(5, "b"), step(7, "c")}, []string{"automation.reminders.steps[1].after not_later", "automation.reminders.steps[2].after not_later"}},
		"at close":   {[]chatcfg.Reminder{step(59, "a"), step(60, "b")}, []string{"automation.reminders.steps[1].after after_close"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: &chatcfg.Duration{Value: 1, Unit: chatcfg.UnitMinutes}, Clock: chatcfg.Wall}
			c.Automation.Reminders = chatcfg.Reminders{Enabled: true, Steps: tt.steps}
			if err := c.Validate(); tt.want != nil {
				assert.Equal(t, tt.want, found(t, err))
			} else {
				assert.NoError(t, err)
			}
		})
	}
	c := valid()
	c.Automation.Reminders.Steps = []chatcfg.Reminder{step(1, "a\r\nb")}
	spelled := c.Normalize()
	assert.Equal(t, "a\nb", spelled.Automation.Reminders.Steps[0].Messages[0].Any)
	assert.Equal(t, "a\r\nb", c.Automation.Reminders.Steps[0].Messages[0].Any, "the receiver is left as it was")
	spelled.Automation.Reminders.Steps[0].After.Value = 9
	assert.Equal(t, int64(1), c.Automation.Reminders.Steps[0].After.Value)
	c.Automation.Reminders = chatcfg.Reminders{Enabled: true, Steps: []chatcfg.Reminder{step(1, "{{customer}")}}
	assert.Contains(t, found(t, chatcfg.Problems(c.Lint())), "automation.reminders.steps[0].messages[0] literal_braces")
}
