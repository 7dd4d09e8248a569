package site

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// channelsPage is Canales → Chat: every account, and those deleted.
type channelsPage struct {
	Deleted []deletedAccount
	// Name, Domain and Problems are of an account that could not be added.
	Name, Domain string
	Problems     map[string]string
	Secret       string
	New          charla.AccountInfo
}

// channels shows the accounts.
func (v *visit) channels() error {
	return v.render("channels", page{Title: v.t("Canales"), Nav: "channels", Data: channelsPage{Deleted: v.state.read().Deleted}})
}

// addChannel creates an account (R1.1) and shows its secret token once.
func (v *visit) addChannel() error {
	p := channelsPage{
		Name: v.r.PostFormValue("name"), Domain: v.r.PostFormValue("domain"),
		Deleted: v.state.read().Deleted, Problems: map[string]string{},
	}
	cfg := chatcfg.Default(v.session.Lang)
	a, secret, err := v.desk.CreateAccount(v.r.Context(), p.Name, p.Domain, &charla.AccountOptions{Config: &cfg})
	var found chatcfg.Problems
	if errors.As(err, &found) {
		for _, one := range found {
			p.Problems[strings.TrimPrefix(one.Path, "chat.")] = one.Message(v.session.Lang)
		}
		v.status = http.StatusUnprocessableEntity
		return v.render("channels", page{Title: v.t("Canales"), Nav: "channels", Data: p})
	} else if err != nil {
		return err
	}
	if err := v.stillThere(v.r.Context()); err != nil { // in the new account, too
		return err
	}
	p.Secret, p.Name, p.Domain = secret.Reveal(), "", ""
	if p.New, err = a.Info(v.r.Context()); err != nil {
		return err
	}
	return v.render("channels", page{Title: v.t("Canales"), Nav: "channels", Account: p.New, Data: p})
}

// rotate gives the account a new secret token and shows it once (R1.7).
func (v *visit) rotate() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	hours, err := strconv.Atoi(v.r.PostFormValue("overlap"))
	if err != nil || hours < 0 {
		return statusError(http.StatusBadRequest)
	}
	secret, err := v.desk.Account(a.ID).RotateSecret(v.r.Context(), time.Duration(min(hours, 1<<20))*time.Hour)
	if err != nil {
		return err
	}
	return v.configPage(func(p *configPage) { p.Secret = secret.Reveal() })
}

// deleteChannel deletes an account if its name was typed (R1.6).
func (v *visit) deleteChannel() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	err = v.desk.Account(a.ID).Delete(v.r.Context(), v.r.PostFormValue("confirm"))
	if errors.Is(err, charla.ErrConfirmation) {
		v.status = http.StatusUnprocessableEntity
		return v.configPage(func(p *configPage) {
			p.Dialog, p.Problem = "delete", v.t("Ese no es el nombre de la cuenta. No se eliminó nada.")
		})
	} else if err != nil {
		return err
	}
	err = v.state.change(func(d *stateData) {
		if !slices.ContainsFunc(d.Deleted, func(one deletedAccount) bool { return one.ID == a.ID }) {
			d.Deleted = append(d.Deleted, deletedAccount{ID: a.ID, Name: a.Name, At: v.desk.Now()})
		}
	})
	if err != nil {
		return err
	}
	v.say("good", v.t("La cuenta «%s» se eliminó. Su historia se puede leer hasta que la borres del todo.", a.Name))
	return v.redirect("/desk/channels")
}

// purge removes the history of a deleted account (R1.6). One that is purged already is
// no error.
func (v *visit) purge() error {
	id, err := parseID(v.r.PostFormValue("account"))
	if err != nil {
		return err
	}
	purged, err := v.desk.Purge(v.r.Context(), chatcfg.AccountID{UUID: id})
	gone := errors.Is(err, charla.ErrNotFound)
	if err != nil && !gone {
		return err
	}
	err = v.state.change(func(d *stateData) {
		d.Deleted = slices.DeleteFunc(d.Deleted, func(one deletedAccount) bool { return one.ID.UUID == id })
	})
	if err != nil {
		return err
	}
	v.say("good", v.purgedText(purged))
	return v.redirect("/desk/channels")
}

// purgedText says in words what a purge removed.
func (v *visit) purgedText(p charla.Purged) string {
	return v.t("Se borraron %d conversaciones, %d tickets y %d mensajes.", p.Conversations, p.Tickets, p.Messages)
}

// setImage stores the picture or logo that was sent; the button "remove" removes it
// (R1.2).
func (v *visit) setImage() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	kind, _, err := imageOf(a, v.r.PathValue("image"))
	if err != nil {
		return err
	}
	var body []byte
	if !v.r.PostForm.Has("remove") {
		file, _, err := v.r.FormFile("file")
		if err != nil {
			return statusError(http.StatusBadRequest)
		}
		defer func() { _ = file.Close() }()
		if body, err = io.ReadAll(io.LimitReader(file, maxUpload)); err != nil {
			return statusError(http.StatusBadRequest)
		}
		if body == nil {
			body = []byte{}
		}
	}
	var found chatcfg.Problems
	if err := v.desk.Account(a.ID).SetImage(v.r.Context(), kind, body); errors.As(err, &found) {
		v.status = http.StatusUnprocessableEntity
		return v.configPage(func(p *configPage) { p.Dialog, p.Problem = string(kind), found[0].Message(v.session.Lang) })
	} else if err != nil {
		return err
	}
	v.say("good", v.t("La imagen se guardó."))
	if body == nil {
		v.say("good", v.t("La imagen se quitó."))
	}
	return v.redirect("/desk/channels/" + a.ID.String())
}

// imageOf returns the kind that a path names and the account's image of it; nil: there
// is none. It fails with [charla.ErrNotFound] for another name.
func imageOf(a charla.AccountInfo, name string) (charla.ImageKind, *chatcfg.Image, error) {
	switch kind := charla.ImageKind(name); kind {
	case charla.ImagePicture:
		return kind, a.Picture, nil
	case charla.ImageLogo:
		return kind, a.Logo, nil
	}
	return "", nil, charla.ErrNotFound
}

// image serves a picture or a logo.
func (v *visit) image() error {
	a, err := v.account()
	if err != nil {
		return err
	}
	kind, is, err := imageOf(a, v.r.PathValue("image"))
	if err == nil && is == nil {
		err = charla.ErrNotFound
	}
	if err != nil {
		return err
	}
	body, err := v.desk.Account(a.ID).Image(v.r.Context(), kind)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", is.Type)
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = v.w.Write(body)
	return nil
}
