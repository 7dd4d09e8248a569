// Package widget is what a visitor's browser reaches: the script that draws the
// chat on a page, and an HTTP handler with everything it asks for. [New] makes the
// handler of a [charla.Desk]; [Snippet] is what a page pastes. R6.2 and the like are rules of
// docs/SPEC.md.
//
//	chat, err := widget.New(desk, &widget.Options{BaseURL: "https://tienda.cl/chat/"})
//	...
//	mux.Handle("/chat/", chat)
//	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
//	server.RegisterOnShutdown(chat.Close)
//
// What goes over the wire is docs/widget-protocol.md; a page may use it without our
// script. There are no cookies: a session is a token that travels in a header.
//
// # Where it stands
//
// The handler serves below the path of [Options].BaseURL, or below any other with
// [http.StripPrefix]. It needs nothing but itself: the browser's part is embedded.
// With BaseURL it also has pages of its own: the widget alone (page/KEY), the contact
// form without script (contact/KEY), the page of a rating link ([RatingURL]), and the way back from social logins.
//
// Behind a proxy, name it in [Options].TrustedProxies, or all visitors count as
// one. The proxy must not hold streams back; X-Accel-Buffering says so to nginx.
// Middleware that replaces the [http.ResponseWriter] should have an Unwrap method;
// where streams do not get through, the client is told and asks by long polling,
// which works behind anything that waits for 25 seconds.
//
// A server needs ReadHeaderTimeout and IdleTimeout: without them a client that sends nothing
// holds its connection for ever. The handler itself times bodies ([Limits].BodyTime) and
// answers; for other handlers of the server there is ReadTimeout, which ends no stream, like
// WriteTimeout. A request whose body is late gets 408 and loses its connection. A refused one
// is read to its end, within the same time and up to 16 MiB more than the largest body that
// is allowed, so that proxies pass the refusal on. By HTTP/2 a browser's streams share one
// connection. Every server that shuts down gracefully needs [Handler.Close], or it waits for
// the streams.
//
// # Who may use it
//
// A page whose origin is exactly one of the account's domains (R6.8), and our own
// pages; an account without a domain refuses every page. That keeps other pages
// from using an account in their visitors' browsers. It is no protection against
// programs, which send what they like: against those there are the session's token,
// [Limits], and that nobody sees more than their own session does (R7.2).
//
// An error says a code and a sentence, never what went wrong inside; that goes to
// [Options].Logger, which is told no token and no text of a visitor. A page that may
// not use an account is answered as if there were none.
//
// # Several processes
//
// Any of them serves any request; a stream that breaks resumes at another. Give all
// of them the same [Options].Key if there are social logins. Each process counts
// rates and streams by itself, and a finished login can be used once in each.
//
// # What a message costs
//
// A text of a visitor costs one load, by which its session is checked and the rules decide,
// and one commit; one that rules answer also costs a read of what they answered. Which pages may use the account, and
// its welcome message, are asked for once in [Options].Remember for all requests of its
// sessions; so a page whose domain was taken away may go on for as long. All other
// requests see what was saved before them, and a deleted account answers none (R1.6).
//
// # What a stream costs
//
// An idle stream costs about one kilobyte of live memory over a bare handler of
// net/http, whose own buffers are most of the 28 that it costs in all; with
// [StreamOptions].Hijack, by HTTP/1, it costs 7. What a process needs for it, with what
// the allocator holds besides, is 35 and 13 (docs/performance.md). Nothing is queued for a reader: a stream reads from the store
// what its reader has not seen when there is news, and a reader that does not take
// an event within [StreamOptions].WriteTimeout is cut (R8.3).
package widget
