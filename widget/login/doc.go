// Package login lets visitors of the widget log in with Google and Facebook:
//
//	google, err := login.NewGoogle(os.Getenv("GOOGLE_ID"), os.Getenv("GOOGLE_SECRET"), nil)
//	if err != nil {
//		return err
//	}
//	handler, err := widget.New(desk, &widget.Options{
//		BaseURL: "https://tienda.cl/chat/",
//		Logins:  []widget.Login{google},
//	})
//
// An account's visitors see the button of a provider that its configuration has on,
// too (chat.google.enabled, chat.facebook.enabled; both are off at first). One that is on
// there and missing in Logins has no button; with "only" nobody can begin then.
//
// With the provider one registers the address that visitors come back to, which is
// the widget's base URL and "login/google" or "login/facebook":
// https://tienda.cl/chat/login/google.
//
// # Who somebody is
//
// A person is known by the provider and its lasting name for them, never by an e-mail
// (R7.1). The e-mail is passed on only if the provider says that it has verified it.
// Google does; Facebook does not say, so its e-mails are not even asked for.
//
// # How
//
// Google is asked by OpenID Connect: code flow, state, nonce, PKCE. Facebook by OAuth 2:
// code flow, state, PKCE, and each call signed with the app's secret (appsecret_proof). The
// state comes from the widget, which seals it for the page that asked. Nonce and PKCE
// verifier are derived from it under the client's secret, so that nothing is kept
// between the two halves of a login, which may happen in different processes.
package login
