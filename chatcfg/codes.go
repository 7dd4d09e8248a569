package chatcfg

// The codes of documents that cannot be read ([Decode], [Merge]).
const (
	CodeTooLarge     Code = "too_large"     // the limit in bytes
	CodeSyntax       Code = "syntax"        // line and column, from 1
	CodeTooDeep      Code = "too_deep"      // the limit
	CodeUnknownKey   Code = "unknown_key"   // none: the path ends in it
	CodeDuplicateKey Code = "duplicate_key" // none
	CodeNotObject    Code = "not_object"    // none
	CodeNotList      Code = "not_list"      // none
	CodeNotText      Code = "not_text"      // none
	CodeNotBoolean   Code = "not_boolean"   // none
	CodeNotInteger   Code = "not_integer"   // none
	CodeOverflow     Code = "overflow"      // none
)

// The codes of single values.
const (
	CodeRequired         Code = "required"          // none
	CodeBlank            Code = "blank"             // none
	CodeTooLong          Code = "too_long"          // the limit in characters
	CodeTooMany          Code = "too_many"          // the limit
	CodeInvalidUTF8      Code = "invalid_utf8"      // none
	CodeControlCharacter Code = "control_character" // none
	CodeInvalidChoice    Code = "invalid_choice"    // the value, the choices
	CodeDuplicate        Code = "duplicate"         // the value
	CodeOutOfRange       Code = "out_of_range"      // the least, the most
	CodeNotPositive      Code = "not_positive"      // none
	CodeDurationShort    Code = "duration_short"    // none: under a minute
	CodeDurationLong     Code = "duration_long"     // the limit in days
	CodeInvalidEmail     Code = "invalid_email"     // none
	CodeInvalidRUT       Code = "invalid_rut"       // none
	CodeInvalidColor     Code = "invalid_color"     // none
	CodeInvalidDomain    Code = "invalid_domain"    // none
)

// The codes of settings that contradict each other or lack something.
const (
	CodeNoHours             Code = "no_hours"              // none (R4.9, R4.6)
	CodeUnknownVariable     Code = "unknown_variable"      // the name, the known ones (R4.6)
	CodeOpenBrace           Code = "open_brace"            // none (R4.6)
	CodeNestedBrace         Code = "nested_brace"          // none (R4.6)
	CodeTooManyVariables    Code = "too_many_variables"    // the limit
	CodeKeywordStar         Code = "keyword_star"          // none (R5.1)
	CodeFormWithoutTarget   Code = "form_without_target"   // none (R6.1)
	CodeOnlyWithoutProvider Code = "only_without_provider" // none (R6.3)
	CodeOnlyWithAnonymous   Code = "only_with_anonymous"   // none (R6.3)
	CodeNotLater            Code = "not_later"             // none (R13.1)
	CodeAfterClose          Code = "after_close"           // none (R13.1)
)

// The codes of refused entries ([Chat.CheckEntry]).
const (
	CodeAnonymousOff Code = "anonymous_off" // none (R7.3)
	CodeSocialOff    Code = "social_off"    // none
	CodeSocialOnly   Code = "social_only"   // none (R6.3)
)

// The codes of what calls are given and do not take.
const (
	CodeUnwanted Code = "unwanted"  // none
	CodeNotAfter Code = "not_after" // the name of the value before it
)

// CodeCommentOff is of refused ratings ([Rating.Check]).
const CodeCommentOff Code = "comment_off" // none (R14.3)

// The codes of warnings ([Config.Lint], R6.7).
const (
	// WarnContrast: a text in these colours is hard to read (R6.6). Args: the
	// contrast, the least that is enough.
	WarnContrast Code = "low_contrast"
	// WarnAnonymousGreeting: an anonymous visitor is a new customer each time.
	WarnAnonymousGreeting Code = "anonymous_new_customer"
	// WarnAnonymousAsked: anonymous visitors cannot start, because an e-mail or
	// the RUT is required.
	WarnAnonymousAsked Code = "anonymous_asked"
	// WarnImpersonation: anybody who knows an e-mail can write in its name.
	WarnImpersonation Code = "email_impersonation"
	// WarnNotifyNothing: only important tickets are notified, and no keyword
	// makes one important.
	WarnNotifyNothing Code = "notify_without_keywords"
	// WarnCloseBeforeSLA: tickets close sooner than the SLA.
	WarnCloseBeforeSLA Code = "autoclose_before_sla"
	// WarnCloseNeverFires: a text for automatic closes, without any.
	WarnCloseNeverFires Code = "close_text_without_autoclose"
	// WarnBothAvailability: out of hours, two replies answer one message.
	WarnBothAvailability Code = "both_availability_replies"
	// WarnFormAndReply: the contact form and the reply "no agents" (R6.2).
	WarnFormAndReply Code = "form_with_no_agents"
	// WarnFormSilent: the contact form lacks the text that says what happened.
	WarnFormSilent Code = "form_text_missing"
	// WarnOnlyOff: "only" is set on a provider that is off, and holds.
	WarnOnlyOff Code = "only_on_disabled_provider"
	// WarnLastMinute: hours end at 23:59, so that the day's last minute is out of hours.
	WarnLastMinute Code = "closes_at_2359"
	// WarnTwinDomain: pages of the domain with www., or without it, are not admitted.
	// Args: that host.
	WarnTwinDomain Code = "www_not_admitted"
	// WarnSharedSuffix: anybody can have a page below this domain. Args: the domain.
	WarnSharedSuffix Code = "shared_domain"
	// WarnIgnoredSLA: tickets are created ignored, which do not wait.
	WarnIgnoredSLA Code = "ignored_without_wait"
	// WarnIgnoredBot: tickets are created ignored, and never begin with the bot.
	WarnIgnoredBot Code = "ignored_without_bot"
	// WarnKeywordComma: a keyword has a comma, and matches only where the customer writes
	// it, too. Args: the keyword.
	WarnKeywordComma Code = "keyword_comma"
	// WarnLeapDay: a yearly exception on 29 February is in leap years only. Args: none.
	WarnLeapDay Code = "leap_day"
	// WarnNeverAsked: customers are asked how it was after closes that cannot happen.
	WarnNeverAsked Code = "rating_never_asked"
	// WarnNoLogin: a social login is on that the host does not have. Args: its name.
	WarnNoLogin Code = "no_login"
	// WarnNobodyEnters: only social logins may enter, and the host has none of them. Args:
	// none.
	WarnNobodyEnters Code = "nobody_enters"
	// WarnNoMailer: the host sends no e-mails. Args: none.
	WarnNoMailer Code = "no_mailer"
	// WarnNoMailbox: the host manages no such mailbox. Args: its ID.
	WarnNoMailbox Code = "no_mailbox"
	// WarnLiteralBraces: {{name}} is not a variable. Args: the name.
	WarnLiteralBraces Code = "literal_braces"
	// WarnPlainVariable: this text is shown as it is. Args: the name.
	WarnPlainVariable Code = "variable_not_filled"
	// WarnEmptyVariable: the variable has no value there, and no fallback.
	// Args: the name.
	WarnEmptyVariable Code = "variable_may_be_empty"
)
