package site

import (
	"net/http"
	"strings"
)

// english are the texts of the login and of the mails in English; the sources have them in
// Spanish.
var english = map[string]string{
	"Entrar":                      "Log in",
	"Tu nombre":                   "Your name",
	"Así te leerán los clientes.": "This is what customers read.",
	"Contraseña":                  "Password",
	"Ver la tienda":               "See the shop",
	"Volver al escritorio":        "Back to the desk",
	"Escribe tu nombre, de hasta 60 caracteres.":  "Write your name, of up to 60 characters.",
	"Demasiados intentos. Espera unos minutos.":   "Too many attempts. Wait a few minutes.",
	"El nombre o la contraseña no son correctos.": "The name or the password is not right.",
	"Aquí no hay nada.":                           "There is nothing here.",
	"La petición no se entiende.":                 "The request makes no sense.",
	"Es demasiado grande.":                        "It is too large.",
	"Algo falló.":                                 "Something failed.",
	"Correos enviados":                            "Mails sent",
	"El servidor de correo":                       "The mail server",
	"Cambiar":                                     "Change",
	"para":                                        "to",
	"responder a":                                 "reply to",
	"Recibe todo":                                 "Takes everything",
	"No responde: se intenta de nuevo":            "Does not answer: it is tried again",
	"Rechaza todo: quedan muertos":                "Refuses everything: they end dead",
	"Calla tras recibir: quedan desconocidos":     "Falls silent after taking: they end unknown",
	"Los avisos de tickets nuevos y los formularios de contacto aparecerán aquí.":                                   "Notices of new tickets and contact forms will appear here.",
	"Este programa no manda correos: los guarda aquí, en memoria. Un servicio pone su propio servidor en su lugar.": "This program sends no mails: it keeps them here, in memory. A service puts its own server in its place.",
	"La primera vez entra «admin», con la contraseña que mostró el terminal.":                                       "The first time \"admin\" logs in, with the password that the terminal showed.",
	"Tu rol no permite esto.":              "Your role does not allow this.",
	"Ejecutivo":                            "Agent",
	"Supervisor":                           "Supervisor",
	"Administrador":                        "Administrator",
	"Personas":                             "People",
	"La contraseña actual no es correcta.": "The current password is not right.",
	"La contraseña nueva debe tener entre 12 y 200 caracteres.":  "The new password must have 12 to 200 characters.",
	"Escribe un nombre, de hasta 60 caracteres, y elige un rol.": "Write a name, of up to 60 characters, and choose a role.",
	"Ese nombre ya está en uso.":                                 "That name is taken.",
	"Tiene que quedar al menos un administrador.":                "At least one administrator has to remain.",
	"La contraseña cambió. Tus otras sesiones terminaron.":       "The password has changed. Your other sessions have ended.",
	"La contraseña de":          "The password of",
	"Se muestra solo esta vez.": "It is shown this once.",
	"Tu contraseña":             "Your password",
	"La actual":                 "The current one",
	"La nueva":                  "The new one",
	"Quién puede entrar":        "Who may log in",
	"Rol":                       "Role",
	"Nueva contraseña":          "New password",
	"Quitar":                    "Remove",
	"Nombre":                    "Name",
	"Añadir":                    "Add",
}

// translate returns a text in a language; one without a translation stays in Spanish.
func translate(lang, text string) string {
	if other, ok := english[text]; ok && lang == "en" {
		return other
	}
	return text
}

// preferred returns the first of a browser's languages that the site has, else Spanish.
func preferred(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(tag, "-")
		if tag = strings.ToLower(tag); tag == "es" || tag == "en" {
			return tag
		}
	}
	return "es"
}
