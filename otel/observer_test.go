package charlaotel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	charlaotel "github.com/charlahq/charla/otel"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// canary is in everything that people typed.
const canary = "canario"

var ana = charla.Person{ID: canary, Name: canary}

// bench is a desk whose metrics and spans are read by hand.
type bench struct {
	t       *testing.T
	ctx     context.Context
	clock   *clock.Mock
	reader  *metric.ManualReader
	meters  *metric.MeterProvider
	spans   *tracetest.SpanRecorder
	tracers *sdktrace.TracerProvider
	store   *slow
	desk    *charla.Desk
	account *charla.Account
}

func setup(t *testing.T, change func(*charla.Options)) *bench {
	t.Helper()
	b := &bench{
		t: t, ctx: t.Context(), clock: clock.NewMock(),
		reader: metric.NewManualReader(), spans: tracetest.NewSpanRecorder(),
	}
	b.clock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	b.meters = metric.NewMeterProvider(metric.WithReader(b.reader))
	b.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(b.spans))
	observer, err := charlaotel.Observer(b.meters, b.tracers)
	require.NoError(t, err)
	inner := storage.NewMemory()
	b.store = &slow{Store: inner, conversations: conversations{Conversations: inner.Conversations(), b: b}}
	o := &charla.Options{
		Clock: b.clock, Observer: observer, HeartbeatTTL: -1, Runner: charla.RunnerOptions{Workers: 1},
	}
	if change != nil {
		change(o)
	}
	b.desk, err = charla.New(b.store, o)
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Quality.SLA = &chatcfg.Duration{Value: 1, Unit: chatcfg.UnitMinutes}
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{canary + "@example.com"}}
	b.account, _, err = b.desk.CreateAccount(b.ctx, canary, canary+".example", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	return b
}

func (b *bench) enter() *charla.Visitor {
	b.t.Helper()
	v, _, err := b.account.Enter(b.ctx, charla.Entry{Name: canary, Email: canary + "@example.com"})
	require.NoError(b.t, err)
	return v
}

// slow is a store that takes a quarter of a second over a commit, keeps the span
// it was called in, and fails when told to.
type slow struct {
	storage.Store
	conversations conversations
}

func (s *slow) Conversations() storage.Conversations { return &s.conversations }

type conversations struct {
	storage.Conversations
	b    *bench
	span trace.SpanContext
	fail []error
}

func (c *conversations) Commit(ctx context.Context, batch *storage.Batch) error {
	c.span = trace.SpanContextFromContext(ctx)
	c.b.clock.Set(c.b.clock.Now().Add(250 * time.Millisecond))
	if len(c.fail) > 0 {
		err := c.fail[0]
		c.fail = c.fail[1:]
		return err
	}
	return c.Conversations.Commit(ctx, batch)
}

// metrics are the figures of one collection in words: name, unit, attributes, and
// the value or a histogram's count and sum.
func (b *bench) metrics() []string {
	b.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(b.t, b.reader.Collect(b.ctx, &all))
	b.clean(all)
	var out []string
	add := func(m metricdata.Metrics, set attribute.Set, value string) {
		out = append(out, fmt.Sprintf("%s[%s] %s: %s", m.Name, m.Unit, set.Encoded(attribute.DefaultEncoder()), value))
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			assert.NotEmpty(b.t, m.Description)
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m, p.Attributes, fmt.Sprintf("%d, %g", p.Count, p.Sum))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m, p.Attributes, fmt.Sprint(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(m, p.Attributes, fmt.Sprintf("%g", p.Value))
				}
			default:
				b.t.Fatalf("%s is a %T", m.Name, data)
			}
		}
	}
	return out
}

// clean checks that nothing that people typed, and no ID, is in what is exported.
func (b *bench) clean(exported any) {
	b.t.Helper()
	text, err := json.Marshal(exported)
	require.NoError(b.t, err)
	assert.NotContains(b.t, string(text), canary)
	assert.NotContains(b.t, string(text), b.account.ID().String())
}

// ended are the spans that ended, each with its parent's name, attributes and
// status.
func (b *bench) ended() []string {
	b.t.Helper()
	ended := b.spans.Ended()
	b.clean(tracetest.SpanStubsFromReadOnlySpans(ended))
	names := map[trace.SpanID]string{}
	for _, s := range ended {
		names[s.SpanContext().SpanID()] = s.Name()
	}
	var out []string
	for _, s := range ended {
		set := attribute.NewSet(s.Attributes()...)
		line := fmt.Sprintf("%s < %s %s", s.Name(), names[s.Parent().SpanID()], set.Encoded(attribute.DefaultEncoder()))
		if st := s.Status(); st.Code == codes.Error {
			line += " failed: " + st.Description
		}
		out = append(out, line)
	}
	assert.Len(b.t, ended, len(b.spans.Started()), "every span ends")
	return out
}

// mailer takes two seconds, and fails as it is told.
type mailer struct {
	b      *bench
	span   trace.SpanContext
	answer error
}

func (m *mailer) Send(ctx context.Context, _ charla.Mail) error {
	m.span = trace.SpanContextFromContext(ctx)
	m.b.clock.Set(m.b.clock.Now().Add(2 * time.Second))
	return m.answer
}

func TestObserver(t *testing.T) {
	t.Parallel()
	post := &mailer{}
	b := setup(t, func(o *charla.Options) { o.Mailer = post })
	post.b = b
	visitor := b.enter()
	lag, err := charlaotel.WatchLag(b.meters, b.desk)
	require.NoError(t, err)

	ctx, above := b.tracers.Tracer("host").Start(b.ctx, "request")
	b.store.conversations.fail = []error{fmt.Errorf("%s: %w", canary, storage.ErrConflict)}
	r, err := visitor.Write(ctx, canary, nil)
	require.NoError(t, err)
	within := b.store.conversations.span
	above.End()
	b.clock.Set(b.clock.Now().Add(90 * time.Second))
	assert.Subset(t, b.metrics(), []string{
		"charla.deadline.overdue[s] : 30.25", "charla.outbox.overdue[s] : 90.25",
	})
	post.answer = fmt.Errorf("%s: %w", canary, charla.ErrNotSent)
	_, err = b.desk.RunDue(b.ctx)
	require.NoError(t, err)
	post.answer = nil
	b.clock.Set(b.clock.Now().Add(time.Minute))
	_, err = b.desk.RunDue(b.ctx)
	require.NoError(t, err)
	_, err = b.account.Agent(ana).Do(b.ctx, r.Ref, tickets.Command{Kind: tickets.CommandOpen}, nil)
	require.ErrorIs(t, err, tickets.ErrTransition)
	b.store.conversations.fail = []error{errors.New("disk full of " + canary)}
	_, err = b.account.Agent(ana).Do(b.ctx, r.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.ErrorIs(t, err, charla.ErrOutcomeUnknown)

	spans := b.ended()
	assert.Equal(t, []string{
		"charla commit < charla write error.type=conflict failed: conflict",
		"charla commit < charla write ",
		"charla write < request charla.change.conflicts=1,charla.change.kind=write",
		"request <  ",
		"charla commit < charla tick ",
		"charla tick <  charla.change.conflicts=0,charla.change.kind=tick",
		"charla deliver mail <  charla.delivery.attempts=1,charla.delivery.kind=mail,charla.delivery.state=pending,error.type=not_sent failed: not_sent",
		"charla deliver mail <  charla.delivery.attempts=2,charla.delivery.kind=mail,charla.delivery.state=sent",
		"charla open <  charla.change.conflicts=0,charla.change.kind=open,error.type=transition failed: transition",
		"charla commit < charla close error.type=other failed: other",
		"charla close <  charla.change.conflicts=0,charla.change.kind=close,error.type=outcome_unknown failed: outcome_unknown",
	}, spans)
	all := b.spans.Ended()
	assert.Equal(t, all[1].SpanContext().SpanID(), within.SpanID(), "the store works within the commit's span")
	assert.Equal(t, all[7].SpanContext().SpanID(), post.span.SpanID(), "and the mailer within the delivery's")

	require.NoError(t, lag.Unregister())
	assert.ElementsMatch(t, []string{
		"charla.change.duration[s] charla.change.kind=write: 1, 0.5",
		"charla.change.duration[s] charla.change.kind=tick: 1, 0.25",
		"charla.change.duration[s] charla.change.kind=open,error.type=transition: 1, 0",
		"charla.change.duration[s] charla.change.kind=close,error.type=outcome_unknown: 1, 0.25",
		"charla.change.conflicts[{conflict}] charla.change.kind=write: 1",
		"charla.commit.duration[s] : 2, 0.5",
		"charla.commit.duration[s] error.type=conflict: 1, 0.25",
		"charla.commit.duration[s] error.type=other: 1, 0.25",
		"charla.deadline.lag[s] charla.deadline.kind=delay: 1, 30.5",
		"charla.outbox.deliveries[{attempt}] charla.delivery.kind=mail,charla.delivery.state=pending,error.type=not_sent: 1",
		"charla.outbox.deliveries[{attempt}] charla.delivery.kind=mail,charla.delivery.state=sent: 1",
		"charla.outbox.delivery.duration[s] charla.delivery.kind=mail,charla.delivery.state=pending,error.type=not_sent: 1, 2",
		"charla.outbox.delivery.duration[s] charla.delivery.kind=mail,charla.delivery.state=sent: 1, 2",
		"charla.outbox.lag[s] charla.delivery.kind=mail: 2, " + b.waited(90.5),
		"charla.security.events[{event}] charla.security.kind=account_created: 1",
	}, b.metrics())
	_, err = b.account.RotateSecret(b.ctx, 0)
	require.NoError(t, err)
	assert.Contains(t, b.metrics(), "charla.security.events[{event}] charla.security.kind=secret_rotated,charla.security.reason=at_once: 1")
}

// waited is the sum of what two deliveries waited: the first what is given, the
// second what is left of a minute after its backoff, which has chance in it.
func (b *bench) waited(first float64) string {
	b.t.Helper()
	page, err := b.desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: b.account.ID(), State: charla.DeliverySent})
	require.NoError(b.t, err)
	require.Len(b.t, page.Items, 1)
	one := page.Items[0]
	return fmt.Sprintf("%g", first+one.SettledAt.Add(-2*time.Second).Sub(one.NotBefore).Seconds())
}

// Streams are counted while they are open, by whom they are for; hints and what
// Run goes on after are counted, too.
func TestObserverRun(t *testing.T) {
	t.Parallel()
	wire := make(ear)
	b := setup(t, func(o *charla.Options) { o.Clock, o.Broker = nil, wire })
	visitor := b.enter()
	r, err := visitor.Write(b.ctx, canary, nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(b.ctx)
	var ran sync.WaitGroup
	ran.Go(func() { _ = b.desk.Run(ctx) })
	wire <- []byte(canary)
	wire <- make([]byte, 25)
	next := make(chan struct{})
	ran.Go(func() {
		for u, err := range visitor.Live(ctx, 0, 0) {
			if err == nil && u.Message == nil {
				next <- struct{}{}
			}
		}
	})
	<-next
	for u, err := range b.account.Inbox().Follow(ctx, r.Ref, 0, 0) {
		require.NoError(t, err)
		if u.Message == nil {
			break
		}
	}
	streams := func(n int) []string {
		return []string{
			fmt.Sprint("charla.streams[{stream}] charla.stream.reader=customer: ", n),
			"charla.streams[{stream}] charla.stream.reader=agent: 0",
		}
	}
	assert.Subset(t, b.metrics(), streams(1))
	require.NoError(t, b.store.Close())
	wire <- nil // that is, fail
	wire <- make([]byte, 25)
	stop()
	ran.Wait()
	told := b.metrics()
	assert.Subset(t, told, append(streams(0),
		"charla.hints[{hint}] charla.hint.kind=sent: 2",
		"charla.hints[{hint}] charla.hint.kind=heard: 2",
		"charla.hints[{hint}] charla.hint.kind=ignored: 1",
		"charla.run.errors[{error}] charla.run.part=broker,error.type=other: 1",
	))
}

// ear is a broker that hears what the test says; nil: it fails.
type ear chan []byte

func (ear) Publish([]byte) {}

func (e ear) Listen(ctx context.Context, receive func([]byte)) error {
	for {
		select {
		case hint := <-e:
			if hint == nil {
				return errors.New(canary)
			}
			receive(hint)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Without a provider there are no metrics, or no traces, and the caller's own span
// goes on.
func TestObserverWithoutProviders(t *testing.T) {
	t.Parallel()
	observer, err := charlaotel.Observer(nil, nil)
	require.NoError(t, err)
	b := setup(t, func(o *charla.Options) { o.Observer = observer })
	_, err = charlaotel.WatchLag(nil, b.desk)
	require.NoError(t, err)
	_, err = charlaotel.WatchLag(nil, nil)
	require.ErrorContains(t, err, "no desk")
	ctx, above := b.tracers.Tracer("host").Start(b.ctx, "request")
	_, err = b.enter().Write(ctx, canary, nil)
	require.NoError(t, err)
	assert.True(t, above.IsRecording(), "not ended by anybody else")
	above.End()
	assert.Empty(t, b.metrics())
	assert.Equal(t, []string{"request <  "}, b.ended())
}
