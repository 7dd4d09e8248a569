package widget_test

import (
	"testing"

	"github.com/charlahq/charla/widget"
)

// BenchmarkBody reads the body of a visitor's message.
func BenchmarkBody(b *testing.B) {
	for name, body := range map[string]string{
		"plain":   `{"text":"Hola, quisiera saber si tienen despacho a Punta Arenas y cuanto demora.","flag":false,"n":17}`,
		"escapes": `{"text":"Hola:\n1) \"despacho\"\n2) \u00bfcu\u00e1nto demora? \ud83d\ude00","flag":false,"n":17}`,
	} {
		b.Run(name, func(b *testing.B) {
			doc := []byte(body)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, _, err := widget.DecodeFlat(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
