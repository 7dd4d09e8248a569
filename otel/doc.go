// Package charlaotel makes OpenTelemetry metrics and traces of what a desk of
// charla does.
//
//	observer, err := charlaotel.Observer(meters, tracers)
//	...
//	desk, err := charla.New(store, &charla.Options{Observer: observer})
//	...
//	lag, err := charlaotel.WatchLag(meters, desk)
//	...
//	defer lag.Unregister()
//
// # Metrics
//
//   - charla.change.duration (s): changes of conversations, by charla.change.kind
//     ("write", "reply", …; "tick" is what was due) and error.type. It includes the
//     wait for earlier changes of the conversation.
//   - charla.change.conflicts: how often changes were decided again, by
//     charla.change.kind.
//   - charla.commit.duration (s): the store's commits, by error.type.
//   - charla.deadline.lag (s): how late deadlines were carried out, by
//     charla.deadline.kind ("delay", "expire").
//   - charla.outbox.deliveries: attempts of deliveries, by charla.delivery.kind
//     ("mail", "event"), charla.delivery.state (its outcome: "sent", "pending",
//     "dead", "unknown") and error.type.
//   - charla.outbox.delivery.duration (s): the mailer's or hook's part of the
//     attempts that were begun, by the same.
//   - charla.outbox.lag (s): how long deliveries waited beyond the time at which
//     they might have begun, by charla.delivery.kind.
//   - charla.streams: open streams, by charla.stream.reader ("customer", "agent").
//   - charla.hints: hints to and from the broker, by charla.hint.kind ("sent",
//     "heard", "ignored").
//   - charla.run.errors: failures that Desk.Run goes on after, by charla.run.part
//     ("deadlines", "outbox", "broker", "files") and error.type.
//   - charla.security.events: security events, by charla.security.kind and, where there
//     is one, charla.security.reason (docs/security.md).
//   - charla.deadline.overdue and charla.outbox.overdue (s), of [WatchLag]: how late
//     the earliest deadline and delivery are that nobody has claimed.
//
// error.type is absent where there was no error; its values are those of
// charla.ErrorClass. Alarms are best set on charla.deadline.overdue and
// charla.outbox.overdue, on charla.outbox.deliveries that are "dead" or "unknown",
// and on charla.run.errors.
//
// # Traces
//
// A change is a span "charla write" (or "charla reply", …) below the caller's, with
// the spans of its commits, "charla commit", below it. A delivery is a span
// "charla deliver mail" of its own trace. The store, the mailer and the hook of
// events get the span in their context.
//
// Nothing that is exported holds an ID, a name, an address, or any text of an
// account, a customer or an agent.
package charlaotel
