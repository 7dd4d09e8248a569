package chatcfg

import (
	"fmt"
	"time"
)

var (
	esDays   = [...]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"}
	ptDays   = [...]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"}
	esMonths = [...]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"}
	ptMonths = [...]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}
)

// FormatInstant returns an instant as {nextOpen} shows it (R4.6), in a zone (nil:
// UTC) and a language: "lunes 9 de marzo, 09:00". [Auto] and unknown locales
// read as Spanish. The zero time gives the empty string, so that the variable's
// fallback stands for an instant that never comes.
func FormatInstant(t time.Time, loc *time.Location, l Locale) string {
	if t.IsZero() {
		return ""
	}
	if loc == nil {
		loc = time.UTC
	}
	t = t.In(loc)
	day, weekday, month := t.Day(), t.Weekday(), t.Month()
	switch l {
	case English:
		return fmt.Sprintf("%s %d %s, %s", weekday, day, month, t.Format("15:04"))
	case Portuguese:
		return fmt.Sprintf("%s, %d de %s, %s", ptDays[weekday], day, ptMonths[month-1], t.Format("15:04"))
	default:
		return fmt.Sprintf("%s %d de %s, %s", esDays[weekday], day, esMonths[month-1], t.Format("15:04"))
	}
}
