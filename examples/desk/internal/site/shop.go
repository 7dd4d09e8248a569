package site

import (
	"errors"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// shopPage is the shop with an account's chat on it.
type shopPage struct {
	Loader, Key string
	// Account and Name are whose chat it is; Refused says that it does not admit this page.
	Account  chatcfg.AccountID
	Name     string
	Refused  bool
	Products []product
}

type product struct {
	Name, Text, Price, Art string
}

var products = []product{
	{"Taza Puyehue", "Gres esmaltado a mano, 300 ml", "$ 14.900", "cup"},
	{"Café Volcán", "Tueste medio, notas de cacao, 250 g", "$ 9.900", "coffee"},
	{"Cafetera Río", "Vidrio y madera, seis tazas", "$ 32.900", "pot"},
	{"Té del Bosque", "Hojas de maqui y menta, 80 g", "$ 7.500", "tea"},
	{"Plato Llanquihue", "Cerámica de mesa, 24 cm", "$ 12.900", "plate"},
	{"Miel de Ulmo", "Frasco de medio kilo", "$ 8.900", "honey"},
}

// shop shows a page of a shop, to anybody, with the chat of the account whose public
// key the address has, else of the first account.
func (v *visit) shop() error {
	p := shopPage{Products: products, Loader: v.origin + "/chat/loader.js"}
	var a charla.AccountInfo
	if key := v.r.URL.Query().Get("chat"); key != "" {
		found, err := v.desk.AccountByKey(v.r.Context(), key)
		if err == nil {
			a, err = found.Info(v.r.Context())
		}
		if err != nil && !errors.Is(err, charla.ErrNotFound) {
			return err
		}
	} else if list, err := v.desk.Accounts(v.r.Context(), charla.AccountQuery{Hidden: true}); err != nil {
		return err
	} else if len(list.Items) > 0 {
		a = list.Items[0]
	}
	if !a.ID.IsZero() {
		cfg, _, err := v.desk.Account(a.ID).Config(v.r.Context())
		if err != nil {
			return err
		}
		p.Key, p.Refused, p.Account, p.Name = a.Key, !cfg.Chat.Allows(v.origin), a.ID, a.Name
	}
	v.w.Header().Set("Content-Security-Policy", shopPolicy)
	v.w.Header().Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // social logins answer their opener
	return v.render("shop", "Almacén Sur", p)
}

// shopPolicy is what a shop with the widget on it needs: no inline code either.
const shopPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"media-src 'self' data: blob:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
