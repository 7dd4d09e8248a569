package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/storage"
)

// A host with a login of its own mounts the console.
func Example() {
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		panic(err)
	}
	who := func(r *http.Request) (console.Person, error) { // as the host's other pages know it
		name, password, ok := r.BasicAuth()
		if !ok || name != "ana" || password != "secret" {
			return console.Person{}, console.ErrNobody
		}
		return console.Person{ID: "ana", Name: "Ana", Role: console.RoleAdministrator, AllAccounts: true}, nil
	}

	pages, err := console.New(desk, who, nil)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/agents/", http.StripPrefix("/agents", pages))

	server := httptest.NewServer(mux)
	defer server.Close()
	defer pages.Close()
	for _, password := range []string{"guess", "secret"} {
		request, err := http.NewRequest(http.MethodGet, server.URL+"/agents/channels", nil)
		if err != nil {
			panic(err)
		}
		request.SetBasicAuth("ana", password)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		fmt.Println(answer.Status)
	}
	// Output:
	// 401 Unauthorized
	// 200 OK
}
