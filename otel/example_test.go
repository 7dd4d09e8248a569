package charlaotel_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/charlahq/charla"
	charlaotel "github.com/charlahq/charla/otel"
	"github.com/charlahq/charla/storage"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func Example() {
	ctx := context.Background()
	reader := metric.NewManualReader() // or an exporter's
	meters := metric.NewMeterProvider(metric.WithReader(reader))
	tracers := sdktrace.NewTracerProvider()

	observer, err := charlaotel.Observer(meters, tracers)
	check(err)
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Observer: observer})
	check(err)
	lag, err := charlaotel.WatchLag(meters, desk)
	check(err)
	defer func() { check(lag.Unregister()) }()

	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	check(err)
	visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	check(err)
	_, err = visitor.Write(ctx, "Where is my order?", nil)
	check(err)

	var all metricdata.ResourceMetrics
	check(reader.Collect(ctx, &all))
	var names []string
	for _, m := range all.ScopeMetrics[0].Metrics {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Println(name)
	}
	// Output:
	// charla.change.duration
	// charla.commit.duration
	// charla.deadline.overdue
	// charla.outbox.overdue
	// charla.security.events
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
