package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/webhook"
)

// A desk tells a server of what happens to tickets; the server checks who says so.
func Example() {
	secret, err := webhook.NewSecret(nil)
	check(err)
	// The receiver.
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || webhook.Verify(r.Header, body, time.Now(), secret) != nil {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		var p webhook.Payload
		if err := json.Unmarshal(body, &p); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if p.Type == "ticket.created" {
			fmt.Println("ticket", p.Data.Ref.Number, "was created")
		}
	}))
	defer server.Close()

	hook, err := webhook.New(webhook.To(server.URL, secret), &webhook.Options{
		AllowHosts: []string{"127.0.0.1"}, // else only public addresses are called
		TLS:        server.Client().Transport.(*http.Transport).TLSClientConfig,
	})
	check(err)
	defer hook.Close()
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Hooks: map[string]charla.Hook{"webhook": hook.Send}})
	check(err)

	ctx := context.Background()
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	check(err)
	visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla"})
	check(err)
	_, err = visitor.Write(ctx, "Where is my order?", nil)
	check(err)
	_, err = desk.RunDue(ctx) // Desk.Run does it by itself
	check(err)
	// Output:
	// ticket 1 was created
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
