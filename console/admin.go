package console

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// channelsPage is every account that the person sees, and those deleted.
type channelsPage struct {
	Live, Deleted []charla.AccountInfo
	// Domains are where the chats of Live are.
	Domains map[chatcfg.AccountID]string
	// Name, Domain and Problems are of an account that could not be added.
	Name, Domain string
	Problems     map[string]string
	Secret       string
	New          charla.AccountInfo
	// CanAdd says that the person may add an account.
	CanAdd bool
}

// channels shows the accounts.
func (v *visit) channels() error { return v.showChannels(channelsPage{}) }

// showChannels shows the accounts on a page that has more.
func (v *visit) showChannels(p channelsPage) (err error) {
	if p.Live, p.Deleted, err = v.accounts(v.r.Context(), &v.person); err != nil {
		return err
	}
	if p.Domains, err = v.domains(v.r.Context(), p.Live); err != nil {
		return err
	}
	p.CanAdd = v.person.AllAccounts
	return v.render("channels", page{Title: v.t("Cuentas"), Nav: "channels", Account: p.New, Data: p})
}

// addChannel creates an account (R1.1) and shows its secret token once.
func (v *visit) addChannel() error {
	p := channelsPage{Name: v.r.PostFormValue("name"), Domain: v.r.PostFormValue("domain"), Problems: map[string]string{}}
	made, secret, err := v.create(v.r.Context(), p.Name, p.Domain, chatcfg.Default(v.prefs.Lang))
	var found chatcfg.Problems
	if errors.As(err, &found) {
		for _, one := range found {
			p.Problems[strings.TrimPrefix(one.Path, "chat.")] = one.Message(v.prefs.Lang)
		}
		v.status = http.StatusUnprocessableEntity
		return v.showChannels(p)
	} else if err != nil {
		return err
	}
	if err := v.stillThere(); err != nil { // in the new account, too
		return err
	}
	return v.showChannels(channelsPage{New: made, Secret: secret.Reveal()})
}

// rotate gives the account a new secret token and shows it once (R1.7). It leaves the rest
// of the form as it was typed.
func (v *visit) rotate() error {
	hours, err := strconv.Atoi(v.r.PostFormValue("overlap"))
	if err != nil || hours < 0 {
		return statusError(http.StatusBadRequest)
	}
	secret, err := v.account.RotateSecret(v.r.Context(), time.Duration(min(hours, 1<<20))*time.Hour)
	if err != nil {
		return err
	}
	return v.beside(func(p *configPage) { p.Secret = secret.Reveal() })
}

// deleteChannel deletes an account if its name was typed (R1.6).
func (v *visit) deleteChannel() error {
	err := v.account.Delete(v.r.Context(), v.r.PostFormValue("confirm"))
	if errors.Is(err, charla.ErrConfirmation) {
		v.status = http.StatusUnprocessableEntity
		return v.configPage(func(p *configPage) {
			p.Dialog, p.Problem = "delete", v.t("Ese no es el nombre de la cuenta. No se eliminó nada.")
		})
	} else if err != nil {
		return err
	}
	return v.done(channelPath(v.account.ID()), "deleted")
}

// purge removes the history of a deleted account (R1.6).
func (v *visit) purge() error {
	p, err := v.account.purge(v.r.Context())
	if err != nil {
		return err
	}
	return v.done("/channels", "purged", p.Conversations, p.Tickets, p.Messages)
}

// setImage stores the picture or logo that was sent; the button "remove" removes it
// (R1.2). It leaves the rest of the form as it was typed.
func (v *visit) setImage() error {
	kind, _, err := imageOf(v.account.info, v.r.PathValue("image"))
	if err != nil {
		return err
	}
	var body []byte
	if !v.r.PostForm.Has("remove") {
		file, _, err := v.r.FormFile(string(kind))
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
	if err := v.account.SetImage(v.r.Context(), kind, body); errors.As(err, &found) {
		v.status = http.StatusUnprocessableEntity
		return v.beside(func(p *configPage) { p.Dialog, p.Problem = string(kind), found[0].Message(v.prefs.Lang) })
	} else if err != nil {
		return err
	}
	what := "image"
	if body == nil {
		what = "noimage"
	}
	if v.r.PostForm.Has("version") {
		return v.beside(func(p *configPage) { p.Flash = v.flashOf(what) })
	}
	return v.done(channelPath(v.account.ID()), what)
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
	kind, is, err := imageOf(v.account.info, v.r.PathValue("image"))
	if err == nil && is == nil {
		err = charla.ErrNotFound
	}
	if err != nil {
		return err
	}
	body, err := v.account.Image(v.r.Context(), kind)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", is.Type)
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = v.w.Write(body)
	return nil
}
