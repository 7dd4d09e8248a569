package chatcfg

// devices returns the kinds of devices, as choices.
func devices() []Choice {
	return []Choice{
		{string(AllDevices), say("Todos", "All", "Todos")},
		{string(Desktop), say("Computadores", "Computers", "Computadores")},
		{string(Mobile), say("Móviles", "Mobiles", "Celulares")},
	}
}

// simple returns a group of one switch; public is its path for visitors, empty if they
// may not see it.
func simple(path, public string, label, help Words) Group {
	return Group{Settings: []Setting{{Path: path, Kind: KindSwitch, Public: public, Label: label, Help: help}}}
}

// chatSection returns the settings of the chat.
func chatSection() Section {
	return Section{
		Key:   "chat",
		Label: say("Opciones de Chat", "Chat options", "Opções do chat"),
		Help:  say("El chat en tu página: quién escribe, cómo se ve y qué dice.", "The chat on your page: who writes, how it looks and what it says.", "O chat na sua página: quem escreve, como ele aparece e o que diz."),
		Groups: []Group{
			{
				Label: say("La cuenta", "The account", "A conta"),
				Settings: []Setting{
					{Path: "chat.name", Kind: KindLine, Length: MaxName, Required: true, Public: "name", Label: say("Nombre del Chat", "Name of the chat", "Nome do chat")},
					{Path: "chat.domain", Kind: KindDomain, Required: true, Label: say("Dominio del Chat", "Domain of the chat", "Domínio do chat"), Help: say("Donde está instalado el chat. tienda.cl y www.tienda.cl son dos: escribe aquí uno y el otro abajo.", "Where the chat is installed. shop.com and www.shop.com are two: write one here and the other below.", "Onde o chat está instalado. loja.com.br e www.loja.com.br são dois: escreva um aqui e o outro abaixo.")},
					{Path: "chat.extraDomains", Kind: KindHosts, Items: MaxDomains, Label: say("Otros dominios", "Other domains", "Outros domínios"), Help: say("Uno por línea; *.tienda.cl vale por un nivel de subdominios. El origen de una app se escribe con su esquema: capacitor://localhost.", "One a line; *.shop.com stands for one level of subdomains. The origin of an app is written with its scheme: capacitor://localhost.", "Um por linha; *.loja.com.br vale por um nível de subdomínios. A origem de um app é escrita com o esquema: capacitor://localhost.")},
					{
						Path: "chat.locale", Kind: KindChoice, Label: say("Idioma", "Language", "Idioma"),
						Choices: []Choice{
							{string(Spanish), Words{Any: "Español"}},
							{string(English), Words{Any: "English"}},
							{string(Portuguese), Words{Any: "Português"}},
							{string(Auto), say("El del visitante", "The visitor's", "O do visitante")},
						},
					},
				},
			},
			simple("chat.hidden", "", say("Esconder Chat", "Hide the chat", "Esconder o chat"),
				say("El chat deja de aparecer en las páginas y en las listas.", "The chat disappears from pages and lists.", "O chat deixa de aparecer nas páginas e nas listas.")),
			{
				Label: say("Apariencia", "Appearance", "Aparência"),
				Settings: []Setting{
					{Path: "chat.primaryColor", Kind: KindColor, Required: true, Public: "primaryColor", standard: "#1d4ed8", Label: say("Color Principal", "Primary colour", "Cor principal")},
					{Path: "chat.textColor", Kind: KindColor, Required: true, Public: "textColor", standard: "#ffffff", Label: say("Color para texto", "Text colour", "Cor do texto")},
					{
						Path: "chat.position", Kind: KindChoice, Public: "position", standard: string(Right), Label: say("Posición del chat", "Position of the chat", "Posição do chat"),
						Choices: []Choice{{string(Right), say("Derecha", "Right", "Direita")}, {string(Left), say("Izquierda", "Left", "Esquerda")}},
					},
				},
			},
			{Settings: []Setting{
				{Path: "chat.longButton.enabled", Kind: KindSwitch, Label: say("Utilizar botón de chat largo", "Use a long chat button", "Usar botão de chat longo")},
				{
					Path: "chat.longButton.text", Kind: KindLine, Length: MaxButton, Public: "longButton", Label: say("Texto del botón", "Text of the button", "Texto do botão"),
					standard: say("¿Necesitas ayuda?", "Need help?", "Precisa de ajuda?"),
				},
			}},
			simple("chat.sound", "sound", say("Notificaciones de sonido", "Sound", "Notificações de som"),
				say("Suena cuando un cliente acaba de hablar.", "Sounds when a customer has just spoken.", "Toca quando um cliente acaba de falar.")),
			simple("chat.writeAsCompany", "company", say("Escribir a nombre de la empresa", "Write as the company", "Escrever em nome da empresa"),
				say("Los clientes leen el nombre de la cuenta, nunca el del ejecutivo.", "Customers read the account's name, never the agent's.", "Os clientes leem o nome da conta, nunca o do atendente.")),
			socialLogin("facebook", say("Activar inicio de sesión con Facebook", "Login with Facebook", "Ativar login com Facebook")),
			socialLogin("google", say("Activar inicio de sesión con Google", "Login with Google", "Ativar login com Google")),
			simple("chat.anonymous", "entry.anonymous", say("Permitir usuarios anónimos", "Allow anonymous users", "Permitir usuários anônimos"),
				say("El chat queda listo sin formulario. Cada conversación cuenta como un cliente nuevo: sin metadatos, tickets anteriores ni tipificación.", "The chat is ready without a form. Each conversation counts as a new customer: no metadata, previous tickets or typification.", "O chat fica pronto sem formulário. Cada conversa conta como um cliente novo: sem metadados, tickets anteriores nem tipificação.")),
			simple("chat.visitorEnds", "visitorEnds", say("Permitir al cliente terminar la conversación", "Let customers end the conversation", "Permitir que o cliente encerre a conversa"),
				say("Su ticket se cierra sin mensaje de despedida.", "Their ticket is closed without a farewell.", "O ticket é fechado sem mensagem de despedida.")),
			ratingGroup(),
			simple("chat.emailAsIdentifier", "entry.email", say("Usar email como identificador", "Use the e-mail as identifier", "Usar o e-mail como identificador"),
				say("Hace falta el correo para empezar. Puede generar suplantación de identidad.", "An e-mail is required to begin. Somebody may write in another's name.", "O e-mail é obrigatório para começar. Alguém pode escrever em nome de outra pessoa.")),
			simple("chat.askRUT", "entry.rut", say("Solicitar RUT", "Ask for the RUT", "Pedir o RUT"),
				say("Hace falta un RUT válido para empezar.", "A valid RUT is required to begin.", "Um RUT válido é obrigatório para começar.")),
			simple("chat.askPhone", "entry.phone", say("Solicitar Teléfono", "Ask for the telephone", "Pedir o telefone"),
				say("Un dato opcional del cliente.", "Optional data of the customer.", "Um dado opcional do cliente.")),
			{Settings: []Setting{
				{Path: "chat.openOnLoad.enabled", Kind: KindSwitch, Label: say("Abrir chat al cargar", "Open the chat on load", "Abrir o chat ao carregar")},
				{Path: "chat.openOnLoad.delaySeconds", Kind: KindNumber, Max: MaxDelaySeconds, Public: "openOnLoad.delaySeconds", standard: int64(10), Label: say("Segundos antes de abrirse", "Seconds before it opens", "Segundos antes de abrir")},
				{Path: "chat.openOnLoad.devices", Kind: KindChoice, Choices: devices(), Public: "openOnLoad.devices", standard: string(AllDevices), Label: say("Dispositivos", "Devices", "Dispositivos")},
			}},
			{
				Label: say("Notificaciones del chat", "Notifications of the chat", "Notificações do chat"),
				Settings: []Setting{
					{Path: "chat.notification.reply", Kind: KindSwitch, Public: "notification.reply", Label: say("Activar respuesta en notificación", "Reply from the notification", "Ativar resposta na notificação"), Help: say("El cliente responde sin abrir el chat.", "The customer answers without opening the chat.", "O cliente responde sem abrir o chat.")},
					{Path: "chat.notification.count", Kind: KindNumber, Min: 1, Max: MaxNotified, Public: "notification.count", standard: int64(1), Label: say("Cantidad a mostrar en las notificaciones", "Messages shown in notifications", "Quantidade a mostrar nas notificações"), Help: say("De uno a tres mensajes.", "One to three messages.", "De uma a três mensagens.")},
				},
			},
			welcomeGroup(),
			{
				Label: say("Mensajes de la ventana", "Messages of the window", "Mensagens da janela"),
				Settings: []Setting{
					{
						Path: "chat.identificationMessage", Kind: KindText, Length: MaxNote, Public: "identificationMessage", Label: say("Mensaje de identificación", "Identification message", "Mensagem de identificação"), Help: say("Recibe a quien dice quién es.", "Receives who says who they are.", "Recebe quem se identifica."),
						standard: say("Hola. Cuéntanos quién eres para empezar.", "Hello. Tell us who you are to begin.", "Olá. Diga quem você é para começar."),
					},
					{
						Path: "chat.headerMessage", Kind: KindText, Length: MaxNote, Public: "headerMessage", Label: say("Mensaje de cabecera de conversación", "Header message of a conversation", "Mensagem de cabeçalho da conversa"), Help: say("Encima de cada conversación.", "Above each conversation.", "Acima de cada conversa."),
						standard: say("Te respondemos por aquí lo antes posible.", "We will answer you here as soon as we can.", "Responderemos por aqui o quanto antes."),
					},
				},
			},
			contactGroup(),
		},
	}
}

// socialLogin returns the settings of a provider's login: whether it is on, and whether
// only social logins enter.
func socialLogin(provider string, label Words) Group {
	return Group{Settings: []Setting{
		{Path: "chat." + provider + ".enabled", Kind: KindSwitch, Needs: NeedLogin, Label: label},
		{Path: "chat." + provider + ".only", Kind: KindSwitch, Needs: NeedLogin, Label: say("Solo redes sociales", "Social logins only", "Só redes sociais"), Help: say("No permite entrar con nombre y correo.", "Nobody enters with name and e-mail.", "Não permite entrar com nome e e-mail.")},
	}}
}

// welcomeGroup returns the settings of the welcome message.
func welcomeGroup() Group {
	return Group{Settings: []Setting{
		{
			Path: "chat.welcome.enabled", Kind: KindSwitch, Label: say("Enviar mensaje de bienvenida", "Send a welcome message", "Enviar mensagem de boas-vindas"),
			Help: say("Se ve solo en el chat; si el cliente lo responde, es el primer mensaje de la conversación.", "Shown in the chat only; if the customer answers it, it is the first message of the conversation.", "Aparece só no chat; se o cliente responder, será a primeira mensagem da conversa."),
		},
		{
			Path: "chat.welcome.text", Kind: KindText, Length: MaxText, Public: "welcome.text", Label: say("Texto de mensaje de bienvenida", "Text of the welcome message", "Texto da mensagem de boas-vindas"),
			standard: say("Hola, ¿en qué podemos ayudarte?", "Hello, how can we help you?", "Olá, como podemos ajudar?"),
		},
		{Path: "chat.welcome.author", Kind: KindLine, Length: MaxName, Public: "welcome.author", Label: say("Autor de mensaje de bienvenida", "Author of the welcome message", "Autor da mensagem de boas-vindas")},
		{Path: "chat.welcome.delaySeconds", Kind: KindNumber, Max: MaxDelaySeconds, Public: "welcome.delaySeconds", standard: int64(5), Label: say("Segundos antes de enviarlo", "Seconds before it is sent", "Segundos antes de enviá-la")},
		{Path: "chat.welcome.repeatMinutes", Kind: KindNumber, Max: MaxRepeatMinutes, Public: "welcome.repeatMinutes", standard: int64(24 * 60), Label: say("Minutos antes de mostrarlo de nuevo", "Minutes before it shows again", "Minutos antes de mostrá-la de novo")},
		{Path: "chat.welcome.existing", Kind: KindSwitch, Public: "welcome.existing", Label: say("Mostrar a conversaciones ya iniciadas", "Show in conversations that have begun", "Mostrar em conversas já iniciadas")},
		{Path: "chat.welcome.devices", Kind: KindChoice, Choices: devices(), Public: "welcome.devices", standard: string(AllDevices), Label: say("Dispositivos", "Devices", "Dispositivos")},
	}}
}

// ratingGroup returns the settings of the question how it was.
func ratingGroup() Group {
	return Group{Settings: []Setting{
		{
			Path: "chat.rating.enabled", Kind: KindSwitch, Label: say("Preguntar al cliente cómo lo atendieron", "Ask customers how it was", "Perguntar ao cliente como foi o atendimento"),
			Help: say("Una vez, después del cierre. Se puede responder durante siete días.", "Once, after the close. They may answer for seven days.", "Uma vez, depois do fechamento. Pode-se responder durante sete dias."),
		},
		{
			Path: "chat.rating.scale", Kind: KindChoice, Public: "rating.scale", standard: string(Stars), Label: say("Escala", "Scale", "Escala"),
			Choices: []Choice{{string(Stars), say("Una a cinco estrellas", "One to five stars", "Uma a cinco estrelas")}, {string(Thumbs), say("Pulgar arriba o abajo", "Thumb up or down", "Polegar para cima ou para baixo")}},
		},
		{
			Path: "chat.rating.question", Kind: KindText, Length: MaxNote, Public: "rating.question", Label: say("Pregunta", "Question", "Pergunta"), Help: say("En blanco, la de siempre.", "Blank: the usual one.", "Em branco, a de sempre."),
			builtIn: say("¿Cómo fue la atención?", "How did we do?", "Como foi o atendimento?"),
		},
		{
			Path: "chat.rating.thanks", Kind: KindText, Length: MaxNote, Public: "rating.thanks", Label: say("Agradecimiento", "Thanks", "Agradecimento"), Help: say("En blanco, el de siempre.", "Blank: the usual one.", "Em branco, o de sempre."),
			builtIn: say("Gracias por tu opinión.", "Thank you for telling us.", "Obrigado pela sua opinião."),
		},
		{Path: "chat.rating.comment", Kind: KindSwitch, Public: "rating.comment", Label: say("Permitir un comentario", "Let them add a comment", "Permitir um comentário")},
		{
			Path: "chat.rating.reasons", Kind: KindChoice, Items: 3, standard: []string{"manual"}, Label: say("Después de qué cierres", "After which closes", "Depois de quais fechamentos"),
			Choices: []Choice{
				{"manual", say("Cerró un ejecutivo", "An agent closed", "Um atendente fechou")},
				{"automatic", say("Se cerró solo", "It closed by itself", "Fechou sozinho")},
				{"customer", say("Terminó el cliente", "The customer ended it", "O cliente encerrou")},
			},
		},
	}}
}

// contactGroup returns the settings of the contact form.
func contactGroup() Group {
	return Group{Settings: []Setting{
		{
			Path: "chat.contactForm.enabled", Kind: KindSwitch, Needs: NeedMailer, Label: say("Formulario de contacto", "Contact form", "Formulário de contato"),
			Help: say("Ocupa el lugar del chat cuando no hay ejecutivos en línea. Activa al menos un destino.", "Stands in place of the chat while no agent is online. Switch on at least one target.", "Ocupa o lugar do chat quando não há atendentes on-line. Ative ao menos um destino."),
		},
		{Path: "chat.contactForm.email.enabled", Kind: KindSwitch, Needs: NeedMailer, Label: say("Vincular a una cuenta de email simple", "Link to a plain e-mail account", "Vincular a uma conta de e-mail simples")},
		{Path: "chat.contactForm.email.address", Kind: KindEmail, Length: MaxEmail, Needs: NeedMailer, Label: say("Correo", "E-mail", "E-mail")},
		{Path: "chat.contactForm.mailbox.enabled", Kind: KindSwitch, Needs: NeedMailer, Label: say("Vincular a una cuenta de email manejada", "Link to a mailbox that is managed", "Vincular a uma caixa de correio gerenciada")},
		{Path: "chat.contactForm.mailbox.id", Kind: KindLine, Length: MaxMailbox, Needs: NeedMailer, Label: say("Cuenta", "Mailbox", "Caixa de correio"), Help: say("El nombre que le da tu sistema.", "Your system's name for it.", "O nome que o seu sistema lhe dá.")},
		{
			Path: "chat.contactForm.title", Kind: KindLine, Length: MaxTitle, Public: "contact.title", Label: say("Título de formulario de contacto", "Title of the contact form", "Título do formulário de contato"),
			standard: say("Ahora no hay nadie en línea", "Nobody is online right now", "Agora não há ninguém on-line"),
		},
		{
			Path: "chat.contactForm.description", Kind: KindText, Length: MaxNote, Public: "contact.description", Label: say("Descripción de formulario de contacto", "Description of the contact form", "Descrição do formulário de contato"),
			standard: say("Déjanos tu mensaje y te responderemos por correo.", "Leave us a message and we will answer by e-mail.", "Deixe sua mensagem e responderemos por e-mail."),
		},
		{
			Path: "chat.contactForm.success", Kind: KindText, Length: MaxNote, Public: "contact.success", Label: say("Mensaje de éxito para formulario de contacto", "Success message of the contact form", "Mensagem de sucesso do formulário de contato"),
			standard: say("Recibimos tu mensaje. Gracias por escribirnos.", "We received your message. Thank you for writing.", "Recebemos sua mensagem. Obrigado por escrever."),
		},
		{
			Path: "chat.contactForm.error", Kind: KindText, Length: MaxNote, Public: "contact.error", Label: say("Mensaje de error para formulario de contacto", "Error message of the contact form", "Mensagem de erro do formulário de contato"),
			standard: say("No pudimos guardar tu mensaje. Inténtalo de nuevo.", "We could not save your message. Please try again.", "Não conseguimos guardar sua mensagem. Tente de novo."),
		},
	}}
}
