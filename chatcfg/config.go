package chatcfg

// Config is the whole configuration of an account: the document of SPEC
// section 10. It is a value; copying it copies everything but the slices.
// [Default] makes one, [Decode] reads one strictly, [Config.Validate] finds
// every problem and [Config.Lint] every doubtful setting. The zero Config is not
// valid: start from [Default].
type Config struct {
	// Quality is the manual's "Calidad de Servicio".
	Quality Quality `json:"quality"`
	// Automation is the manual's "Acciones automáticas".
	Automation Automation `json:"automation"`
	// General is the manual's "Opciones Generales".
	General General `json:"general"`
	// Hours are the business hours. The zero value means none.
	Hours Hours `json:"hours"`
	// Chat is the manual's "Opciones de Chat".
	Chat Chat `json:"chat"`
}

// Unit is the unit of a [Duration].
type Unit string

// The units of a [Duration]. A day is 24 hours, on whichever clock (R2.1).
const (
	UnitSeconds Unit = "seconds"
	UnitMinutes Unit = "minutes"
	UnitHours   Unit = "hours"
	UnitDays    Unit = "days"
)

// Duration is a positive whole number of units, at most 365 days: what an
// administrator types. A nil *Duration means "none".
type Duration struct {
	// Value is how many units, above zero.
	Value int64 `json:"value"`
	// Unit is what it counts.
	Unit Unit `json:"unit"`
}

// Clock says what a duration is counted on.
type Clock string

// The two clocks (R2.5, R4.2).
const (
	// Wall counts every instant.
	Wall Clock = "wall"
	// Business counts only the instants inside the business hours.
	Business Clock = "business"
)

// Quality is the service quality: how long a customer may wait for an answer.
type Quality struct {
	// SLA is the longest wait that is not a delay, one second to 365 days; nil: tickets are
	// never delayed (R2.1).
	SLA *Duration `json:"sla"`
	// Clock is what the wait is counted on (R2.5).
	Clock Clock `json:"clock"`
}

// Combine says which of several automatic replies to one message are sent.
type Combine string

// The two ways to combine (R4.1).
const (
	// CombineAll sends every one that holds.
	CombineAll Combine = "all"
	// CombineFirst holds noAgents back while outOfHours speaks.
	CombineFirst Combine = "first"
)

// Automation holds the automatic actions. All are off by default.
type Automation struct {
	// AutoClose closes tickets that the customer left unanswered (R4.2).
	AutoClose AutoClose `json:"autoClose"`
	// Reminders are sent before AutoClose closes (R13.1).
	Reminders Reminders `json:"reminders"`
	// NewCustomer greets the first message ever of a customer.
	NewCustomer TextAction `json:"newCustomer"`
	// NoAgents answers when no agent is available.
	NoAgents TextAction `json:"noAgents"`
	// OutOfHours answers outside the business hours.
	OutOfHours TextAction `json:"outOfHours"`
	// TicketCreated answers when a ticket is created.
	TicketCreated TextAction `json:"ticketCreated"`
	// ManualClose is sent when an agent closes.
	ManualClose TextAction `json:"manualClose"`
	// AutomaticClose is sent when AutoClose closes.
	AutomaticClose TextAction `json:"automaticClose"`
	// Combine says which of several replies to one message are sent (R4.1).
	Combine Combine `json:"combine"`
}

// AutoClose is the action "close without answer" (R4.2).
type AutoClose struct {
	// Enabled switches the action on.
	Enabled bool `json:"enabled"`
	// After is the time since the agent's last word: one minute to 365 days.
	// Required when Enabled.
	After *Duration `json:"after"`
	// Clock is what After is counted on.
	Clock Clock `json:"clock"`
}

// Reminders remind a customer who does not answer, before the ticket closes (R13.1).
type Reminders struct {
	// Enabled switches the action on; then there must be a step.
	Enabled bool `json:"enabled"`
	// Steps are at most [MaxReminders], each later than the one before it and earlier
	// than AutoClose, if that is on.
	Steps []Reminder `json:"steps"`
}

// Reminder is one step of [Reminders].
type Reminder struct {
	// After is the time from where auto-close counts, on its clock: one second to 365 days,
	// longer than that of the step before and, if auto-close is on, shorter than its own.
	After *Duration `json:"after"`
	// Messages are as in [TextAction].
	Messages []Words `json:"messages"`
}

// TextAction is an automatic action that sends a text.
type TextAction struct {
	// Enabled switches the action on; then there must be a text.
	Enabled bool `json:"enabled"`
	// Messages are one to three texts, of which one is sent, chosen uniformly
	// at random. They may hold variables (R4.6, [ParseText]).
	Messages []Words `json:"messages"`
}

// General is the manual's "Opciones Generales" (SPEC section 5).
type General struct {
	// Important marks tickets by the words of their customers (R5.1).
	Important Important `json:"important"`
	// Notify sends an e-mail when a ticket comes in (R5.2).
	Notify Notify `json:"notify"`
	// CreateIgnored creates new tickets ignored (R5.3).
	CreateIgnored bool `json:"createIgnored"`
	// ReopenWindow is how long after a close a customer's message reopens the ticket instead
	// of starting a new one, one second to 365 days; nil: never (R3.4).
	ReopenWindow *Duration `json:"reopenWindow"`
	// Assignment is who gets a ticket by itself (R11.1).
	Assignment Assignment `json:"assignment"`
	// Categories are those that a ticket may be given, at most [MaxCategories]; none: any
	// (R11.6).
	Categories []string `json:"categories"`
	// Bot answers new tickets first (R12.2).
	Bot Bot `json:"bot"`
}

// Bot is the host's own bot, an automated agent (R12.2).
type Bot struct {
	// Enabled has new tickets begin with the bot.
	Enabled bool `json:"enabled"`
	// Timeout is how old a customer's message gets that the bot does not answer, before the
	// agents get the ticket: one second to 365 days, 30 seconds by default. Required when
	// Enabled.
	Timeout *Duration `json:"timeout"`
}

// Assignment is who gets a ticket by itself (R11.1).
type Assignment struct {
	// OnReply gives a ticket that no agent has to the agent who replies. On by default.
	OnReply bool `json:"onReply"`
}

// Important is the marking of tickets as important by content (R5.1).
type Important struct {
	// Enabled switches the marking on; then there must be a keyword.
	Enabled bool `json:"enabled"`
	// Keywords are words, phrases and prefixes ("recl*"), at most [MaxKeywords].
	Keywords []string `json:"keywords"`
}

// NotifyTickets says which new tickets are notified.
type NotifyTickets string

// The three choices (R5.2).
const (
	// NotifyNone sends nothing.
	NotifyNone NotifyTickets = "none"
	// NotifyImportant sends when a keyword first makes a ticket important, at its
	// creation or later, so it needs [Important]; an agent's mark sends nothing.
	NotifyImportant NotifyTickets = "important"
	// NotifyAll sends when a ticket is created, ignored ones too.
	NotifyAll NotifyTickets = "all"
)

// Notify is the notification of new tickets by e-mail (R5.2).
type Notify struct {
	// Tickets says which tickets are notified, if any.
	Tickets NotifyTickets `json:"tickets"`
	// To are the addresses, in the order in which they are written to; required
	// unless Tickets is [NotifyNone], at most [MaxAddresses].
	To []string `json:"to"`
}

// Hours are the time zone and the business hours of an account (R4.9). Without
// intervals it has no business hours.
type Hours struct {
	// Timezone is an IANA name such as "America/Santiago"; empty: UTC. "Local" is
	// refused.
	Timezone string `json:"timezone"`
	// Weekly are the intervals of every week; any number a day.
	Weekly []Interval `json:"weekly"`
	// Exceptions replace the weekly intervals of their dates.
	Exceptions []Exception `json:"exceptions"`
}

// Day is a day of the week, in English and lower case.
type Day string

// The days of the week.
const (
	Monday    Day = "monday"
	Tuesday   Day = "tuesday"
	Wednesday Day = "wednesday"
	Thursday  Day = "thursday"
	Friday    Day = "friday"
	Saturday  Day = "saturday"
	Sunday    Day = "sunday"
)

// Interval is a half-open interval of a weekday's wall time, "HH:MM". A close
// before the open is overnight and belongs to the day it begins; "24:00" is the
// end of the day.
type Interval struct {
	Day   Day    `json:"day"`
	Open  string `json:"open"`
	Close string `json:"close"`
}

// Exception replaces the usual intervals of its dates: closed, or open for an
// interval. It has either a date, or a date of every year, or the first and the last
// date of a range. A date replaces a range, and a range a date of every year; several
// of one kind on one date add up.
type Exception struct {
	// Date is "YYYY-MM-DD" in the account's zone.
	Date string `json:"date,omitempty"`
	// Yearly is "MM-DD"; "02-29" is in leap years only.
	Yearly string `json:"yearly,omitempty"`
	// From and To are as Date; both are included.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Closed says that nothing is open on that date; with Open or Close it is
	// an error.
	Closed bool `json:"closed,omitempty"`
	// Open and Close are as in [Interval].
	Open  string `json:"open,omitempty"`
	Close string `json:"close,omitempty"`
}

// Position is the side of the page on which the widget stands.
type Position string

// The two sides.
const (
	Right Position = "right"
	Left  Position = "left"
)

// Devices says on which devices something happens by itself.
type Devices string

// The choices of devices.
const (
	AllDevices Devices = "all"
	Desktop    Devices = "desktop"
	Mobile     Devices = "mobile"
)

// Locale is the language of the widget and of refusals (R6.9).
type Locale string

// The locales.
const (
	Spanish    Locale = "es"
	English    Locale = "en"
	Portuguese Locale = "pt"
	// Auto follows the visitor's.
	Auto Locale = "auto"
)

// Chat is the manual's "Opciones de Chat" (SPEC section 6). The secret token,
// the picture and the button logo are calls of their own.
type Chat struct {
	// Name is the account's name (R1.1). Required.
	Name string `json:"name"`
	// Hidden makes the widget draw nothing and account lists leave it out.
	Hidden bool `json:"hidden"`
	// Domain is where the chat is installed: a host or URL, kept as host and
	// port (R6.8). Required when an account is created.
	Domain string `json:"domain"`
	// ExtraDomains may load the widget too: exact hosts, or "*." for one level
	// of subdomains.
	ExtraDomains []string `json:"extraDomains"`
	// ContactForm stands in place of starting a conversation while no agent is
	// available (R6.1, R6.2).
	ContactForm ContactForm `json:"contactForm"`
	// Sound says that agents' screens shall sound at a customer's message: screens read it
	// here, as examples/desk does. The widget has a sound of its own for visitors.
	Sound bool `json:"sound"`
	// PrimaryColor and TextColor are #RGB or #RRGGBB (R6.6).
	PrimaryColor string `json:"primaryColor"`
	TextColor    string `json:"textColor"`
	// Position is the side on which the widget stands.
	Position Position `json:"position"`
	// LongButton shows a text on the button.
	LongButton LongButton `json:"longButton"`
	// WriteAsCompany keeps agents' names on the server.
	WriteAsCompany bool `json:"writeAsCompany"`
	// Facebook and Google are the social logins (R6.3).
	Facebook Social `json:"facebook"`
	Google   Social `json:"google"`
	// Anonymous lets visitors write without saying who they are (R7.3).
	Anonymous bool `json:"anonymous"`
	// VisitorEnds lets visitors end their conversation (R14.2).
	VisitorEnds bool `json:"visitorEnds"`
	// Rating asks customers after a close how it was (R14.3).
	Rating Rating `json:"rating"`
	// EmailAsIdentifier makes a claimed e-mail find its customer (R6.4, R7.2).
	EmailAsIdentifier bool `json:"emailAsIdentifier"`
	// AskRUT requires a valid RUT to start (R6.4).
	AskRUT bool `json:"askRUT"`
	// AskPhone asks for a telephone; it is optional data (R6.4).
	AskPhone bool `json:"askPhone"`
	// OpenOnLoad opens the chat by itself.
	OpenOnLoad OpenOnLoad `json:"openOnLoad"`
	// Notification is how the widget shows messages while it is closed.
	Notification Notification `json:"notification"`
	// Welcome is the welcome message (R6.5).
	Welcome Welcome `json:"welcome"`
	// IdentificationMessage welcomes in the window where one says who one is.
	IdentificationMessage Words `json:"identificationMessage"`
	// HeaderMessage stands above a conversation.
	HeaderMessage Words `json:"headerMessage"`
	// Locale is the language of the widget and of refusals (R6.9).
	Locale Locale `json:"locale"`
}

// Scale is how customers rate.
type Scale string

// The scales.
const (
	// Stars are one to five.
	Stars Scale = "stars"
	// Thumbs are down, which is 1, and up, which is 5.
	Thumbs Scale = "thumbs"
)

// Rating is the question how it was, which customers are asked once after a close.
type Rating struct {
	// Enabled asks; then Reasons must not be empty.
	Enabled bool `json:"enabled"`
	// Scale is how they answer.
	Scale Scale `json:"scale"`
	// Question is what they are asked, Thanks what they read after their answer, up to
	// [MaxNote] characters each. Where one is blank, charla's own words stand.
	Question Words `json:"question"`
	Thanks   Words `json:"thanks"`
	// Comment lets them add a text of up to [MaxComment] characters.
	Comment bool `json:"comment"`
	// Reasons are those of the closes after which they are asked: "manual", "automatic",
	// "customer". By default "manual".
	Reasons []string `json:"reasons"`
}

// ContactForm is the form that replaces the chat while nobody is available.
type ContactForm struct {
	// Enabled shows the form; then Email, Mailbox or both must be on (R6.1).
	Enabled bool `json:"enabled"`
	// Email sends submissions to a plain address.
	Email FormEmail `json:"email"`
	// Mailbox sends them to a mailbox of the host's.
	Mailbox FormMailbox `json:"mailbox"`
	// Title is the form's heading, up to [MaxTitle] characters.
	Title Words `json:"title"`
	// Description stands below the title, up to [MaxNote] characters, like the two
	// that follow.
	Description Words `json:"description"`
	// Success is said when a submission has been stored (R6.2).
	Success Words `json:"success"`
	// Error is said when it could not be.
	Error Words `json:"error"`
}

// FormEmail sends submissions to a plain e-mail address.
type FormEmail struct {
	// Enabled sends them there.
	Enabled bool `json:"enabled"`
	// Address is one plain address; required when Enabled.
	Address string `json:"address"`
}

// FormMailbox sends submissions to a mailbox that the host manages.
type FormMailbox struct {
	// Enabled sends them there.
	Enabled bool `json:"enabled"`
	// ID is the host's own name for the mailbox, up to [MaxMailbox] characters;
	// required when Enabled.
	ID string `json:"id"`
}

// LongButton is a chat button with a text.
type LongButton struct {
	// Enabled shows the text beside the button's picture.
	Enabled bool `json:"enabled"`
	// Text has up to [MaxButton] characters; required when Enabled.
	Text Words `json:"text"`
}

// Social is a social login.
type Social struct {
	// Enabled offers it.
	Enabled bool `json:"enabled"`
	// Only refuses every entry but social logins, those of the other provider too
	// if that is on (R6.3).
	Only bool `json:"only"`
}

// OpenOnLoad opens the chat by itself some seconds after the page loads.
type OpenOnLoad struct {
	// Enabled opens the chat by itself.
	Enabled bool `json:"enabled"`
	// DelaySeconds is the time from the page's loading: 0 to [MaxDelaySeconds].
	DelaySeconds int64 `json:"delaySeconds"`
	// Devices are those on which it does.
	Devices Devices `json:"devices"`
}

// Notification is how the closed widget shows messages.
type Notification struct {
	// Reply lets the customer answer from the notification.
	Reply bool `json:"reply"`
	// Count is how many messages it shows: one to three.
	Count int64 `json:"count"`
}

// Welcome is the welcome message, shown in the widget only (R6.5).
type Welcome struct {
	// Enabled shows it.
	Enabled bool `json:"enabled"`
	// DelaySeconds is the time before it shows: 0 to [MaxDelaySeconds].
	DelaySeconds int64 `json:"delaySeconds"`
	// RepeatMinutes is the time before it shows again: 0 to [MaxRepeatMinutes].
	RepeatMinutes int64 `json:"repeatMinutes"`
	// Existing shows it in conversations that have begun, too.
	Existing bool `json:"existing"`
	// Devices are those on which it shows.
	Devices Devices `json:"devices"`
	// Text is what it says, up to [MaxText] characters; required when Enabled. It
	// has no variables.
	Text Words `json:"text"`
	// Author is the name that it stands under, up to [MaxName] characters; it may
	// be empty.
	Author string `json:"author"`
}
