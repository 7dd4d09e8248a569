package site

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charlahq/charla/console"
)

// minPassword is how many characters a password has at least.
const minPassword = 12

// peoplePage is everybody's own password and, for administrators, who may log in.
type peoplePage struct {
	Me            *somebody
	Administrator bool
	People        []somebody
	Roles         []roleView
	Problem       string
	// Name and Password are of somebody who was just added; they are shown this once.
	Name, Password string
	Done           bool
}

type roleView struct {
	Value int
	Label string
}

// people shows the page.
func (v *visit) people() error { return v.showPeople(peoplePage{}) }

// showPeople shows the page with more on it.
func (v *visit) showPeople(p peoplePage) (err error) {
	p.Me, p.Administrator = v.person, v.person.Role == console.RoleAdministrator
	for i, label := range []string{"Ejecutivo", "Supervisor", "Administrador"} {
		p.Roles = append(p.Roles, roleView{i + 1, v.t(label)})
	}
	if p.Administrator {
		if p.People, err = v.o.Book.people(v.r.Context()); err != nil {
			return err
		}
	}
	return v.render("people", v.t("Personas"), p)
}

// refuse shows the page with what was wrong.
func (v *visit) refuse(status int, text string) error {
	v.status = status
	return v.showPeople(peoplePage{Problem: v.t(text)})
}

// setPassword changes the person's own password, and ends their other sessions.
func (v *visit) setPassword() error {
	ctx := v.r.Context()
	key, _ := v.from(v.person.Name)
	if !v.attempts.allow(key, true, v.desk.Now()) {
		return v.refuse(http.StatusTooManyRequests, "Demasiados intentos. Espera unos minutos.")
	}
	ok, err := v.passwordMatches(v.r.PostFormValue("old"), v.person)
	if err != nil {
		return err
	}
	next := strings.TrimSpace(v.r.PostFormValue("new"))
	switch {
	case !ok:
		return v.refuse(http.StatusUnauthorized, "La contraseña actual no es correcta.")
	case utf8.RuneCountInString(next) < minPassword || len(next) > maxPasswordLen:
		return v.refuse(http.StatusUnprocessableEntity, "La contraseña nueva debe tener entre 12 y 200 caracteres.")
	}
	v.attempts.succeeded(key)
	if err := v.o.Book.setPassword(ctx, v.person.Name, v.hash(next)); err != nil {
		return err
	}
	now, err := v.o.Book.person(ctx, v.person.Name)
	if err != nil || now == nil {
		return errors.Join(err, statusError(http.StatusForbidden))
	}
	if err := v.enter(now); err != nil {
		return err
	}
	v.console.Recheck(agentID(now.Name))
	return v.showPeople(peoplePage{Done: true})
}

// setPerson adds somebody, changes a role, removes somebody or gives a new password, which
// is shown once. Only administrators may.
func (v *visit) setPerson() error {
	if v.person.Role != console.RoleAdministrator {
		return statusError(http.StatusForbidden)
	}
	ctx, form := v.r.Context(), v.r.PostForm
	name := strings.TrimSpace(form.Get("name"))
	role, err := strconv.Atoi(form.Get("role"))
	if !validName(name) || err != nil || role < 1 || role > int(console.RoleAdministrator) {
		return v.refuse(http.StatusUnprocessableEntity, "Escribe un nombre, de hasta 60 caracteres, y elige un rol.")
	}
	p := peoplePage{}
	switch form.Get("do") {
	case "add":
		p.Name, p.Password = name, newPassword()
		err = v.o.Book.add(ctx, name, console.Role(role), v.hash(p.Password))
	case "role":
		err = v.o.Book.setRole(ctx, name, console.Role(role))
	case "remove":
		err = v.o.Book.setRole(ctx, name, 0)
	case "password":
		p.Name, p.Password = name, newPassword()
		err = v.o.Book.setPassword(ctx, name, v.hash(p.Password))
	default:
		return statusError(http.StatusBadRequest)
	}
	switch {
	case errors.Is(err, errTaken):
		return v.refuse(http.StatusConflict, "Ese nombre ya está en uso.")
	case errors.Is(err, errLast):
		return v.refuse(http.StatusConflict, "Tiene que quedar al menos un administrador.")
	case err != nil:
		return err
	}
	v.console.Recheck(agentID(name))
	return v.showPeople(p)
}

// hash returns a password's hash. It makes one at a time.
func (s *Site) hash(password string) string {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	return hashPassword(password, s.o.HashMemory)
}
