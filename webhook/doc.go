// Package webhook tells a web address what happens to tickets, in the form of
// Standard Webhooks (https://www.standardwebhooks.com):
//
//	hook, err := webhook.New(webhook.To("https://tienda.cl/hooks/chat", secret), nil)
//	if err != nil {
//		return err
//	}
//	desk, err := charla.New(store, &charla.Options{Hooks: map[string]charla.Hook{"webhook": hook.Send}})
//
// Each event is a POST of a [Payload] as JSON, with the headers "webhook-id" (the
// event's key, the same at every attempt), "webhook-timestamp" (seconds since 1970) and
// "webhook-signature". [Verify] is how the receiver checks them; libraries for Standard
// Webhooks do the same in other languages. The body says what happened, not what was
// written:
//
//	{
//	  "type": "ticket.answered",
//	  "timestamp": "2026-03-02T12:00:41.5Z",
//	  "data": {
//	    "ref": {"account": "0195…", "conversation": "0195…", "number": 1},
//	    "entry": 2,
//	    "at": "2026-03-02T12:00:41.5Z",
//	    "actor": {"kind": "agent", "agent": "ana", "name": "Ana"},
//	    "fact": {"kind": "answered", "waited": "41.5s"}
//	  }
//	}
//
// The kinds are those of [tickets.FactKind]; "waited" is in seconds, as text.
//
// # Attempts
//
// Events come at least once and in no order (R8.2). A 2xx is success. A 408, 425, 429,
// a redirect, any 5xx, and no answer in time have the desk's outbox try again, with its
// own backoff. Any other 4xx, a 410 among them, and an address that may not be
// called leave the event dead: [charla.Desk.Deliveries] lists it,
// [charla.Desk.Replay] sends it again.
//
// # What may be called
//
// An account's administrator may type the address, and its name may resolve to anything. So
// the address that is about to be dialled is what counts: only those that are
// public, unless [Options] allow more. Redirects are not followed, proxies of the
// environment not used, and only https is spoken.
package webhook
