package site

// section is one of the items that "Configurar" unfolds.
type section struct {
	ID, Title, Text string
	Groups          []group
}

// group is what is set together; Toggle switches it on, Paths are the rest.
type group struct {
	Title, Text string
	Toggle      string
	Paths       []string
}

// sections lay the configuration out as the manual does. Every setting of the
// schema stands here exactly once: a test sees to it.
var sections = []section{
	{"quality", "Calidad de Servicio", "Cuánto puede esperar un cliente antes de que su ticket se considere con demora.", []group{
		{"SLA para tiempos de respuesta", "Sin un número, ningún ticket se considera con demora.", "", []string{"quality.sla", "quality.clock"}},
		{"Horario laboral", "Lo usan los mensajes fuera de horario y los plazos que cuentan en horario laboral.", "",
			[]string{"hours.timezone", "hours.weekly", "hours.exceptions"}},
	}},
	{"automation", "Acciones automáticas", "Siete acciones, cada una activada o no. De los textos de una acción se envía uno al azar; pueden llevar {customer}, {agent}, {account} y {nextOpen}, con una alternativa: {customer|amigo}.", []group{
		{"Cerrar ticket si no hay respuesta del cliente", "Cuenta desde la última palabra del ejecutivo.", "automation.autoClose.enabled", []string{"automation.autoClose.after", "automation.autoClose.clock"}},
		{"Respuesta automática a nuevos clientes", "Al primer mensaje que un cliente escribe.", "automation.newCustomer.enabled", []string{"automation.newCustomer.messages"}},
		{"Respuesta automática ante ausencia de ejecutivos", "Una vez por ticket y ausencia.", "automation.noAgents.enabled", []string{"automation.noAgents.messages"}},
		{"Mensajes automáticos fuera del horario laboral", "Una vez por ticket y cierre. Necesita el horario laboral.", "automation.outOfHours.enabled", []string{"automation.outOfHours.messages"}},
		{"Respuesta automática ante la creación de tickets", "También para los que se crean ignorados.", "automation.ticketCreated.enabled", []string{"automation.ticketCreated.messages"}},
		{"Respuesta automática ante cierre manual de ticket", "Cuando un ejecutivo cierra.", "automation.manualClose.enabled", []string{"automation.manualClose.messages"}},
		{"Respuesta automática ante cierre automático de ticket", "Cuando el ticket se cierra solo.", "automation.automaticClose.enabled", []string{"automation.automaticClose.messages"}},
		{"Cuando se cumplen varias", "", "", []string{"automation.combine"}},
	}},
	{"general", "Opciones Generales", "Importancia, avisos por correo y cómo nacen los tickets.", []group{
		{"Marcar tickets como importantes automáticamente basado en el contenido del mensaje", "Mayúsculas y acentos dan lo mismo; recl* encuentra reclamo y reclamar.", "general.important.enabled", []string{"general.important.keywords"}},
		{"Notificación de Tickets", "", "", []string{"general.notify.tickets", "general.notify.to"}},
		{"Crear los tickets ignorados", "Un ticket nuevo nace en estado Ignorado, en vez de Abierto.", "general.createIgnored", nil},
		{"Reapertura", "Quien escribe dentro de este plazo tras el cierre sigue en el mismo ticket.", "", []string{"general.reopenWindow"}},
	}},
	{"chat", "Opciones de Chat", "El chat en tu página: quién escribe, cómo se ve y qué dice.", []group{
		{"La cuenta", "", "", []string{"chat.name", "chat.domain", "chat.extraDomains", "chat.locale"}},
		{"Esconder Chat", "El chat deja de aparecer en las páginas y en las listas.", "chat.hidden", nil},
		{"Apariencia", "", "", []string{"chat.primaryColor", "chat.textColor", "chat.position"}},
		{"Utilizar botón de chat largo", "", "chat.longButton.enabled", []string{"chat.longButton.text"}},
		{"Notificaciones de sonido", "Suena cuando un cliente acaba de hablar.", "chat.sound", nil},
		{"Escribir a nombre de la empresa", "Los clientes leen el nombre de la cuenta, nunca el del ejecutivo.", "chat.writeAsCompany", nil},
		{"Activar inicio de sesión con Facebook", "", "chat.facebook.enabled", []string{"chat.facebook.only"}},
		{"Activar inicio de sesión con Google", "", "chat.google.enabled", []string{"chat.google.only"}},
		{"Permitir usuarios anónimos", "El chat queda listo sin formulario. Cada conversación cuenta como un cliente nuevo: sin metadatos, tickets anteriores ni tipificación.", "chat.anonymous", nil},
		{"Usar email como identificador", "Hace falta el correo para empezar. Puede generar suplantación de identidad.", "chat.emailAsIdentifier", nil},
		{"Solicitar RUT", "Hace falta un RUT válido para empezar.", "chat.askRUT", nil},
		{"Solicitar Teléfono", "Un dato opcional del cliente.", "chat.askPhone", nil},
		{"Abrir chat al cargar", "", "chat.openOnLoad.enabled", []string{"chat.openOnLoad.delaySeconds", "chat.openOnLoad.devices"}},
		{"Notificaciones del chat", "", "", []string{"chat.notification.reply", "chat.notification.count"}},
		{"Enviar mensaje de bienvenida", "Se ve solo en el chat; si el cliente lo responde, es el primer mensaje de la conversación.", "chat.welcome.enabled", []string{
			"chat.welcome.text", "chat.welcome.author", "chat.welcome.delaySeconds", "chat.welcome.repeatMinutes", "chat.welcome.existing", "chat.welcome.devices"}},
		{"Mensajes de la ventana", "", "", []string{"chat.identificationMessage", "chat.headerMessage"}},
		{"Formulario de contacto", "Ocupa el lugar del chat cuando no hay ejecutivos en línea. Activa al menos un destino.", "chat.contactForm.enabled", []string{
			"chat.contactForm.email.enabled", "chat.contactForm.email.address", "chat.contactForm.mailbox.enabled", "chat.contactForm.mailbox.id",
			"chat.contactForm.title", "chat.contactForm.description", "chat.contactForm.success", "chat.contactForm.error"}},
	}},
}

// labels name the settings that no group's title names, with a hint.
var labels = map[string][2]string{
	"quality.sla":                        {"Tiempo máximo de respuesta", ""},
	"quality.clock":                      {"Cómo se cuenta", ""},
	"hours.timezone":                     {"Zona horaria", "Un nombre IANA, como America/Santiago."},
	"hours.weekly":                       {"Cada semana", "Un cierre antes de la apertura es al día siguiente; 24:00 es el fin del día."},
	"hours.exceptions":                   {"Fechas especiales", "Reemplazan el horario de su fecha."},
	"automation.autoClose.after":         {"Tiempo sin respuesta", "Desde un minuto."},
	"automation.autoClose.clock":         {"Cómo se cuenta", ""},
	"automation.newCustomer.messages":    {"Mensajes", ""},
	"automation.noAgents.messages":       {"Mensajes", ""},
	"automation.outOfHours.messages":     {"Mensajes", ""},
	"automation.ticketCreated.messages":  {"Mensajes", ""},
	"automation.manualClose.messages":    {"Mensajes", ""},
	"automation.automaticClose.messages": {"Mensajes", ""},
	"automation.combine":                 {"Respuestas a un mismo mensaje", ""},
	"general.important.keywords":         {"Palabras y frases", "Una por línea."},
	"general.notify.tickets":             {"Qué se notifica", ""},
	"general.notify.to":                  {"Correos", "Uno por línea."},
	"general.reopenWindow":               {"Plazo para reabrir", "Sin un número, siempre se crea un ticket nuevo."},
	"chat.name":                          {"Nombre del Chat", ""},
	"chat.domain":                        {"Dominio del Chat", "Donde está instalado el chat."},
	"chat.extraDomains":                  {"Otros dominios", "Uno por línea; *.tienda.cl vale por un nivel de subdominios."},
	"chat.locale":                        {"Idioma", ""},
	"chat.primaryColor":                  {"Color Principal", ""},
	"chat.textColor":                     {"Color para texto", ""},
	"chat.position":                      {"Posición del chat", ""},
	"chat.longButton.text":               {"Texto del botón", ""},
	"chat.facebook.only":                 {"Solo redes sociales", "No permite entrar con nombre y correo."},
	"chat.google.only":                   {"Solo redes sociales", "No permite entrar con nombre y correo."},
	"chat.openOnLoad.delaySeconds":       {"Segundos antes de abrirse", ""},
	"chat.openOnLoad.devices":            {"Dispositivos", ""},
	"chat.notification.reply":            {"Activar respuesta en notificación", "El cliente responde sin abrir el chat."},
	"chat.notification.count":            {"Cantidad a mostrar en las notificaciones", "De uno a tres mensajes."},
	"chat.welcome.text":                  {"Texto de mensaje de bienvenida", ""},
	"chat.welcome.author":                {"Autor de mensaje de bienvenida", ""},
	"chat.welcome.delaySeconds":          {"Segundos antes de enviarlo", ""},
	"chat.welcome.repeatMinutes":         {"Minutos antes de mostrarlo de nuevo", ""},
	"chat.welcome.existing":              {"Mostrar a conversaciones ya iniciadas", ""},
	"chat.welcome.devices":               {"Dispositivos", ""},
	"chat.identificationMessage":         {"Mensaje de identificación", "Recibe a quien dice quién es."},
	"chat.headerMessage":                 {"Mensaje de cabecera de conversación", "Encima de cada conversación."},
	"chat.contactForm.email.enabled":     {"Vincular a una cuenta de email simple", ""},
	"chat.contactForm.email.address":     {"Correo", ""},
	"chat.contactForm.mailbox.enabled":   {"Vincular a una cuenta de email manejada", ""},
	"chat.contactForm.mailbox.id":        {"Cuenta", "El nombre que le da tu sistema."},
	"chat.contactForm.title":             {"Título de formulario de contacto", ""},
	"chat.contactForm.description":       {"Descripción de formulario de contacto", ""},
	"chat.contactForm.success":           {"Mensaje de éxito para formulario de contacto", ""},
	"chat.contactForm.error":             {"Mensaje de error para formulario de contacto", ""},
}

// choiceNames name the choices, by the last key of their path.
var choiceNames = map[string]string{
	"clock=wall": "Tiempo corrido", "clock=business": "Solo en horario laboral",
	"combine=all": "Enviar todas las que correspondan", "combine=first": "Fuera de horario primero; ausencia de ejecutivos espera",
	"tickets=none": "No notificar", "tickets=important": "Notificar sólo tickets importantes", "tickets=all": "Notificar todos los tickets",
	"position=right": "Derecha", "position=left": "Izquierda",
	"devices=all": "Todos", "devices=desktop": "Computadores", "devices=mobile": "Móviles",
	"locale=es": "Español", "locale=en": "English", "locale=pt": "Português", "locale=auto": "El del visitante",
	"unit=seconds": "segundos", "unit=minutes": "minutos", "unit=hours": "horas", "unit=days": "días",
	"day=monday": "Lunes", "day=tuesday": "Martes", "day=wednesday": "Miércoles", "day=thursday": "Jueves",
	"day=friday": "Viernes", "day=saturday": "Sábado", "day=sunday": "Domingo",
}

var units = []string{"seconds", "minutes", "hours", "days"}

var days = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// zones are suggestions; any other IANA name does as well.
var zones = []string{
	"America/Argentina/Buenos_Aires", "America/Asuncion", "America/Bogota", "America/Caracas", "America/Guayaquil",
	"America/La_Paz", "America/Lima", "America/Los_Angeles", "America/Mexico_City", "America/Montevideo",
	"America/New_York", "America/Panama", "America/Punta_Arenas", "America/Santiago", "America/Sao_Paulo",
	"Europe/Berlin", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "UTC",
}
