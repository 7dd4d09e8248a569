package site

// talk is an invented conversation: the customer's words and the agent's, in
// turns, the customer first. A talk of one line is left unanswered.
type talk struct {
	lines    []string
	category string
}

var talks = []talk{
	{[]string{"Hola, ¿la taza Puyehue aguanta lavavajillas?", "¡Hola! Sí, todas las piezas de gres van al lavavajillas y al microondas.", "Genial, gracias"}, "Producto"},
	{[]string{"¿Cuánto demora el despacho a Punta Arenas?", "Cinco días hábiles desde que sale del taller.", "¿Y cuándo saldría si compro hoy?", "Mañana a primera hora."}, "Despacho"},
	{[]string{"Mi pedido dice entregado y no está", "Qué mal. ¿Me das el número, por favor?", "Es el 20418", "Lo encontré: quedó en la conserjería. ¿Puedes mirar ahí?", "¡Ahí estaba! Mil gracias"}, "Despacho"},
	{[]string{"Una taza llegó quebrada", "Lo siento mucho. Te mandamos otra hoy mismo, sin costo.", "Muchas gracias, qué amables"}, "Devolución"},
	{[]string{"Quiero poner un reclamo: llevo dos semanas esperando", "Entiendo la molestia. Lo reviso ahora con el transporte.", "Espero noticias entonces", "Llega este jueves; te devolvimos el despacho."}, "Reclamo"},
	{[]string{"¿Hacen platos a pedido para restaurante?", "Sí, desde veinte piezas. ¿De qué tamaño los necesitas?", "De 28 cm, unas cuarenta", "Te mando una cotización al correo."}, "Venta"},
	{[]string{"¿El café viene en grano o molido?", "Como prefieras: lo mueles al pedir. ¿Qué cafetera usas?", "Italiana", "Entonces molienda media-fina."}, "Producto"},
	{[]string{"¿Tienen tienda física?", "En Valdivia, calle Yungay 733. Abrimos de lunes a sábado."}, "Venta"},
	{[]string{"No me deja pagar con tarjeta", "¿Qué mensaje te aparece?", "Dice error 51", "Es del banco: fondos o cupo. Con transferencia también puedes."}, "Pago"},
	{[]string{"¿La miel es de este año?", "De la cosecha de enero. Se nota en el aroma."}, "Producto"},
	{[]string{"Quisiera cambiar la dirección de mi pedido", "Claro. ¿Cuál es la nueva?", "Los Notros 45, Puerto Varas", "Listo, cambiada."}, "Despacho"},
	{[]string{"¿Hacen envoltorio de regalo?", "Sí, en papel kraft con una ramita de canelo. Sin costo.", "¡Qué lindo!"}, "Venta"},
	{[]string{"Necesito una factura", "¿A qué RUT la hacemos?", "76.543.210-3", "Emitida: va en tu correo."}, "Pago"},
}

var people = []string{
	"Carla Muñoz", "Jorge Pérez", "Antonia Rivas", "Tomás Oyarzún", "Ignacia Soto", "Felipe Carrasco", "Rosa Huenchumán",
	"Martín Echeverría", "Daniela Lagos", "Camilo Vera", "Paulina Ñanco", "Sebastián Araya", "Elisa Barría", "Rodrigo Mansilla",
	"Valentina Cárdenas", "Andrés Uribe", "Josefa Maldonado", "Hernán Saavedra", "Trinidad Alarcón", "Luis Catalán",
}

// leftovers are the conversations that wait when the desk is opened: since when,
// in minutes, who writes what, and what an agent had said before.
var leftovers = []struct {
	minutes     int
	name, reply string
	lines       []string
}{
	{52, "Rosa Huenchumán", "", []string{"Buenas tardes, el plato llegó roto 😞", "Les mando una foto si sirve"}},
	{13, "Camilo Vera", "", []string{"Hola, ¿queda la cafetera Río?"}},
	{6, "Elisa Barría", "¡Hola, Elisa! Sí: seis tazas, y el filtro es de acero.", []string{"¿La cafetera Río trae filtro?", "Perfecto. ¿Y despachan a Chiloé?"}},
	{2, "", "", []string{"¿Tienen vale de regalo?"}},
}

var formsLeft = []struct{ name, email, phone, text string }{
	{"Marta Quezada", "marta.quezada@example.com", "+56 9 8123 4567", "Quisiera saber si hacen talleres de cerámica para niños los sábados."},
	{"Hotel Bahía", "compras@example.com", "", "Buscamos vajilla para sesenta personas. ¿Nos pueden cotizar?"},
	{"", "lucho77@example.com", "", "Compré ayer y no me llegó el correo de confirmación."},
}
