package login_test

import (
	"fmt"
	"log"
	"net/http"
	"net/url"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/charlahq/charla/widget/login"
)

// The widget offers the logins that it is given, to accounts that have them on.
func Example() {
	google, err := login.NewGoogle("client-id", "client-secret", nil)
	check(err)
	facebook, err := login.NewFacebook("app-id", "app-secret", nil)
	check(err)
	desk, err := charla.New(storage.NewMemory(), nil)
	check(err)
	handler, err := widget.New(desk, &widget.Options{
		BaseURL: "https://tienda.cl/chat/",
		Logins:  []widget.Login{google, facebook},
	})
	check(err)
	defer handler.Close()
	http.Handle("/chat/", handler)

	// Where the widget sends a visitor.
	page, err := google.Begin("sealed-state", "https://tienda.cl/chat/login/google")
	check(err)
	u, err := url.Parse(page)
	check(err)
	fmt.Println(u.Host, u.Query().Get("scope"), u.Query().Get("redirect_uri"))
	// Output:
	// accounts.google.com openid profile email https://tienda.cl/chat/login/google
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
