package chatcfg

// say returns a text in the three languages.
func say(es, en, pt string) Words { return Words{ES: es, EN: en, PT: pt} }

// Units returns the units of a [Duration], as choices.
func Units() []Choice {
	return []Choice{
		{string(UnitSeconds), say("segundos", "seconds", "segundos")},
		{string(UnitMinutes), say("minutos", "minutes", "minutos")},
		{string(UnitHours), say("horas", "hours", "horas")},
		{string(UnitDays), say("días", "days", "dias")},
	}
}

// clocks returns the ways to count time, as choices.
func clocks() []Choice {
	return []Choice{
		{string(Wall), say("Tiempo corrido", "Elapsed time", "Tempo corrido")},
		{string(Business), say("Solo en horario laboral", "In business hours only", "Só no horário de atendimento")},
	}
}

// qualitySection returns the settings of service quality, and of business hours.
func qualitySection() Section {
	return Section{
		Key:   "quality",
		Label: say("Calidad de Servicio", "Service quality", "Qualidade do serviço"),
		Help:  say("Cuánto puede esperar un cliente antes de que su ticket se considere con demora.", "How long a customer may wait before the ticket counts as delayed.", "Quanto um cliente pode esperar antes que o ticket seja considerado atrasado."),
		Groups: []Group{
			{
				Label: say("SLA para tiempos de respuesta", "SLA for response times", "SLA para tempos de resposta"),
				Help:  say("Sin un número, ningún ticket se considera con demora.", "Without a number no ticket counts as delayed.", "Sem um número, nenhum ticket é considerado atrasado."),
				Settings: []Setting{
					{Path: "quality.sla", Kind: KindDuration, Min: 1, Label: say("Tiempo máximo de respuesta", "Longest time to answer", "Tempo máximo de resposta")},
					{Path: "quality.clock", Kind: KindChoice, Choices: clocks(), standard: string(Wall), Label: say("Cómo se cuenta", "How it is counted", "Como é contado")},
				},
			},
			{
				Label: say("Horario laboral", "Business hours", "Horário de atendimento"),
				Help:  say("Lo usan los mensajes fuera de horario y los plazos que cuentan en horario laboral.", "Used by out-of-hours messages and by times that count in business hours.", "É usado pelas mensagens fora do horário e pelos prazos que contam no horário de atendimento."),
				Settings: []Setting{
					{Path: "hours.timezone", Kind: KindZone, Label: say("Zona horaria", "Time zone", "Fuso horário"), Help: say("La de la cuenta, también sin horario laboral. Un nombre IANA, como America/Santiago.", "The account's, also without business hours. An IANA name, such as America/Santiago.", "O da conta, também sem horário de atendimento. Um nome IANA, como America/Sao_Paulo.")},
					{
						Path: "hours.weekly", Kind: KindRows, Items: MaxWeekly,
						Label: say("Cada semana", "Every week", "Toda semana"),
						Help:  say("Un cierre antes de la apertura es al día siguiente; 24:00 es el fin del día.", "A close before the opening is on the next day; 24:00 is the end of the day.", "Um fechamento antes da abertura é no dia seguinte; 24:00 é o fim do dia."),
						Columns: []Setting{
							{Path: "day", Kind: KindChoice, Choices: dayChoices(), Required: true, Label: say("Día", "Day", "Dia")},
							{Path: "open", Kind: KindTime, Required: true, Label: say("Abre", "Opens", "Abre")},
							{Path: "close", Kind: KindEnd, Required: true, Label: say("Cierra", "Closes", "Fecha")},
						},
					},
					{
						Path: "hours.exceptions", Kind: KindRows, Items: MaxExceptions, either: [][]string{{"date"}, {"yearly"}, {"from", "to"}},
						Label: say("Fechas especiales", "Special dates", "Datas especiais"),
						Help: say("Reemplazan el horario habitual: una fecha, una de cada año (MM-DD), o desde una fecha hasta otra. Una fecha va antes que un período, y este antes que una de cada año.",
							"They replace the usual hours: one date, one of every year (MM-DD), or from one date to another. A date comes before a range, and that before one of every year.",
							"Substituem o horário de costume: uma data, uma de cada ano (MM-DD), ou de uma data até outra. Uma data vem antes de um período, e este antes de uma de cada ano."),
						Columns: []Setting{
							{Path: "date", Kind: KindDate, Label: say("Fecha", "Date", "Data")},
							{Path: "yearly", Kind: KindYearly, Label: say("Cada año", "Every year", "Todo ano")},
							{Path: "from", Kind: KindDate, Label: say("Desde", "From", "De")},
							{Path: "to", Kind: KindDate, Label: say("Hasta", "To", "Até")},
							{Path: "closed", Kind: KindSwitch, Label: say("Cerrado", "Closed", "Fechado")},
							{Path: "open", Kind: KindTime, Label: say("Abre", "Opens", "Abre")},
							{Path: "close", Kind: KindEnd, Label: say("Cierra", "Closes", "Fecha")},
						},
					},
				},
			},
		},
	}
}

// dayChoices returns the days of the week, as choices.
func dayChoices() []Choice {
	return []Choice{
		{string(Monday), say("Lunes", "Monday", "Segunda-feira")},
		{string(Tuesday), say("Martes", "Tuesday", "Terça-feira")},
		{string(Wednesday), say("Miércoles", "Wednesday", "Quarta-feira")},
		{string(Thursday), say("Jueves", "Thursday", "Quinta-feira")},
		{string(Friday), say("Viernes", "Friday", "Sexta-feira")},
		{string(Saturday), say("Sábado", "Saturday", "Sábado")},
		{string(Sunday), say("Domingo", "Sunday", "Domingo")},
	}
}

// textAction returns the settings of an automatic action that sends a text: whether it
// is on, and its texts.
func textAction(key string, label, help Words) Group {
	return Group{Settings: []Setting{
		{Path: "automation." + key + ".enabled", Kind: KindSwitch, Label: label, Help: help},
		{Path: "automation." + key + ".messages", Kind: KindTemplate, Items: MaxMessages, Length: MaxText, Label: say("Mensajes", "Messages", "Mensagens")},
	}}
}

// automationSection returns the settings of automatic actions.
func automationSection() Section {
	return Section{
		Key:   "automation",
		Label: say("Acciones automáticas", "Automatic actions", "Ações automáticas"),
		Help: say("Cada acción se activa o no. De los textos de una acción se envía uno al azar; pueden llevar {customer}, {agent}, {account} y {nextOpen}, con una alternativa: {customer|amigo}.",
			"Each action is on or off. One of an action's texts is sent, at random; they may hold {customer}, {agent}, {account} and {nextOpen}, with a fallback: {customer|friend}.",
			"Cada ação se ativa ou não. Dos textos de uma ação se envia um ao acaso; podem levar {customer}, {agent}, {account} e {nextOpen}, com uma alternativa: {customer|amigo}."),
		Groups: []Group{
			{Settings: []Setting{
				{
					Path: "automation.autoClose.enabled", Kind: KindSwitch,
					Label: say("Cerrar ticket si no hay respuesta del cliente", "Close tickets that the customer left unanswered", "Fechar o ticket se o cliente não responder"),
					Help:  say("Cuenta desde la última palabra del ejecutivo.", "Counts from the agent's last word.", "Conta desde a última palavra do atendente."),
				},
				{Path: "automation.autoClose.after", Kind: KindDuration, Min: 60, Label: say("Tiempo sin respuesta", "Time without answer", "Tempo sem resposta"), Help: say("Desde un minuto.", "One minute or more.", "A partir de um minuto.")},
				{Path: "automation.autoClose.clock", Kind: KindChoice, Choices: clocks(), standard: string(Wall), Label: say("Cómo se cuenta", "How it is counted", "Como é contado")},
			}},
			{Settings: []Setting{
				{
					Path: "automation.reminders.enabled", Kind: KindSwitch,
					Label: say("Recordatorios antes del cierre", "Reminders before the close", "Lembretes antes do fechamento"),
					Help:  say("Al cliente que no responde. Cuentan como el cierre sin respuesta, también si este no está activado.", "To a customer who does not answer. They count as the close without answer does, also where that is off.", "Ao cliente que não responde. Contam como o fechamento sem resposta, também se este não está ativado."),
				},
				{
					Path: "automation.reminders.steps", Kind: KindRows, Items: MaxReminders,
					Label: say("Recordatorios", "Reminders", "Lembretes"),
					Help:  say("Cada uno después del anterior y antes del cierre.", "Each later than the one before it, and before the close.", "Cada um depois do anterior e antes do fechamento."),
					Columns: []Setting{
						{Path: "after", Kind: KindDuration, Min: 1, Required: true, Label: say("Tiempo sin respuesta", "Time without answer", "Tempo sem resposta")},
						{Path: "messages", Kind: KindTemplate, Items: MaxMessages, Length: MaxText, Required: true, Label: say("Mensajes", "Messages", "Mensagens")},
					},
				},
			}},
			textAction("newCustomer", say("Respuesta automática a nuevos clientes", "Automatic reply to new customers", "Resposta automática a novos clientes"),
				say("Al primer mensaje que un cliente escribe.", "At the first message that a customer writes.", "Na primeira mensagem que um cliente escreve.")),
			textAction("noAgents", say("Respuesta automática ante ausencia de ejecutivos", "Automatic reply when no agent is there", "Resposta automática na ausência de atendentes"),
				say("Una vez por ticket y ausencia.", "Once per ticket and absence.", "Uma vez por ticket e ausência.")),
			textAction("outOfHours", say("Mensajes automáticos fuera del horario laboral", "Automatic messages out of hours", "Mensagens automáticas fora do horário de atendimento"),
				say("Una vez por ticket y cierre. Necesita el horario laboral.", "Once per ticket and closed interval. Needs business hours.", "Uma vez por ticket e fechamento. Precisa do horário de atendimento.")),
			textAction("ticketCreated", say("Respuesta automática ante la creación de tickets", "Automatic reply when a ticket is created", "Resposta automática na criação de tickets"),
				say("También para los que se crean ignorados.", "For those created ignored, too.", "Também para os que são criados ignorados.")),
			textAction("manualClose", say("Respuesta automática ante cierre manual de ticket", "Automatic reply when an agent closes", "Resposta automática no fechamento manual do ticket"),
				say("Cuando un ejecutivo cierra.", "When an agent closes.", "Quando um atendente fecha.")),
			textAction("automaticClose", say("Respuesta automática ante cierre automático de ticket", "Automatic reply when a ticket closes by itself", "Resposta automática no fechamento automático do ticket"),
				say("Cuando el ticket se cierra solo.", "When the ticket closes by itself.", "Quando o ticket é fechado automaticamente.")),
			{
				Label: say("Cuando se cumplen varias", "When several hold", "Quando várias se aplicam"),
				Settings: []Setting{{
					Path: "automation.combine", Kind: KindChoice, standard: string(CombineAll), Label: say("Respuestas a un mismo mensaje", "Replies to one message", "Respostas a uma mesma mensagem"),
					Choices: []Choice{
						{string(CombineAll), say("Enviar todas las que correspondan", "Send every one that holds", "Enviar todas as que se aplicam")},
						{string(CombineFirst), say("Fuera de horario primero; ausencia de ejecutivos espera", "Out of hours first; no agents waits", "Fora do horário primeiro; ausência de atendentes espera")},
					},
				}},
			},
		},
	}
}

// generalSection returns the general options.
func generalSection() Section {
	return Section{
		Key:   "general",
		Label: say("Opciones Generales", "General options", "Opções gerais"),
		Help:  say("Importancia, avisos por correo y cómo nacen los tickets.", "Importance, notices by e-mail and how tickets are born.", "Importância, avisos por e-mail e como nascem os tickets."),
		Groups: []Group{
			{Settings: []Setting{
				{
					Path: "general.important.enabled", Kind: KindSwitch,
					Label: say("Marcar tickets como importantes automáticamente basado en el contenido del mensaje", "Mark tickets important by what the message says", "Marcar tickets como importantes pelo conteúdo da mensagem"),
					Help:  say("Mayúsculas y acentos dan lo mismo; recl* encuentra reclamo y reclamar.", "Case and accents do not matter; recl* finds reclamo and reclamar.", "Maiúsculas e acentos não importam; recl* encontra reclamação e reclamar."),
				},
				{Path: "general.important.keywords", Kind: KindKeyword, Items: MaxKeywords, Length: MaxKeyword, Label: say("Palabras y frases", "Words and phrases", "Palavras e frases"), Help: say("Una por línea, o separadas por comas; entre comillas la que lleva una coma.", "One a line, or separated by commas; one that has a comma in quotes.", "Uma por linha, ou separadas por vírgulas; entre aspas a que tem uma vírgula.")},
			}},
			{
				Label: say("Notificación de Tickets", "Ticket notification", "Notificação de tickets"),
				Settings: []Setting{
					{
						Path: "general.notify.tickets", Kind: KindChoice, standard: string(NotifyNone), Needs: NeedMailer, Label: say("Qué se notifica", "What is notified", "O que é notificado"),
						Choices: []Choice{
							{string(NotifyNone), say("No notificar", "Do not notify", "Não notificar")},
							{string(NotifyImportant), say("Notificar sólo tickets importantes", "Notify important tickets only", "Notificar só tickets importantes")},
							{string(NotifyAll), say("Notificar todos los tickets", "Notify all tickets", "Notificar todos os tickets")},
						},
					},
					{Path: "general.notify.to", Kind: KindEmail, Items: MaxAddresses, Length: MaxEmail, Needs: NeedMailer, Label: say("Correos", "E-mails", "E-mails"), Help: say("Uno por línea.", "One a line.", "Um por linha.")},
				},
			},
			{Settings: []Setting{{
				Path: "general.createIgnored", Kind: KindSwitch, Label: say("Crear los tickets ignorados", "Create tickets ignored", "Criar os tickets ignorados"),
				Help: say("Un ticket nuevo nace en estado Ignorado, en vez de Abierto.", "A new ticket is born Ignored, instead of Open.", "Um ticket novo nasce Ignorado, em vez de Aberto."),
			}}},
			{Settings: []Setting{{
				Path: "general.assignment.onReply", Kind: KindSwitch, standard: true,
				Label: say("Asignar el ticket a quien responde", "Assign a ticket to who replies", "Atribuir o ticket a quem responde"),
				Help:  say("Si no lo tiene nadie.", "If nobody has it.", "Se ninguém o tem."),
			}}},
			{
				Label: say("Categorías", "Categories", "Categorias"),
				Help:  say("Si hay alguna, un ticket solo se tipifica con una de ellas.", "Where there are any, a ticket is categorised by one of them only.", "Se há alguma, um ticket só se tipifica com uma delas."),
				Settings: []Setting{
					{Path: "general.categories", Kind: KindLine, Items: MaxCategories, Length: MaxCategory, Label: say("Nombres", "Names", "Nomes"), Help: say("Uno por línea.", "One a line.", "Um por linha.")},
				},
			},
			{Settings: []Setting{
				{
					Path: "general.bot.enabled", Kind: KindSwitch, Label: say("El bot atiende primero", "The bot answers first", "O bot atende primeiro"),
					Help: say("Los tickets nuevos empiezan con el bot, que los pasa a los ejecutivos.", "New tickets begin with the bot, which hands them over to the agents.", "Os tickets novos começam com o bot, que os passa aos atendentes."),
				},
				{
					Path: "general.bot.timeout", Kind: KindDuration, Min: 1, standard: Duration{Value: 30, Unit: UnitSeconds}, Label: say("Tiempo para que responda", "Time for it to answer", "Tempo para que responda"),
					Help: say("Si no responde a tiempo, el ticket pasa a los ejecutivos.", "If it does not answer in time, the agents get the ticket.", "Se não responde a tempo, o ticket passa aos atendentes."),
				},
			}},
			{
				Label: say("Reapertura", "Reopening", "Reabertura"),
				Help:  say("Quien escribe dentro de este plazo tras el cierre sigue en el mismo ticket.", "Who writes within this time after the close goes on in the same ticket.", "Quem escreve dentro deste prazo depois do fechamento segue no mesmo ticket."),
				Settings: []Setting{
					{Path: "general.reopenWindow", Kind: KindDuration, Min: 1, Label: say("Plazo para reabrir", "Time to reopen", "Prazo para reabrir"), Help: say("Sin un número, siempre se crea un ticket nuevo.", "Without a number there is always a new ticket.", "Sem um número, sempre se cria um ticket novo.")},
				},
			},
		},
	}
}
