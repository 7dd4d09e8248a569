package console

import (
	_ "embed"
)

// openAPI is the API's OpenAPI document, which TestOpenAPI writes with -update.
//
//go:embed openapi.json
var openAPI []byte

var apiDocument = &operation{
	id: "document", summary: "Reads this document.", media: "application/json", answer: typeOf[string](),
	do: func(v *visit) error {
		if err := v.readQuery(&nothing{}); err != nil {
			return err
		}
		v.w.Header().Set("Content-Type", "application/json")
		_, _ = v.w.Write(openAPI)
		return nil
	},
}

// apiWords say in the document what holds for all of the API.
const apiWords = "Lists, conversations, commands and one stream for the agents of a desk. The login is the host's own, by its " +
	"cookies or headers: without one the answer is 401, never a redirect, and an account that the person does not see answers as one that does not exist. " +
	"Queries and bodies are strict: what is unknown, there twice or of the wrong kind is refused with 400 and named. " +
	"What is understood and cannot be is refused with 422, what the ticket's state does not allow with 409; 503 did nothing: try again; " +
	"after 500 repeat the call with the same Idempotency-Key to learn whether it happened. " +
	"Problems have a text in the language of Accept-Language: Spanish, English or Portuguese. Times are RFC 3339 in UTC, spans of time are " +
	"seconds with an s, sizes are bytes, sequences and numbers count from 1. A list's next, as its cursor, continues it. What is absent is empty, zero or false. " +
	"A browser's page of another origin is refused."
