package console

import (
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// zoneView is a time zone that the settings suggest.
type zoneView struct{ Name, Label string }

// zone is a time zone with the country in which it is, in Spanish and English, and other
// names by which people look for it. The zone in which most of a country's people live
// comes first.
type zone struct{ name, es, en, also string }

// zones are suggestions; any other IANA name does as well.
var zones = []zone{
	{"America/Argentina/Buenos_Aires", "Argentina", "Argentina", ""},
	{"America/La_Paz", "Bolivia", "Bolivia", "santa cruz"},
	{"America/Sao_Paulo", "Brasil", "Brazil", "brasilia, rio de janeiro"},
	{"America/Bahia", "Brasil", "Brazil", "salvador"},
	{"America/Fortaleza", "Brasil", "Brazil", ""},
	{"America/Manaus", "Brasil", "Brazil", ""},
	{"America/Santiago", "Chile", "Chile", "valparaiso, concepcion"},
	{"America/Punta_Arenas", "Chile", "Chile", "magallanes"},
	{"Pacific/Easter", "Chile", "Chile", "isla de pascua, rapa nui, easter island"},
	{"America/Bogota", "Colombia", "Colombia", "medellin, cali"},
	{"America/Costa_Rica", "Costa Rica", "Costa Rica", "san jose"},
	{"America/Havana", "Cuba", "Cuba", "la habana"},
	{"America/Guayaquil", "Ecuador", "Ecuador", "quito"},
	{"Pacific/Galapagos", "Ecuador", "Ecuador", ""},
	{"America/El_Salvador", "El Salvador", "El Salvador", "san salvador"},
	{"America/Guatemala", "Guatemala", "Guatemala", ""},
	{"America/Tegucigalpa", "Honduras", "Honduras", ""},
	{"America/Mexico_City", "México", "Mexico", "ciudad de mexico, cdmx, guadalajara"},
	{"America/Monterrey", "México", "Mexico", ""},
	{"America/Cancun", "México", "Mexico", ""},
	{"America/Hermosillo", "México", "Mexico", "sonora"},
	{"America/Tijuana", "México", "Mexico", ""},
	{"America/Managua", "Nicaragua", "Nicaragua", ""},
	{"America/Panama", "Panamá", "Panama", ""},
	{"America/Asuncion", "Paraguay", "Paraguay", ""},
	{"America/Lima", "Perú", "Peru", ""},
	{"America/Puerto_Rico", "Puerto Rico", "Puerto Rico", "san juan"},
	{"America/Santo_Domingo", "República Dominicana", "Dominican Republic", ""},
	{"America/Montevideo", "Uruguay", "Uruguay", ""},
	{"America/Caracas", "Venezuela", "Venezuela", ""},
	{"America/New_York", "Estados Unidos", "United States", "eeuu, usa, nueva york, miami, washington, boston, atlanta"},
	{"America/Chicago", "Estados Unidos", "United States", "houston, dallas"},
	{"America/Denver", "Estados Unidos", "United States", ""},
	{"America/Los_Angeles", "Estados Unidos", "United States", "san francisco, seattle"},
	{"America/Toronto", "Canadá", "Canada", "ottawa, montreal"},
	{"America/Vancouver", "Canadá", "Canada", ""},
	{"Europe/Madrid", "España", "Spain", "barcelona"},
	{"Atlantic/Canary", "España", "Spain", "canarias"},
	{"Europe/Lisbon", "Portugal", "Portugal", "lisboa"},
	{"Europe/London", "Reino Unido", "United Kingdom", "londres, inglaterra, england, uk"},
	{"Europe/Dublin", "Irlanda", "Ireland", ""},
	{"Europe/Paris", "Francia", "France", ""},
	{"Europe/Berlin", "Alemania", "Germany", ""},
	{"Europe/Rome", "Italia", "Italy", "roma, milan"},
	{"Europe/Amsterdam", "Países Bajos", "Netherlands", "holanda"},
	{"Europe/Brussels", "Bélgica", "Belgium", "bruselas"},
	{"Europe/Zurich", "Suiza", "Switzerland", "ginebra, geneva"},
	{"Europe/Vienna", "Austria", "Austria", "viena"},
	{"Europe/Stockholm", "Suecia", "Sweden", "estocolmo"},
	{"Europe/Warsaw", "Polonia", "Poland", "varsovia"},
	{"Asia/Jerusalem", "Israel", "Israel", "tel aviv"},
	{"Asia/Dubai", "Emiratos Árabes Unidos", "United Arab Emirates", ""},
	{"Asia/Kolkata", "India", "India", "delhi, mumbai"},
	{"Asia/Shanghai", "China", "China", "pekin, beijing"},
	{"Asia/Singapore", "Singapur", "Singapore", ""},
	{"Asia/Tokyo", "Japón", "Japan", "tokio"},
	{"Australia/Sydney", "Australia", "Australia", "sidney, melbourne"},
	{"Pacific/Auckland", "Nueva Zelanda", "New Zealand", ""},
	{"Africa/Johannesburg", "Sudáfrica", "South Africa", ""},
	{"UTC", "UTC", "UTC", "gmt"},
}

// zoneViews returns the suggestions in a language: the country and the place.
func zoneViews(lang chatcfg.Locale) []zoneView {
	list := make([]zoneView, len(zones))
	for i, z := range zones {
		country := z.es
		if lang == chatcfg.English {
			country = z.en
		}
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
		names := append(strings.Split(z.also, ","), z.name, z.es, z.en, z.place(), z.es+" "+z.place(), z.en+" "+z.place(), z.place()+" "+z.es, z.place()+" "+z.en)
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
	text = strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ü", "u", "ñ", "n", "ã", "a", "ç", "c", ",", " ", "(", " ", ")", " ", "_", " ", ".", "", "·", " ").
		Replace(strings.ToLower(text))
	return strings.Join(strings.Fields(text), " ")
}
