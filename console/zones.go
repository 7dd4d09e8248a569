package console

// zones are suggestions; any other IANA name does as well.
var zones = []string{
	"America/Argentina/Buenos_Aires", "America/Asuncion", "America/Bogota", "America/Caracas", "America/Guayaquil",
	"America/La_Paz", "America/Lima", "America/Los_Angeles", "America/Mexico_City", "America/Montevideo",
	"America/New_York", "America/Panama", "America/Punta_Arenas", "America/Santiago", "America/Sao_Paulo",
	"Europe/Berlin", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "UTC",
}
