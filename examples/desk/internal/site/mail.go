package site

import (
	"net/http"
	"slices"
)

// mailPage are the mails that the pretended server took.
type mailPage struct {
	Items []sentMail
	Plays []playView
}

type playView struct {
	Value, Label string
	Selected     bool
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
		p.Plays = append(p.Plays, playView{one, v.t(playNames[one]), one == plays})
	}
	return v.render("mail", v.t("Correos enviados"), p)
}

// setMail sets how the pretended mail server behaves.
func (v *visit) setMail() error {
	what := v.r.PostFormValue("play")
	if !slices.Contains(mailPlays, what) {
		return statusError(http.StatusBadRequest)
	}
	v.o.Mailbox.play(what)
	http.Redirect(v.w, v.r, "/mail", http.StatusSeeOther)
	return nil
}
