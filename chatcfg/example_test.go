package chatcfg_test

import (
	"errors"
	"fmt"

	"github.com/charlahq/charla/chatcfg"
)

// Every problem comes at once, each with its path, a code, and a message in the
// reader's language.
func ExampleApply() {
	current := chatcfg.Default(chatcfg.Spanish)
	_, err := chatcfg.Apply(current, []byte(`{
		"automation": {"noAgents": {"enabled": true, "messages": ["Hola {cliente}", " "]}},
		"chat": {"name": "Tienda", "domain": "https://tienda.cl/", "colour": "#fff", "notification": {"count": 4}}
	}`))
	var problems chatcfg.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Printf("%s (%s): %s\n", p.Path, p.Code, p.Message(chatcfg.English))
		}
	}
	// Output:
	// chat.colour (unknown_key): There is no such key.
	// automation.noAgents.messages[0] (unknown_variable): There is no variable “cliente”. There are: customer, agent, account, nextOpen. A brace that is not a variable's is written {{.
	// automation.noAgents.messages[1] (blank): Must not be blank.
	// chat.notification.count (out_of_range): Must be from 1 to 3.
}

func ExampleDecode() {
	config, err := chatcfg.Decode([]byte(`{"chat": {"name": "Loja", "domain": "loja.com.br", "locale": "pt"}}`))
	fmt.Println(err, config.Chat.LongButton.Text.Any)

	_, err = chatcfg.Decode([]byte(`{"chat": {"nome": "Loja"}, "quality": {"sla": {"value": 1.5}}}`))
	fmt.Println(err)
	// Output:
	// <nil> Precisa de ajuda?
	// chatcfg: chat.nome: There is no such key.; quality.sla.value: Must be a whole number.
}

// A patch changes what it names; null takes a default back.
func ExampleMerge() {
	config := chatcfg.Default(chatcfg.English)
	config, _ = chatcfg.Merge(config, []byte(`{"quality": {"sla": {"value": 3, "unit": "minutes"}}, "chat": {"headerMessage": "Hi"}}`))
	fmt.Println(config.Quality.SLA.Std(), config.Chat.HeaderMessage.Any)
	config, _ = chatcfg.Merge(config, []byte(`{"quality": {"sla": {"value": 5}}, "chat": {"headerMessage": null}}`))
	fmt.Println(config.Quality.SLA.Std(), config.Chat.HeaderMessage.Any)
	// Output:
	// 3m0s Hi
	// 5m0s We will answer you here as soon as we can.
}

func ExampleConfig_Lint() {
	config := chatcfg.Default(chatcfg.Spanish)
	config.Chat.PrimaryColor, config.Chat.TextColor = "#ffff00", "#ffffff"
	for _, warning := range config.Lint() {
		fmt.Println(warning.Path, warning.Message(chatcfg.Spanish))
	}
	// Output:
	// chat.textColor El contraste entre el color principal y el del texto es 1,07; para leerse bien necesita 4,5. El chat lo corrige en pantalla.
}

func ExampleParseText() {
	text, err := chatcfg.ParseText("Hola {customer|amigo}, somos {account}. {{Respuesta automática}")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text.Render(chatcfg.Values{Customer: "Juan", Account: "Tienda"}))
	fmt.Println(text.Render(chatcfg.Values{Account: "Tienda"}))
	// Output:
	// Hola Juan, somos Tienda. {Respuesta automática}
	// Hola amigo, somos Tienda. {Respuesta automática}
}

func ExampleChat_Allows() {
	chat := chatcfg.Chat{Domain: "tienda.cl", ExtraDomains: []string{"*.tienda.cl"}}
	for _, origin := range []string{"https://tienda.cl", "https://www.tienda.cl", "https://tienda.cl.evil.example", "null"} {
		fmt.Println(origin, chat.Allows(origin))
	}
	// Output:
	// https://tienda.cl true
	// https://www.tienda.cl true
	// https://tienda.cl.evil.example false
	// null false
}

func ExampleParseRUT() {
	fmt.Println(chatcfg.ParseRUT("12.345.678-5"))
	_, err := chatcfg.ParseRUT("12.345.678-6")
	fmt.Println(err)
	// Output:
	// 12345678-5 <nil>
	// chatcfg: Not a valid RUT; look at its check digit.
}
