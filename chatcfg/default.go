package chatcfg

// Default is the configuration of a new account, with its texts in a language.
// Every automatic action is off, every choice is the most usual one; the name
// and the domain are missing. chat.locale is l; [Auto] has its texts in Spanish,
// and so has an unknown locale, which becomes [Spanish].
func Default(l Locale) Config {
	texts, known := defaultTexts[l]
	if !known {
		texts = defaultTexts[Spanish]
		if l != Auto {
			l = Spanish
		}
	}
	off := func() TextAction { return TextAction{Messages: []Words{}} }
	return Config{
		Quality: Quality{Clock: Wall},
		Automation: Automation{
			AutoClose:      AutoClose{Clock: Wall},
			NewCustomer:    off(),
			NoAgents:       off(),
			OutOfHours:     off(),
			TicketCreated:  off(),
			ManualClose:    off(),
			AutomaticClose: off(),
			Combine:        CombineAll,
		},
		General: General{
			Important: Important{Keywords: []string{}},
			Notify:    Notify{Tickets: NotifyNone, To: []string{}},
		},
		Hours: Hours{Weekly: []Interval{}, Exceptions: []Exception{}},
		Chat: Chat{
			ExtraDomains: []string{},
			ContactForm: ContactForm{
				Title:       Words{Any: texts.title},
				Description: Words{Any: texts.description},
				Success:     Words{Any: texts.success},
				Error:       Words{Any: texts.failure},
			},
			PrimaryColor:          "#1d4ed8",
			TextColor:             "#ffffff",
			Position:              Right,
			LongButton:            LongButton{Text: Words{Any: texts.button}},
			OpenOnLoad:            OpenOnLoad{DelaySeconds: 10, Devices: AllDevices},
			Notification:          Notification{Count: 1},
			Welcome:               Welcome{DelaySeconds: 5, RepeatMinutes: 24 * 60, Devices: AllDevices, Text: Words{Any: texts.welcome}},
			IdentificationMessage: Words{Any: texts.identification},
			HeaderMessage:         Words{Any: texts.header},
			Locale:                l,
		},
	}
}

// textsOf are the texts of a default configuration.
type textsOf struct {
	title, description, success, failure    string
	button, welcome, identification, header string
}

var defaultTexts = map[Locale]textsOf{
	Spanish: {
		title:          "Ahora no hay nadie en línea",
		description:    "Déjanos tu mensaje y te responderemos por correo.",
		success:        "Recibimos tu mensaje. Gracias por escribirnos.",
		failure:        "No pudimos guardar tu mensaje. Inténtalo de nuevo.",
		button:         "¿Necesitas ayuda?",
		welcome:        "Hola, ¿en qué podemos ayudarte?",
		identification: "Hola. Cuéntanos quién eres para empezar.",
		header:         "Te respondemos por aquí lo antes posible.",
	},
	English: {
		title:          "Nobody is online right now",
		description:    "Leave us a message and we will answer by e-mail.",
		success:        "We received your message. Thank you for writing.",
		failure:        "We could not save your message. Please try again.",
		button:         "Need help?",
		welcome:        "Hello, how can we help you?",
		identification: "Hello. Tell us who you are to begin.",
		header:         "We will answer you here as soon as we can.",
	},
	Portuguese: {
		title:          "Agora não há ninguém on-line",
		description:    "Deixe sua mensagem e responderemos por e-mail.",
		success:        "Recebemos sua mensagem. Obrigado por escrever.",
		failure:        "Não conseguimos guardar sua mensagem. Tente de novo.",
		button:         "Precisa de ajuda?",
		welcome:        "Olá, como podemos ajudar?",
		identification: "Olá. Diga quem você é para começar.",
		header:         "Responderemos por aqui o quanto antes.",
	},
}
