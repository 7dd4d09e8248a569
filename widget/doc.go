// Package widget is what a visitor's browser reaches. So far it makes the
// snippet that a web page pastes; the handler and the chat itself come next.
package widget
