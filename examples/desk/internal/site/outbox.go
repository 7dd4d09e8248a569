package site

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// contactsPage are the contact forms that visitors sent.
type contactsPage struct {
	Items []tickets.Submission
	More  string
	Off   bool
}

// contacts shows the contact forms.
func (v *visit) contacts() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	zone, err := v.zone(a)
	if err != nil {
		return err
	}
	cfg, _, err := v.desk.Account(a.ID).Config(v.r.Context())
	if err != nil {
		return err
	}
	list, err := v.desk.Account(a.ID).Inbox().Contacts(v.r.Context(), charla.PageQuery{Cursor: v.r.URL.Query().Get("cursor"), Limit: 50})
	if err != nil {
		return err
	}
	p := contactsPage{Items: list.Items, Off: !cfg.Chat.ContactForm.Enabled}
	if list.Next != "" {
		p.More = "/desk/a/" + a.ID.String() + "/contacts?cursor=" + url.QueryEscape(list.Next)
	}
	return v.render("contacts", page{Title: v.t("Formularios"), Nav: "contacts", Account: a, Zone: zone, Data: p})
}

// outboxPage is what leaves the system, by state.
type outboxPage struct {
	States []stateView
	Items  []deliveryView
	More   string
}

type stateView struct {
	State, Label, Text, Count string
	Active                    bool
}

type deliveryView struct {
	charla.Delivery
	To, Subject string
	Again       bool
}

var deliveryStates = []struct {
	state       charla.DeliveryState
	label, text string
}{
	{charla.DeliveryDead, "Muertos", "El servidor los rechazó, o no los tomó en ningún intento."},
	{charla.DeliveryUnknown, "Desconocidos", "Nadie sabe si llegaron: reenviarlos puede duplicarlos. Decides tú."},
	{charla.DeliveryPending, "Pendientes", "Esperan su turno o su próximo intento."},
	{charla.DeliverySending, "En camino", "Se están enviando ahora."},
	{charla.DeliverySent, "Enviados", "El servidor los tomó."},
}

// outbox shows the deliveries in a state, and how many there are in the others.
func (v *visit) outbox() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	zone, err := v.zone(a)
	if err != nil {
		return err
	}
	form := v.r.URL.Query()
	chosen := charla.DeliveryState(form.Get("state"))
	if chosen == "" {
		chosen = charla.DeliveryDead
	}
	var p outboxPage
	for _, one := range deliveryStates {
		view := stateView{State: string(one.state), Label: v.t(one.label), Text: v.t(one.text), Active: one.state == chosen}
		if one.state != charla.DeliverySent {
			few, err := v.deliveries(a, one.state, charla.PageQuery{Limit: 100})
			if err != nil {
				return err
			}
			view.Count = count(len(few.Items), 100)
		}
		p.States = append(p.States, view)
	}
	list, err := v.deliveries(a, chosen, charla.PageQuery{Cursor: form.Get("cursor"), Limit: 50})
	if err != nil {
		return err
	}
	for _, d := range list.Items {
		view := deliveryView{Delivery: d, Again: d.State == charla.DeliveryDead || d.State == charla.DeliveryUnknown}
		var m charla.Mail
		if json.Unmarshal(d.Body, &m) == nil {
			view.To, view.Subject = m.To, m.Subject
			if m.Mailbox != "" {
				view.To = m.Mailbox
			}
		}
		p.Items = append(p.Items, view)
	}
	if list.Next != "" {
		p.More = "/desk/a/" + a.ID.String() + "/outbox?" + url.Values{"state": {string(chosen)}, "cursor": {list.Next}}.Encode()
	}
	return v.render("outbox", page{Title: v.t("Salida"), Nav: "outbox", Account: a, Zone: zone, Data: p})
}

// deliveries lists an account's deliveries in a state.
func (v *visit) deliveries(a charla.AccountInfo, state charla.DeliveryState, q charla.PageQuery) (charla.Page[charla.Delivery], error) {
	return v.desk.Deliveries(v.r.Context(), charla.DeliveryQuery{Account: a.ID, State: state, PageQuery: q})
}

// replay sends a dead or unknown delivery again (R8.2). One that is neither any more is
// no error.
func (v *visit) replay() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	err = v.desk.Replay(v.r.Context(), a.ID, v.r.PostFormValue("key"))
	switch {
	case errors.Is(err, charla.ErrNotDead), errors.Is(err, charla.ErrNotFound):
		v.say("warn", v.t("Ya no es necesario."))
	case err != nil:
		return err
	default:
		v.say("good", v.t("Se enviará de nuevo."))
	}
	return v.back("/desk/a/" + a.ID.String() + "/outbox")
}

// mailPage are the mails that the pretended server took.
type mailPage struct {
	Items []sentMail
	Plays []choiceView
}

var playNames = map[string]string{
	mailTakes: "Recibe todo", mailDown: "No responde: se intenta de nuevo",
	mailRefuses: "Rechaza todo: quedan muertos", mailSilent: "Calla tras recibir: quedan desconocidos",
}

// mail shows the mails that the pretended server has taken.
func (v *visit) mail() error {
	list, plays := v.o.Mailbox.list()
	p := mailPage{Items: list}
	for _, one := range mailPlays {
		p.Plays = append(p.Plays, choiceView{one, v.t(playNames[one]), one == plays})
	}
	return v.render("mail", page{Title: v.t("Correos"), Nav: "mail", Data: p})
}

// setMail sets how the pretended mail server behaves.
func (v *visit) setMail() error {
	what := v.r.PostFormValue("play")
	if !slices.Contains(mailPlays, what) {
		return statusError(http.StatusBadRequest)
	}
	v.o.Mailbox.play(what)
	v.say("good", v.t("El servidor de correo ahora hace eso."))
	return v.redirect("/desk/mail")
}

// count returns a number for a badge: empty for zero, "99+" if most are there.
func count(n, most int) string {
	switch {
	case n == 0:
		return ""
	case n >= most:
		return itoa(most-1) + "+"
	}
	return itoa(n)
}

// shopPage is the shop with an account's chat on it.
type shopPage struct {
	Loader, Key string
	Refused     bool
	Products    []product
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
	} else if list, err := v.accounts(); err != nil {
		return err
	} else if len(list) > 0 {
		a = list[0]
	}
	if !a.ID.IsZero() {
		cfg, _, err := v.desk.Account(a.ID).Config(v.r.Context())
		if err != nil {
			return err
		}
		p.Key, p.Refused = a.Key, !cfg.Chat.Allows(v.origin)
	}
	v.w.Header().Set("Content-Security-Policy", shopPolicy)
	v.w.Header().Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // social logins answer their opener
	return v.render("shop", page{Title: "Almacén Sur", Account: a, Data: p})
}

// shopPolicy is what a shop with the widget on it needs: no inline code either.
const shopPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"media-src 'self' data: blob:; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
