// Package console is the agents' and administrators' pages of a desk, as a handler that a
// host mounts under any prefix, with its own login:
//
//	c, err := console.New(desk, who, &console.Options{Login: "/login"})
//	...
//	http.Handle("/agents/", http.StripPrefix("/agents", c))
//
// who says who makes a request ([Person]), with which [Role] and for which accounts. The
// console has no login, password or session: who is asked at every request, and again while a
// stream lasts. What a role or an account does not allow is checked in one place, on the
// server; an account that somebody does not see answers as one that does not exist.
//
// What is chosen in a browser, its language, look and presence, is in cookies of the
// console's own path, which grant nothing. Links are relative: no page needs to know where the
// console is mounted, and a proxy may take off a part of the path. The proxy has to hand
// on the Host header: a form of another origin is refused.
//
// Pages are rendered on the server and work without script; what is typed stays in the
// browser until it has been sent or its person logs out, also if the login ends meanwhile. They
// say for whom they were rendered, and nothing that they send is done in another one's name. They
// load nothing from elsewhere, and run under a policy without inline code. They are in Spanish,
// English and Portuguese, and take times and time zones as people type them.
//
// # The agents' API
//
// Below api/, with the same login, roles and check, is an API for front ends of the host's own:
// lists, counts, conversations, commands that can be repeated with a key (Idempotency-Key), and
// api/events, one stream of server-sent events for all of a person's accounts. Its JSON is that
// of the types of packages charla and tickets. api/openapi.json describes it in OpenAPI 3.1.
// Who is not logged in gets status 401 there, never a redirect, and every refusal is a problem
// (RFC 9457) with a code. The program examples/console has a front end of a page.
package console
