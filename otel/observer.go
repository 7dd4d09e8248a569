package charlaotel

import (
	"context"
	"errors"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
)

// scope is the instrumentation scope of everything here.
const scope = "github.com/charlahq/charla/otel"

// Observer makes an observer for charla.Options out of a provider of meters and one of
// tracers; nil: no metrics, or no traces. One observer may serve several desks. It
// fails if the meters refuse an instrument.
func Observer(meters metric.MeterProvider, tracers trace.TracerProvider) (*charla.Observer, error) {
	if tracers == nil {
		tracers = nooptrace.NewTracerProvider()
	}
	in, err := newInstruments(meter(meters))
	if err != nil {
		return nil, err
	}
	o := &observer{instruments: in, tracer: tracers.Tracer(scope)}
	return &charla.Observer{
		Begin:     o.begin,
		Changed:   o.changed,
		Committed: o.committed,
		Fired:     o.fired,
		Delivered: o.delivered,
		Stream:    o.stream,
		Hint:      o.hint,
		Failed:    o.failed,
		Security:  o.security,
	}, nil
}

// WatchLag measures a desk's charla.Desk.Lag whenever metrics are collected, until the
// registration that it returns is unregistered. Of several desks on a store one is
// enough. In several processes all of them measure the same, so that one that ends
// leaves no gap: alarm on the highest. It fails without a desk, or if the meters refuse
// an instrument.
func WatchLag(meters metric.MeterProvider, desk *charla.Desk) (metric.Registration, error) {
	if desk == nil {
		return nil, errors.New("charlaotel: no desk")
	}
	m := meter(meters)
	deadlines, err1 := m.Float64ObservableGauge("charla.deadline.overdue", metric.WithUnit("s"),
		metric.WithDescription("How late the earliest deadline is that no desk has claimed."))
	outbox, err2 := m.Float64ObservableGauge("charla.outbox.overdue", metric.WithUnit("s"),
		metric.WithDescription("How late the earliest delivery is that no desk has claimed."))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		lag, err := desk.Lag(ctx)
		if err != nil {
			return err
		}
		o.ObserveFloat64(deadlines, lag.Deadlines.Seconds())
		o.ObserveFloat64(outbox, lag.Outbox.Seconds())
		return nil
	}, deadlines, outbox)
}

// meter returns this package's meter of a provider; nil: one that records nothing.
func meter(p metric.MeterProvider) metric.Meter {
	if p == nil {
		p = noopmetric.NewMeterProvider()
	}
	return p.Meter(scope)
}

type instruments struct {
	changes, commits, deadlines metric.Float64Histogram
	tries, outboxLag            metric.Float64Histogram
	conflicts, deliveries       metric.Int64Counter
	hints, failures, events     metric.Int64Counter
	streams                     metric.Int64UpDownCounter
}

// Bounds of histograms, in seconds: of what a store or a server takes, and of what
// waits for its turn.
var (
	quick = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	slow  = []float64{.01, .1, .5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600}
)

// newInstruments makes all instruments. It fails if the meter refuses one.
func newInstruments(m metric.Meter) (instruments, error) {
	var all []error
	seconds := func(name, description string, bounds []float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
			metric.WithExplicitBucketBoundaries(bounds...))
		all = append(all, err)
		return h
	}
	counter := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		all = append(all, err)
		return c
	}
	in := instruments{
		changes:    seconds("charla.change.duration", "Duration of changes of conversations.", quick),
		commits:    seconds("charla.commit.duration", "Duration of the store's commits of conversations.", quick),
		deadlines:  seconds("charla.deadline.lag", "How late deadlines were carried out.", slow),
		tries:      seconds("charla.outbox.delivery.duration", "Duration of attempts of deliveries.", quick),
		outboxLag:  seconds("charla.outbox.lag", "How long deliveries waited beyond the time at which they might have begun.", slow),
		conflicts:  counter("charla.change.conflicts", "{conflict}", "How often changes of conversations were decided again."),
		deliveries: counter("charla.outbox.deliveries", "{attempt}", "Attempts of deliveries."),
		hints:      counter("charla.hints", "{hint}", "Hints to and from the broker."),
		failures:   counter("charla.run.errors", "{error}", "Failures that Desk.Run goes on after."),
		events:     counter("charla.security.events", "{event}", "Security events."),
	}
	var err error
	in.streams, err = m.Int64UpDownCounter("charla.streams", metric.WithUnit("{stream}"), metric.WithDescription("Open streams."))
	return in, errors.Join(append(all, err)...)
}

type observer struct {
	instruments
	tracer trace.Tracer
}

// begin starts the span of an operation and returns the context that holds it.
func (o *observer) begin(ctx context.Context, op charla.Operation) context.Context {
	name := "charla " + op.Kind
	switch op.Name {
	case charla.OpCommit:
		name = "charla commit"
	case charla.OpDelivery:
		name = "charla deliver " + op.Kind
	}
	ctx, _ = o.tracer.Start(ctx, name)
	return ctx
}

// end ends the span that begin put into ctx, with attributes, and the error's class if
// there is an error.
func (o *observer) end(ctx context.Context, err error, attributes ...attribute.KeyValue) {
	span := trace.SpanFromContext(ctx)
	if err != nil {
		span.SetStatus(codes.Error, charla.ErrorClass(err))
	}
	span.SetAttributes(attributes...)
	span.End()
}

// withError returns the attributes, and the error's class if there is one.
func withError(err error, attributes ...attribute.KeyValue) []attribute.KeyValue {
	if err != nil {
		attributes = append(attributes, attribute.String("error.type", charla.ErrorClass(err)))
	}
	return attributes
}

// set returns the attributes as an option of measurements.
func set(attributes []attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attributes...))
}

// changed records a change, its duration and its conflicts, and ends its span.
func (o *observer) changed(ctx context.Context, c charla.ObservedChange) {
	kind := attribute.String("charla.change.kind", string(c.Kind))
	attributes := withError(c.Err, kind)
	o.changes.Record(ctx, c.Duration.Seconds(), set(attributes))
	if c.Conflicts > 0 {
		o.conflicts.Add(ctx, int64(c.Conflicts), set([]attribute.KeyValue{kind}))
	}
	o.end(ctx, c.Err, append(attributes, attribute.Int("charla.change.conflicts", c.Conflicts))...)
}

// committed records a commit and its duration, and ends its span.
func (o *observer) committed(ctx context.Context, c charla.ObservedCommit) {
	attributes := withError(c.Err)
	o.commits.Record(ctx, c.Duration.Seconds(), set(attributes))
	o.end(ctx, c.Err, attributes...)
}

// fired records how late a deadline was carried out.
func (o *observer) fired(ctx context.Context, l charla.ObservedDeadline) {
	o.deadlines.Record(ctx, l.Late.Seconds(), set([]attribute.KeyValue{attribute.String("charla.deadline.kind", string(l.Kind))}))
}

// delivered records an attempt of a delivery, its lateness and its duration if
// something was sent, and ends its span.
func (o *observer) delivered(ctx context.Context, d charla.ObservedDelivery) {
	kind := attribute.String("charla.delivery.kind", d.Kind)
	attributes := withError(d.Err, kind, attribute.String("charla.delivery.state", string(d.State)))
	all := set(attributes)
	o.deliveries.Add(ctx, 1, all)
	o.outboxLag.Record(ctx, d.Late.Seconds(), set([]attribute.KeyValue{kind}))
	if d.Duration > 0 { // it was begun
		o.tries.Record(ctx, d.Duration.Seconds(), all)
	}
	o.end(ctx, d.Err, append(attributes, attribute.Int("charla.delivery.attempts", d.Attempts))...)
}

// stream counts open streams up or down: change is 1 or -1.
func (o *observer) stream(ctx context.Context, reader tickets.Side, change int) {
	o.streams.Add(ctx, int64(change), set([]attribute.KeyValue{attribute.String("charla.stream.reader", string(reader))}))
}

// hint counts a hint.
func (o *observer) hint(h charla.HintKind) {
	o.hints.Add(context.Background(), 1, set([]attribute.KeyValue{attribute.String("charla.hint.kind", string(h))}))
}

// failed counts a failure that Run goes on after, by its part and class.
func (o *observer) failed(ctx context.Context, part charla.RunPart, err error) {
	o.failures.Add(ctx, 1, set(withError(err, attribute.String("charla.run.part", string(part)))))
}

// security counts a security event.
func (o *observer) security(ctx context.Context, e charla.SecurityEvent) {
	attributes := []attribute.KeyValue{attribute.String("charla.security.kind", string(e.Kind))}
	if e.Reason != "" {
		attributes = append(attributes, attribute.String("charla.security.reason", e.Reason))
	}
	o.events.Add(ctx, 1, set(attributes))
}
