package chatcfg

var warningMessages = map[Code]phrases{
	WarnContrast: {
		"El contraste entre el color principal y el del texto es %v; para leerse bien necesita %v. El chat lo corrige en pantalla.",
		"The contrast of the primary and the text colour is %v; to be readable it needs %v. The chat corrects it on screen.",
		"O contraste entre a cor principal e a do texto é %v; para ser legível precisa de %v. O chat o corrige na tela.",
	},
	WarnLastMinute: {
		"Cierra a las 23:59: el último minuto del día queda fuera de horario. El fin del día se escribe 24:00.",
		"It closes at 23:59: the last minute of the day is out of hours. The end of the day is written 24:00.",
		"Fecha às 23:59: o último minuto do dia fica fora do horário. O fim do dia se escreve 24:00.",
	},
	WarnTwinDomain: {
		"En las páginas de %v el chat no aparece: es otro dominio. Si existen, agrégalo a los otros dominios.",
		"The chat does not appear on pages of %v, which is another domain. If there are any, add it to the other domains.",
		"Nas páginas de %v o chat não aparece: é outro domínio. Se existirem, adicione-o aos outros domínios.",
	},
	WarnSharedSuffix: {
		"Bajo %v cualquiera puede tener una página, y el chat aparecería en todas. Escribe los dominios tuyos.",
		"Anybody can have a page below %v, and all of them may show the chat. Write the domains that are yours.",
		"Abaixo de %v qualquer pessoa pode ter uma página, e o chat apareceria em todas. Escreva os domínios que são seus.",
	},
	WarnNeverAsked: {
		"Nunca se preguntará: ninguno de estos cierres puede ocurrir.",
		"Nobody will ever be asked: none of these closes can happen.",
		"Nunca se perguntará: nenhum destes fechamentos pode acontecer.",
	},
	WarnAnonymousGreeting: {
		"Un usuario anónimo es un cliente nuevo cada vez: recibirá siempre esta respuesta.",
		"An anonymous user is a new customer each time and will always get this reply.",
		"Um usuário anônimo é um cliente novo a cada vez: sempre receberá esta resposta.",
	},
	WarnAnonymousAsked: {
		"Los usuarios anónimos no podrán empezar: se exige el correo o el RUT.",
		"Anonymous users will not be able to start: an e-mail or the RUT is required.",
		"Os usuários anônimos não poderão começar: exige-se o e-mail ou o RUT.",
	},
	WarnImpersonation: {
		"Quien sepa el correo de un cliente podrá escribir en su nombre.",
		"Anybody who knows a customer's e-mail will be able to write in their name.",
		"Quem souber o e-mail de um cliente poderá escrever em nome dele.",
	},
	WarnIgnoredBot: {
		"El bot no atenderá ningún ticket: los nuevos se crean ignorados.",
		"The bot will get no ticket: new ones are created ignored.",
		"O bot não atenderá nenhum ticket: os novos são criados ignorados.",
	},
	WarnNotifyNothing: {
		"Se notifican solo los tickets importantes, y ninguna palabra los marca: no llegará ningún correo.",
		"Only important tickets are notified, and no word marks any: no e-mail will come.",
		"Só se notificam os tickets importantes, e nenhuma palavra os marca: não chegará nenhum e-mail.",
	},
	WarnCloseBeforeSLA: {
		"Los tickets se cerrarían solos antes de que se cumpla el tiempo de respuesta (SLA).",
		"Tickets would close by themselves in less time than the SLA allows for an answer.",
		"Os tickets se fechariam sozinhos antes do tempo de resposta (SLA).",
	},
	WarnCloseNeverFires: {
		"Este mensaje no se enviará: los tickets no se cierran solos.",
		"This message will not be sent: tickets do not close by themselves.",
		"Esta mensagem não será enviada: os tickets não se fecham sozinhos.",
	},
	WarnBothAvailability: {
		"Fuera del horario, sin ejecutivos, un mensaje recibirá dos respuestas automáticas.",
		"Out of hours, without agents, one message will get two automatic replies.",
		"Fora do horário, sem atendentes, uma mensagem receberá duas respostas automáticas.",
	},
	WarnFormAndReply: {
		"Sin ejecutivos, el formulario de contacto reemplaza al chat: esta respuesta solo llegará a conversaciones ya iniciadas.",
		"Without agents the contact form replaces the chat: this reply will only reach conversations that have begun.",
		"Sem atendentes, o formulário de contato substitui o chat: esta resposta só chegará a conversas já iniciadas.",
	},
	WarnFormSilent: {
		"El formulario de contacto no dirá nada a quien lo envíe.",
		"The contact form will say nothing to a visitor who sends it.",
		"O formulário de contato não dirá nada a quem o enviar.",
	},
	WarnOnlyOff: {
		"Esta red social está desactivada, pero su opción «solo redes sociales» rige igual.",
		"This social login is off, but its option “social logins only” holds all the same.",
		"Esta rede social está desativada, mas a opção «só redes sociais» vale assim mesmo.",
	},
	WarnIgnoredSLA: {
		"Los tickets se crean ignorados, y los ignorados no cuentan para el SLA.",
		"Tickets are created ignored, and ignored ones do not count for the SLA.",
		"Os tickets são criados ignorados, e os ignorados não contam para o SLA.",
	},
	WarnKeywordComma: {
		"«%v» solo se encuentra si el cliente también escribe la coma; si son varias palabras, va cada una por separado.",
		"“%v” is only found where the customer writes the comma, too; if these are several words, give each by itself.",
		"«%v» só é encontrado se o cliente também escrever a vírgula; se são várias palavras, vai cada uma em separado.",
	},
	WarnLeapDay: {
		"El 29 de febrero solo existe en los años bisiestos.",
		"29 February is in leap years only.",
		"O dia 29 de fevereiro só existe nos anos bissextos.",
	},
	WarnNoLogin: {
		"Este sistema no tiene conexión con %v: el botón no aparecerá.",
		"This system has no login with %v: the button will not be there.",
		"Este sistema não tem conexão com o %v: o botão não aparecerá.",
	},
	WarnNobodyEnters: {
		"Nadie podrá empezar una conversación: solo se entra por redes sociales, y este sistema no tiene ninguna de las activadas.",
		"Nobody will be able to start a conversation: only social logins enter, and this system has none that is on.",
		"Ninguém poderá começar uma conversa: só se entra por redes sociais, e este sistema não tem nenhuma das ativadas.",
	},
	WarnNoMailer: {
		"Este sistema no envía correos.",
		"This system sends no e-mails.",
		"Este sistema não envia e-mails.",
	},
	WarnNoMailbox: {
		"Este sistema no maneja ninguna cuenta «%v».",
		"This system manages no mailbox “%v”.",
		"Este sistema não gerencia nenhuma caixa «%v».",
	},
	WarnLiteralBraces: {
		"{{%v}} no es una variable; la variable se escribe con una sola llave.",
		"{{%v}} is not a variable; a variable is written with single braces.",
		"{{%v}} não é uma variável; a variável se escreve com uma só chave.",
	},
	WarnPlainVariable: {
		"Aquí la variable «%v» no se reemplaza: el texto se muestra tal cual.",
		"The variable “%v” is not filled in here: the text is shown as it is.",
		"Aqui a variável «%v» não é substituída: o texto é mostrado como está.",
	},
	WarnEmptyVariable: {
		"La variable «%v» puede quedar vacía aquí; dale una alternativa, como en {customer|amigo}.",
		"The variable “%v” may be empty here; give it a fallback, as in {customer|friend}.",
		"A variável «%v» pode ficar vazia aqui; dê-lhe uma alternativa, como em {customer|amigo}.",
	},
}
