package console

import (
	"encoding/json"
	"errors"
	"net/url"

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
	zone, err := v.zone()
	if err != nil {
		return err
	}
	cfg, _, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	list, err := v.account.Inbox().Contacts(v.r.Context(), charla.PageQuery{Cursor: v.r.URL.Query().Get("cursor"), Limit: 50})
	if err != nil {
		return err
	}
	p := contactsPage{Items: list.Items, Off: !cfg.Chat.ContactForm.Enabled}
	if list.Next != "" {
		p.More = v.link(accountPath(v.account.ID(), "contacts")) + "?cursor=" + url.QueryEscape(list.Next)
	}
	return v.render("contacts", page{Title: v.t("Formularios"), Nav: "contacts", Zone: zone, Data: p})
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
	{charla.DeliveryDead, "No enviados", "El servidor de correo los rechazó, o no los recibió en ningún intento."},
	{charla.DeliveryUnknown, "Sin confirmar", "Puede que hayan llegado: si los reenvías, quizá lleguen dos veces."},
	{charla.DeliveryPending, "Pendientes", "Esperan su turno o su próximo intento."},
	{charla.DeliverySending, "En camino", "Se están enviando ahora."},
	{charla.DeliverySent, "Enviados", "El servidor de correo los recibió."},
}

// outbox shows the deliveries in a state, and how many there are in the others: without
// one, those that failed, else those that were sent.
func (v *visit) outbox() error {
	zone, err := v.zone()
	if err != nil {
		return err
	}
	form := v.r.URL.Query()
	chosen := charla.DeliveryState(form.Get("state"))
	if chosen == "" {
		chosen = charla.DeliverySent
		if failed, err := v.account.deliveries(v.r.Context(), charla.DeliveryDead, charla.PageQuery{Limit: 1}); err != nil {
			return err
		} else if len(failed.Items) > 0 {
			chosen = charla.DeliveryDead
		}
	}
	var p outboxPage
	for _, one := range deliveryStates {
		view := stateView{State: string(one.state), Label: v.t(one.label), Text: v.t(one.text), Active: one.state == chosen}
		if one.state != charla.DeliverySent {
			few, err := v.account.deliveries(v.r.Context(), one.state, charla.PageQuery{Limit: 100})
			if err != nil {
				return err
			}
			view.Count = count(len(few.Items), 100)
		}
		p.States = append(p.States, view)
	}
	list, err := v.account.deliveries(v.r.Context(), chosen, charla.PageQuery{Cursor: form.Get("cursor"), Limit: 50})
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
		if d.Hook != "" {
			view.To, view.Subject = d.Hook, v.t("Aviso al programa «%s»", d.Hook)
		}
		p.Items = append(p.Items, view)
	}
	if list.Next != "" {
		p.More = v.link(accountPath(v.account.ID(), "outbox")) + "?" + url.Values{"state": {string(chosen)}, "cursor": {list.Next}}.Encode()
	}
	return v.render("outbox", page{Title: v.t("Enviados"), Nav: "outbox", Zone: zone, Data: p})
}

// replay sends a dead or unknown delivery again (R8.2). One that is neither any more is
// no error.
func (v *visit) replay() error {
	err := v.account.replay(v.r.Context(), v.r.PostFormValue("key"))
	what := "again"
	if errors.Is(err, charla.ErrNotDead) || errors.Is(err, charla.ErrNotFound) {
		what, err = "needless", nil
	}
	if err != nil {
		return err
	}
	return v.done(local(v.r.PostFormValue("back"), accountPath(v.account.ID(), "outbox")), what)
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
