package console

import (
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// zoneView is a time zone that the settings suggest.
type zoneView struct{ Name, Label string }

// zone is a time zone with the country in which it is, in each language, and other
// names by which people look for it. The zone in which most of a country's people live
// comes first.
type zone struct{ name, es, en, pt, also string }

// country returns the zone's country in a language.
func (z zone) country(lang chatcfg.Locale) string {
	return chatcfg.Words{ES: z.es, EN: z.en, PT: z.pt}.In(lang, chatcfg.Spanish)
}

// zones are suggestions; any other IANA name does as well.
var zones = []zone{
	{"America/Argentina/Buenos_Aires", "Argentina", "Argentina", "Argentina", ""},
	{"America/La_Paz", "Bolivia", "Bolivia", "Bolívia", "santa cruz"},
	{"America/Sao_Paulo", "Brasil", "Brazil", "Brasil", "brasilia, rio de janeiro"},
	{"America/Bahia", "Brasil", "Brazil", "Brasil", "salvador"},
	{"America/Fortaleza", "Brasil", "Brazil", "Brasil", ""},
	{"America/Manaus", "Brasil", "Brazil", "Brasil", ""},
	{"America/Santiago", "Chile", "Chile", "Chile", "valparaiso, concepcion"},
	{"America/Punta_Arenas", "Chile", "Chile", "Chile", "magallanes"},
	{"Pacific/Easter", "Chile", "Chile", "Chile", "isla de pascua, rapa nui, easter island"},
	{"America/Bogota", "Colombia", "Colombia", "Colômbia", "medellin, cali"},
	{"America/Costa_Rica", "Costa Rica", "Costa Rica", "Costa Rica", "san jose"},
	{"America/Havana", "Cuba", "Cuba", "Cuba", "la habana"},
	{"America/Guayaquil", "Ecuador", "Ecuador", "Equador", "quito"},
	{"Pacific/Galapagos", "Ecuador", "Ecuador", "Equador", ""},
	{"America/El_Salvador", "El Salvador", "El Salvador", "El Salvador", "san salvador"},
	{"America/Guatemala", "Guatemala", "Guatemala", "Guatemala", ""},
	{"America/Tegucigalpa", "Honduras", "Honduras", "Honduras", ""},
	{"America/Mexico_City", "México", "Mexico", "México", "ciudad de mexico, cdmx, guadalajara"},
	{"America/Monterrey", "México", "Mexico", "México", ""},
	{"America/Cancun", "México", "Mexico", "México", ""},
	{"America/Hermosillo", "México", "Mexico", "México", "sonora"},
	{"America/Tijuana", "México", "Mexico", "México", ""},
	{"America/Managua", "Nicaragua", "Nicaragua", "Nicarágua", ""},
	{"America/Panama", "Panamá", "Panama", "Panamá", ""},
	{"America/Asuncion", "Paraguay", "Paraguay", "Paraguai", ""},
	{"America/Lima", "Perú", "Peru", "Peru", ""},
	{"America/Puerto_Rico", "Puerto Rico", "Puerto Rico", "Porto Rico", "san juan"},
	{"America/Santo_Domingo", "República Dominicana", "Dominican Republic", "República Dominicana", ""},
	{"America/Montevideo", "Uruguay", "Uruguay", "Uruguai", ""},
	{"America/Caracas", "Venezuela", "Venezuela", "Venezuela", ""},
	{"America/New_York", "Estados Unidos", "United States", "Estados Unidos", "eeuu, eua, usa, nueva york, nova york, nova iorque, miami, washington, boston, atlanta"},
	{"America/Chicago", "Estados Unidos", "United States", "Estados Unidos", "houston, dallas"},
	{"America/Denver", "Estados Unidos", "United States", "Estados Unidos", ""},
	{"America/Los_Angeles", "Estados Unidos", "United States", "Estados Unidos", "san francisco, seattle"},
	{"America/Toronto", "Canadá", "Canada", "Canadá", "ottawa, montreal"},
	{"America/Vancouver", "Canadá", "Canada", "Canadá", ""},
	{"Europe/Madrid", "España", "Spain", "Espanha", "barcelona"},
	{"Atlantic/Canary", "España", "Spain", "Espanha", "canarias"},
	{"Europe/Lisbon", "Portugal", "Portugal", "Portugal", "lisboa"},
	{"Europe/London", "Reino Unido", "United Kingdom", "Reino Unido", "londres, inglaterra, england, uk"},
	{"Europe/Dublin", "Irlanda", "Ireland", "Irlanda", ""},
	{"Europe/Paris", "Francia", "France", "França", ""},
	{"Europe/Berlin", "Alemania", "Germany", "Alemanha", ""},
	{"Europe/Rome", "Italia", "Italy", "Itália", "roma, milan"},
	{"Europe/Amsterdam", "Países Bajos", "Netherlands", "Países Baixos", "holanda"},
	{"Europe/Brussels", "Bélgica", "Belgium", "Bélgica", "bruselas, bruxelas"},
	{"Europe/Zurich", "Suiza", "Switzerland", "Suíça", "ginebra, geneva, genebra, zurique"},
	{"Europe/Vienna", "Austria", "Austria", "Áustria", "viena"},
	{"Europe/Stockholm", "Suecia", "Sweden", "Suécia", "estocolmo"},
	{"Europe/Warsaw", "Polonia", "Poland", "Polônia", "varsovia"},
	{"Asia/Jerusalem", "Israel", "Israel", "Israel", "tel aviv"},
	{"Asia/Dubai", "Emiratos Árabes Unidos", "United Arab Emirates", "Emirados Árabes Unidos", ""},
	{"Asia/Kolkata", "India", "India", "Índia", "delhi, mumbai"},
	{"Asia/Shanghai", "China", "China", "China", "pekin, beijing, pequim, xangai"},
	{"Asia/Singapore", "Singapur", "Singapore", "Singapura", ""},
	{"Asia/Tokyo", "Japón", "Japan", "Japão", "tokio, toquio"},
	{"Australia/Sydney", "Australia", "Australia", "Austrália", "sidney, melbourne"},
	{"Pacific/Auckland", "Nueva Zelanda", "New Zealand", "Nova Zelândia", ""},
	{"Africa/Johannesburg", "Sudáfrica", "South Africa", "África do Sul", ""},
	{"UTC", "UTC", "UTC", "UTC", "gmt"},
}

// zoneViews returns the suggestions in a language: the country and the place.
func zoneViews(lang chatcfg.Locale) []zoneView {
	list := make([]zoneView, len(zones))
	for i, z := range zones {
		country := z.country(lang)
		list[i] = zoneView{z.name, country}
		if place := z.place(); place != country {
			list[i].Label += ", " + place
		}
	}
	return list
}

// place returns the last part of the zone's name, as people write it.
func (z zone) place() string {
	return strings.ReplaceAll(z.name[strings.LastIndexByte(z.name, '/')+1:], "_", " ")
}

// zoneFor returns the name of the time zone that a text means: an IANA name, a country, a
// place, or both as zoneViews has them, whatever its case and accents. A text that means none
// of the suggestions is returned as it is.
func zoneFor(text string) string {
	want := plainWord(text)
	if want == "" {
		return text
	}
	for _, z := range zones {
		names := append(strings.Split(z.also, ","), z.name, z.place())
		for _, lang := range tongues {
			country := z.country(lang)
			names = append(names, country, country+" "+z.place(), z.place()+" "+country)
		}
		for _, name := range names {
			if plainWord(name) == want {
				return z.name
			}
		}
	}
	return text
}

// plainWord returns a text in small letters without accents, with one blank between words.
func plainWord(text string) string {
	text = strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ü", "u", "ñ", "n", "ã", "a", "â", "a", "à", "a", "ê", "e", "ô", "o", "õ", "o", "ç", "c", ",", " ", "(", " ", ")", " ", "_", " ", ".", "", "·", " ").
		Replace(strings.ToLower(text))
	return strings.Join(strings.Fields(text), " ")
}
