package chatcfg

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// Message returns the problem in a reader's language: a sentence without the path.
// [Auto] and unknown locales read as English. An unknown code is its own
// message; an argument that is missing reads "?".
func (p Problem) Message(l Locale) string {
	all := messages()
	verbs, known := all.verbs[p.Code]
	if !known {
		return string(p.Code)
	}
	tag := language.English
	switch l {
	case Spanish:
		tag = language.Spanish
	case Portuguese:
		tag = language.Portuguese
	}
	args := make([]any, verbs)
	for i := range args {
		args[i] = "?"
		if i < len(p.Args) {
			args[i] = p.Args[i]
		}
		if s, ok := args[i].(string); ok {
			args[i] = shorten(s)
		}
	}
	return message.NewPrinter(tag, message.Catalog(all.catalog)).Sprintf(string(p.Code), args...)
}

type catalogue struct {
	catalog catalog.Catalog
	// verbs says how many arguments the message of a code has.
	verbs map[Code]int
}

// messages is the catalogue of all messages, made once.
var messages = sync.OnceValue(func() catalogue {
	builder := catalog.NewBuilder(catalog.Fallback(language.English))
	verbs := make(map[Code]int)
	for _, table := range [...]map[Code]phrases{problemMessages, warningMessages} {
		for code, text := range table {
			for tag, s := range map[language.Tag]string{
				language.Spanish: text.es, language.English: text.en, language.Portuguese: text.pt,
			} {
				if err := builder.SetString(tag, string(code), s); err != nil {
					panic("chatcfg: message " + string(code) + ": " + err.Error())
				}
			}
			verbs[code] = strings.Count(text.en, "%v")
		}
	}
	return catalogue{builder, verbs}
})

// phrases are a message in the three languages. The verbs are %v, so that an
// argument that has been through JSON reads alike.
type phrases struct{ es, en, pt string }

var problemMessages = map[Code]phrases{
	CodeTooLarge: {
		"El documento pasa de %v bytes.",
		"The document is larger than %v bytes.",
		"O documento passa de %v bytes.",
	},
	CodeSyntax: {
		"No es JSON válido: error en la línea %v, columna %v.",
		"Not valid JSON: error at line %v, column %v.",
		"Não é JSON válido: erro na linha %v, coluna %v.",
	},
	CodeTooDeep: {
		"Hay más de %v niveles anidados.",
		"There are more than %v nested levels.",
		"Há mais de %v níveis aninhados.",
	},
	CodeUnknownKey: {
		"Esta clave no existe.",
		"There is no such key.",
		"Esta chave não existe.",
	},
	CodeDuplicateKey: {
		"Esta clave está repetida.",
		"This key stands twice.",
		"Esta chave está repetida.",
	},
	CodeNotObject: {
		"Debe ser un objeto.",
		"Must be an object.",
		"Deve ser um objeto.",
	},
	CodeNotList: {
		"Debe ser una lista.",
		"Must be a list.",
		"Deve ser uma lista.",
	},
	CodeNotText: {
		"Debe ser un texto.",
		"Must be a text.",
		"Deve ser um texto.",
	},
	CodeNotBoolean: {
		"Debe ser verdadero o falso (true o false).",
		"Must be true or false.",
		"Deve ser verdadeiro ou falso (true ou false).",
	},
	CodeNotInteger: {
		"Debe ser un número entero.",
		"Must be a whole number.",
		"Deve ser um número inteiro.",
	},
	CodeOverflow: {
		"El número es demasiado grande.",
		"The number is too large.",
		"O número é grande demais.",
	},
	CodeRequired: {
		"Falta este dato.",
		"This is missing.",
		"Falta este dado.",
	},
	CodeBlank: {
		"No puede estar en blanco.",
		"Must not be blank.",
		"Não pode estar em branco.",
	},
	CodeTooLong: {
		"Tiene más de %v caracteres.",
		"Longer than %v characters.",
		"Tem mais de %v caracteres.",
	},
	CodeTooMany: {
		"Hay más de %v.",
		"There are more than %v.",
		"Há mais de %v.",
	},
	CodeInvalidUTF8: {
		"El texto no es UTF-8 válido.",
		"The text is not valid UTF-8.",
		"O texto não é UTF-8 válido.",
	},
	CodeControlCharacter: {
		"Contiene caracteres de control o, si es de una sola línea, saltos de línea.",
		"Holds control characters or, in a single line, line breaks.",
		"Contém caracteres de controle ou, se for de uma só linha, quebras de linha.",
	},
	CodeInvalidChoice: {
		"«%v» no es una de las opciones: %v.",
		"“%v” is not one of the choices: %v.",
		"«%v» não é uma das opções: %v.",
	},
	CodeDuplicate: {
		"«%v» está repetido.",
		"“%v” stands twice.",
		"«%v» aparece duas vezes.",
	},
	CodeOutOfRange: {
		"Debe estar entre %v y %v.",
		"Must be from %v to %v.",
		"Deve estar entre %v e %v.",
	},
	CodeNotPositive: {
		"Debe ser mayor que cero.",
		"Must be greater than zero.",
		"Deve ser maior que zero.",
	},
	CodeDurationShort: {
		"Debe ser de al menos un minuto.",
		"Must be at least one minute.",
		"Deve ser de pelo menos um minuto.",
	},
	CodeDurationLong: {
		"Debe ser de a lo más %v días.",
		"Must be at most %v days.",
		"Deve ser de no máximo %v dias.",
	},
	CodeInvalidEmail: {
		"No es una dirección de correo válida.",
		"Not a valid e-mail address.",
		"Não é um endereço de e-mail válido.",
	},
	CodeInvalidRUT: {
		"No es un RUT válido; revisa el dígito verificador.",
		"Not a valid RUT; look at its check digit.",
		"Não é um RUT válido; confira o dígito verificador.",
	},
	CodeInvalidColor: {
		"Un color se escribe #RGB o #RRGGBB.",
		"A colour is written #RGB or #RRGGBB.",
		"Uma cor se escreve #RGB ou #RRGGBB.",
	},
	CodeInvalidDomain: {
		"No es un dominio válido; escribe por ejemplo tienda.cl.",
		"Not a valid domain; write for example shop.com.",
		"Não é um domínio válido; escreva por exemplo loja.com.br.",
	},
	CodeNoHours: {
		"Necesita un horario de atención, y no hay ninguno.",
		"Needs business hours, and there are none.",
		"Precisa de um horário de atendimento, e não há nenhum.",
	},
	CodeUnknownVariable: {
		"La variable «%v» no existe. Las que hay: %v. Una llave que no es de una variable se escribe {{.",
		"There is no variable “%v”. There are: %v. A brace that is not a variable's is written {{.",
		"A variável «%v» não existe. As que há: %v. Uma chave que não é de uma variável se escreve {{.",
	},
	CodeOpenBrace: {
		"Hay una llave { sin cerrar. Una llave que no es de una variable se escribe {{.",
		"A brace { is not closed. A brace that is not a variable's is written {{.",
		"Há uma chave { sem fechar. Uma chave que não é de uma variável se escreve {{.",
	},
	CodeNestedBrace: {
		"Hay una llave { dentro de una variable.",
		"There is a brace { inside a variable.",
		"Há uma chave { dentro de uma variável.",
	},
	CodeTooManyVariables: {
		"El texto tiene más de %v variables.",
		"The text has more than %v variables.",
		"O texto tem mais de %v variáveis.",
	},
	CodeKeywordStar: {
		"El asterisco solo puede ir al final de una palabra, como en recl*.",
		"The asterisk may only stand at the end of a word, as in recl*.",
		"O asterisco só pode ficar no fim de uma palavra, como em recl*.",
	},
	CodeFormWithoutTarget: {
		"El formulario de contacto necesita un correo o un buzón al que llegar.",
		"The contact form needs an e-mail address or a mailbox to go to.",
		"O formulário de contato precisa de um e-mail ou de uma caixa de correio de destino.",
	},
	CodeOnlyWithoutProvider: {
		"Solo redes sociales, pero ninguna está activada.",
		"Social logins only, but none is on.",
		"Só redes sociais, mas nenhuma está ativada.",
	},
	CodeNotLater: {
		"Debe ser después del recordatorio anterior.",
		"Must be later than the reminder before it.",
		"Deve ser depois do lembrete anterior.",
	},
	CodeAfterClose: {
		"Debe ser antes del cierre sin respuesta.",
		"Must be before the close without answer.",
		"Deve ser antes do fechamento sem resposta.",
	},
	CodeOnlyWithAnonymous: {
		"No puede haber usuarios anónimos si solo se entra con redes sociales.",
		"There cannot be anonymous users where only social logins enter.",
		"Não pode haver usuários anônimos se só se entra com redes sociais.",
	},
	CodeAnonymousOff: {
		"Este chat no acepta usuarios anónimos.",
		"This chat takes no anonymous users.",
		"Este chat não aceita usuários anônimos.",
	},
	CodeSocialOff: {
		"Este chat no tiene inicio de sesión con redes sociales.",
		"This chat has no social login.",
		"Este chat não tem login com redes sociais.",
	},
	CodeSocialOnly: {
		"A este chat se entra solo con redes sociales.",
		"This chat is for social logins only.",
		"Neste chat só se entra com redes sociais.",
	},
	CodeUnwanted: {
		"Esto no corresponde aquí.",
		"This does not belong here.",
		"Isto não cabe aqui.",
	},
	CodeNotAfter: {
		"Debe ser posterior a «%v».",
		"Must be after “%v”.",
		"Deve ser posterior a «%v».",
	},
	CodeCommentOff: {
		"Aquí no se aceptan comentarios.",
		"Comments are not taken here.",
		"Aqui não se aceitam comentários.",
	},
	CodeUnknownTimezone: {
		"«%v» no es una zona horaria; escribe por ejemplo America/Santiago.",
		"“%v” is not a time zone; write for example America/Santiago.",
		"«%v» não é um fuso horário; escreva por exemplo America/Sao_Paulo.",
	},
	CodeNoIntervals: {
		"El horario de atención no tiene ningún intervalo.",
		"The business hours have no interval.",
		"O horário de atendimento não tem nenhum intervalo.",
	},
	CodeUnknownDay: {
		"«%v» no es un día; se escriben en inglés y en minúsculas, como monday.",
		"“%v” is not a day; write them in lower case, such as monday.",
		"«%v» não é um dia; escrevem-se em inglês e em minúsculas, como monday.",
	},
	CodeBadTime: {
		"«%v» no es una hora; se escribe HH:MM.",
		"“%v” is not a time; write HH:MM.",
		"«%v» não é uma hora; escreve-se HH:MM.",
	},
	CodeEqualTimes: {
		"Abre y cierra a la misma hora, %v. Un día entero es de 00:00 a 24:00.",
		"It opens and closes at the same time, %v. A whole day is 00:00 to 24:00.",
		"Abre e fecha à mesma hora, %v. Um dia inteiro é de 00:00 a 24:00.",
	},
	CodeBadDate: {
		"«%v» no es una fecha; se escribe AAAA-MM-DD.",
		"“%v” is not a date; write YYYY-MM-DD.",
		"«%v» não é uma data; escreve-se AAAA-MM-DD.",
	},
	CodeBadYearly: {
		"«%v» no es una fecha de cada año; se escribe MM-DD, como 09-18.",
		"“%v” is not a date of every year; write MM-DD, such as 09-18.",
		"«%v» não é uma data de cada ano; escreve-se MM-DD, como 09-07.",
	},
	CodeReversedDates: {
		"El período del %v al %v termina antes de empezar.",
		"The range from %v to %v ends before it begins.",
		"O período de %v a %v termina antes de começar.",
	},
	CodeSeveralDates: {
		"Una excepción tiene una fecha, una de cada año o un período, no varios a la vez.",
		"An exception has one date, one of every year or a range, not several of these.",
		"Uma exceção tem uma data, uma de cada ano ou um período, não vários ao mesmo tempo.",
	},
	CodeClosedWithTimes: {
		"El %v está cerrado y a la vez tiene intervalos.",
		"%v is closed and has intervals, too.",
		"O dia %v está fechado e ao mesmo tempo tem intervalos.",
	},
	CodeFilesOff: {
		"Este chat no acepta archivos.",
		"This chat takes no files.",
		"Este chat não aceita arquivos.",
	},
	CodeFileType: {
		"Este tipo de archivo no se acepta.",
		"Files of this type are not taken.",
		"Este tipo de arquivo não é aceito.",
	},
	CodeFileEnding: {
		"Por su contenido el archivo es %v: su nombre debe terminar en %v.",
		"By its content the file is %v: its name must end in %v.",
		"Pelo conteúdo o arquivo é %v: o nome deve terminar em %v.",
	},
	CodeFileName: {
		"Windows entiende «%v» como otra cosa que un archivo; cambia el nombre.",
		"Windows takes “%v” for something other than a file; change the name.",
		"O Windows entende «%v» como outra coisa que não um arquivo; mude o nome.",
	},
	CodeFileTooLarge: {
		"El archivo pasa de %v bytes.",
		"The file is larger than %v bytes.",
		"O arquivo passa de %v bytes.",
	},
	CodeFilesFull: {
		"Los archivos de este chat llegaron a su límite de %v bytes.",
		"The files of this chat have reached their limit of %v bytes.",
		"Os arquivos deste chat chegaram ao limite de %v bytes.",
	},
	CodeImageTooLarge: {
		"La imagen pasa de %v.",
		"The picture is larger than %v.",
		"A imagem passa de %v.",
	},
	CodeImageType: {
		"No es una imagen PNG, JPEG, GIF o WebP.",
		"Not a PNG, JPEG, GIF or WebP picture.",
		"Não é uma imagem PNG, JPEG, GIF ou WebP.",
	},
	CodeImageNotSquare: {
		"La imagen debe tener el mismo alto que ancho; mide %v.",
		"The picture must be as high as it is wide; it measures %v.",
		"A imagem deve ter a mesma altura e largura; mede %v.",
	},
	CodeLogoSize: {
		"El logo debe medir %v; mide %v.",
		"The logo must measure %v; it measures %v.",
		"O logo deve medir %v; mede %v.",
	},
	CodeImageFrames: {
		"La animación tiene más de %v cuadros.",
		"The animation has more than %v frames.",
		"A animação tem mais de %v quadros.",
	},
	CodeImageRest: {
		"La imagen trae %v bytes después de su final; guárdala de nuevo con un programa de imágenes.",
		"%v bytes follow the end of the picture; save it again with a picture program.",
		"A imagem traz %v bytes depois do seu final; salve-a de novo com um programa de imagens.",
	},
	CodeImageChecksum: {
		"La suma de control de la imagen no corresponde (parte «%v»): se dañó en el camino; guárdala o súbela de nuevo.",
		"The picture's checksum is wrong (part “%v”): it was damaged on its way; save or upload it again.",
		"A soma de verificação da imagem não confere (parte «%v»): danificou-se no caminho; salve-a ou envie-a de novo.",
	},
	CodeImageBroken: {
		"La imagen está dañada o contiene algo más que una imagen.",
		"The picture is damaged, or holds something besides a picture.",
		"A imagem está danificada ou contém algo além de uma imagem.",
	},
}
