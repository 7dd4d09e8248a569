package chatcfg

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// Schema is the JSON Schema (draft 2020-12) of the configuration document, made
// from the types and limits of this package; config.schema.json is a copy of it.
// It describes whole documents, in which everything may be left out; the null
// that [Decode] takes for a default is not in it. What one value demands of
// another it cannot say: a document that it accepts may still be refused by
// [Config.Validate].
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[Config](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of a chat account"
	root["$defs"] = map[string]any{"duration": map[string]any{
		"description":          "A positive whole number of units, at most 365 days.",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"value", "unit"},
		"properties": map[string]any{
			"value": map[string]any{"type": "integer", "minimum": 1, "maximum": int64(MaxDuration / MinDuration)},
			"unit":  schemaOf(reflect.TypeFor[Unit](), ""),
		},
	}}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		panic("chatcfg: schema: " + err.Error())
	}
	return b.Bytes()
}

// schemaOf is the schema of a type at a path, in which "[]" stands for the
// elements of a list.
func schemaOf(t reflect.Type, path string) map[string]any {
	s := map[string]any{}
	switch t.Kind() {
	case reflect.Pointer: // to a Duration
		s["anyOf"] = []any{map[string]any{"$ref": "#/$defs/duration"}, map[string]any{"type": "null"}}
	case reflect.Struct:
		if t == reflect.TypeFor[Words]() {
			s["anyOf"] = wordsSchema(path)
			if text := schemaTexts[schemaKey(path)]; text != "" {
				s["description"] = text
			}
			return s
		}
		properties := map[string]any{}
		required := []string{}
		for i := range t.NumField() {
			key, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			properties[key] = schemaOf(t.Field(i).Type, strings.TrimPrefix(path+"."+key, "."))
			if options == "" {
				required = append(required, key)
			}
		}
		s["type"], s["additionalProperties"], s["properties"] = "object", false, properties
		if strings.HasSuffix(path, "[]") { // elements have no defaults
			s["required"] = required
		}
	case reflect.Slice:
		s["type"], s["items"] = "array", schemaOf(t.Elem(), path+"[]")
	case reflect.String:
		s["type"] = "string"
		if choices := choicesOf(reflect.Zero(t).Interface()); choices != nil {
			s["enum"] = choices
		}
	case reflect.Bool:
		s["type"] = "boolean"
	case reflect.Int64:
		s["type"] = "integer"
	}
	maps.Copy(s, schemaLimits[schemaKey(path)])
	if text := schemaTexts[schemaKey(path)]; text != "" {
		s["description"] = text
	}
	return s
}

// schemaKey is what limits and descriptions of a path are found by: those of the
// texts of all actions are alike.
func schemaKey(path string) string {
	if action, ok := strings.CutPrefix(path, "automation."); ok && strings.Contains(action, ".messages") {
		_, path, _ = strings.Cut(action, ".")
	}
	return path
}

// wordsSchema is what a text by language may be: a string, or an object.
func wordsSchema(path string) []any {
	text := map[string]any{"type": "string"}
	maps.Copy(text, schemaLimits[schemaKey(path)])
	return []any{text, map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{"es": text, "en": text, "pt": text},
	}}
}

const (
	colorPattern = "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$"
	openPattern  = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
	closePattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
)

// schemaLimits are the limits by path.
var schemaLimits = map[string]map[string]any{
	"messages":                       {"maxItems": MaxMessages},
	"messages[]":                     {"minLength": 1, "maxLength": MaxText},
	"general.important.keywords":     {"maxItems": MaxKeywords},
	"general.important.keywords[]":   {"minLength": 1, "maxLength": MaxKeyword},
	"general.notify.to":              {"maxItems": MaxAddresses},
	"general.notify.to[]":            {"maxLength": MaxEmail},
	"hours.weekly":                   {"maxItems": MaxWeekly},
	"hours.weekly[].open":            {"pattern": openPattern},
	"hours.weekly[].close":           {"pattern": closePattern},
	"hours.exceptions":               {"maxItems": MaxExceptions},
	"hours.exceptions[].date":        {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
	"hours.exceptions[].open":        {"pattern": openPattern},
	"hours.exceptions[].close":       {"pattern": closePattern},
	"chat.name":                      {"maxLength": MaxName},
	"chat.extraDomains":              {"maxItems": MaxDomains},
	"chat.contactForm.email.address": {"maxLength": MaxEmail},
	"chat.contactForm.mailbox.id":    {"maxLength": MaxMailbox},
	"chat.contactForm.title":         {"maxLength": MaxTitle},
	"chat.contactForm.description":   {"maxLength": MaxNote},
	"chat.contactForm.success":       {"maxLength": MaxNote},
	"chat.contactForm.error":         {"maxLength": MaxNote},
	"chat.primaryColor":              {"pattern": colorPattern},
	"chat.textColor":                 {"pattern": colorPattern},
	"chat.longButton.text":           {"maxLength": MaxButton},
	"chat.openOnLoad.delaySeconds":   {"minimum": 0, "maximum": MaxDelaySeconds},
	"chat.notification.count":        {"minimum": 1, "maximum": MaxCount},
	"chat.welcome.delaySeconds":      {"minimum": 0, "maximum": MaxDelaySeconds},
	"chat.welcome.repeatMinutes":     {"minimum": 0, "maximum": MaxRepeatMinutes},
	"chat.welcome.text":              {"maxLength": MaxText},
	"chat.welcome.author":            {"maxLength": MaxName},
	"chat.identificationMessage":     {"maxLength": MaxNote},
	"chat.headerMessage":             {"maxLength": MaxNote},
}

// schemaTexts are the descriptions by path.
var schemaTexts = map[string]string{
	"quality":                    "Service quality: how long a customer may wait for an answer.",
	"quality.sla":                "The longest wait that is not a delay; null: tickets are never delayed.",
	"quality.clock":              "What the wait is counted on: every instant, or business hours.",
	"automation":                 "The seven automatic actions.",
	"automation.autoClose":       "Closes tickets that the customer left unanswered.",
	"automation.autoClose.after": "The time since the agent's last word: one minute to 365 days.",
	"automation.newCustomer":     "Greets the first message ever of a customer.",
	"automation.noAgents":        "Answers when no agent is available.",
	"automation.outOfHours":      "Answers outside the business hours.",
	"automation.ticketCreated":   "Answers when a ticket is created.",
	"automation.manualClose":     "Sent when an agent closes a ticket.",
	"automation.automaticClose":  "Sent when a ticket closes by itself.",
	"automation.combine":         "Which of several replies to one message are sent: all, or no noAgents while outOfHours speaks.",
	"messages":                   "One to three texts, of which one is sent, at random.",
	"messages[]":                 "May hold {customer}, {agent}, {account}, {nextOpen}, each with a fallback: {customer|friend}.",
	"general":                    "General options.",
	"general.important":          "Marks tickets as important by the words of their customers.",
	"general.important.keywords": "Words, phrases, and prefixes such as recl*.",
	"general.notify":             "An e-mail for new tickets.",
	"general.createIgnored":      "New tickets are created ignored.",
	"general.reopenWindow":       "How long after a close a customer's message reopens the ticket; null: never.",
	"hours":                      "Business hours.",
	"hours.timezone":             "An IANA name such as America/Santiago.",
	"hours.weekly[]":             "An interval of a weekday; a close before the open is on the next day.",
	"hours.exceptions[]":         "Replaces the weekly intervals of a date.",
	"chat":                       "The chat and its widget.",
	"chat.name":                  "The account's name.",
	"chat.hidden":                "The widget draws nothing.",
	"chat.domain":                "Where the chat is installed: host and port.",
	"chat.extraDomains":          "Other hosts that may load the widget; *. stands for one label.",
	"chat.contactForm":           "Stands in place of the chat while no agent is available.",
	"chat.sound":                 "The agents' feed sounds on a customer's message.",
	"chat.primaryColor":          "#RGB or #RRGGBB.",
	"chat.textColor":             "#RGB or #RRGGBB.",
	"chat.writeAsCompany":        "Agents' names are not shown.",
	"chat.facebook":              "Login with Facebook; only: social logins only.",
	"chat.google":                "Login with Google; only: social logins only.",
	"chat.anonymous":             "Visitors may write without saying who they are.",
	"chat.emailAsIdentifier":     "An e-mail is required and finds its customer.",
	"chat.askRUT":                "A valid RUT is required.",
	"chat.askPhone":              "The telephone is asked for, and optional.",
	"chat.openOnLoad":            "Opens the chat by itself.",
	"chat.notification":          "How messages show while the chat is closed.",
	"chat.welcome":               "The welcome message, shown in the widget only.",
	"chat.identificationMessage": "Welcomes where one says who one is.",
	"chat.headerMessage":         "Stands above a conversation.",
	"chat.locale":                "The language of the widget; auto follows the visitor's.",
}
