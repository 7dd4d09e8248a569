package automation

import "github.com/charlahq/charla/tickets"

// The seven automatic actions, by their configuration keys, and the other rules.
const (
	RuleAutoClose      tickets.RuleKey = "autoClose"
	RuleNewCustomer    tickets.RuleKey = "newCustomer"
	RuleNoAgents       tickets.RuleKey = "noAgents"
	RuleOutOfHours     tickets.RuleKey = "outOfHours"
	RuleTicketCreated  tickets.RuleKey = "ticketCreated"
	RuleManualClose    tickets.RuleKey = "manualClose"
	RuleAutomaticClose tickets.RuleKey = "automaticClose"
	// RuleImportant marks by keyword (R5.1), RuleNotify writes e-mails (R5.2),
	// RuleSLA notices delays (R2.3).
	RuleImportant tickets.RuleKey = "important"
	RuleNotify    tickets.RuleKey = "notify"
	RuleSLA       tickets.RuleKey = "sla"
)

// The reasons.
const (
	// WhyArmed: the deadline is set, Until is when.
	WhyArmed tickets.Why = "armed"
	// WhyDeadline: the deadline came.
	WhyDeadline tickets.Why = "deadline"
	// WhyAgentClosed: an agent closed the ticket.
	WhyAgentClosed tickets.Why = "agent_closed"
	// WhyFirstMessage: the customer's first message ever.
	WhyFirstMessage tickets.Why = "first_message"
	// WhyNotFirstMessage: the customer had written before.
	WhyNotFirstMessage tickets.Why = "not_first_message"
	// WhyCreated: the message created a ticket.
	WhyCreated tickets.Why = "created"
	// WhyNotCreated: the message created no ticket.
	WhyNotCreated tickets.Why = "not_created"
	// WhyClosedHours: outside the business hours.
	WhyClosedHours tickets.Why = "closed_hours"
	// WhyOpenHours: inside the business hours.
	WhyOpenHours tickets.Why = "open_hours"
	// WhySpokeInInterval: it has spoken in this closed interval; Until is the next opening.
	WhySpokeInInterval tickets.Why = "spoke_in_interval"
	// WhyNoAgent: no agent is available.
	WhyNoAgent tickets.Why = "no_agent"
	// WhyAgentAvailable: an agent is available.
	WhyAgentAvailable tickets.Why = "agent_available"
	// WhySpokeInAbsence: it has spoken in this absence.
	WhySpokeInAbsence tickets.Why = "spoke_in_absence"
	// WhyHeldBack: it gives way to outOfHours (R4.1).
	WhyHeldBack tickets.Why = "held_back"
	// WhyPaused: the ticket is paused (R3.7).
	WhyPaused tickets.Why = "paused"
	// WhyKeyword: the message has a keyword; Word, From and To say which and where.
	WhyKeyword tickets.Why = "keyword"
	// WhyNoKeyword: the message has no keyword.
	WhyNoKeyword tickets.Why = "no_keyword"
	// WhyAlreadyImportant: the ticket was important already.
	WhyAlreadyImportant tickets.Why = "already_important"
	// WhyUnmarkedByAgent: an agent marked the ticket normal (R3.5).
	WhyUnmarkedByAgent tickets.Why = "unmarked_by_agent"
	// WhyMarkedImportant: this message made the ticket important.
	WhyMarkedImportant tickets.Why = "marked_important"
	// WhyNotMarkedImportant: this message did not make the ticket important.
	WhyNotMarkedImportant tickets.Why = "not_marked_important"
	// WhyAlreadyNotified: every address was told of this ticket before.
	WhyAlreadyNotified tickets.Why = "already_notified"
)
