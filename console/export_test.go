package console

import (
	"reflect"
	"strings"

	"github.com/charlahq/charla/console/internal/openapi"
)

// Patterns returns the addresses of the access table.
func Patterns() []string {
	var all []string
	for _, one := range routes {
		all = append(all, one.pattern)
	}
	return all
}

// Document returns the OpenAPI document of the access table's operations.
func Document(words *openapi.Comments) ([]byte, error) {
	var list []openapi.Operation
	for _, one := range routes {
		if one.api == nil || one.api.id == "" {
			continue
		}
		o := openapi.Operation{
			ID: one.api.id, Summary: one.api.summary, Role: roleNames[one.least],
			Query: one.api.query, Body: one.api.body, Answer: one.api.answer, Media: one.api.media, Keyed: one.api.keyed,
		}
		o.Method, o.Path, _ = strings.Cut(one.pattern, " ")
		if one.api == apiEvents {
			o.Events = map[string]reflect.Type{}
			for name, data := range apiEventTypes {
				o.Events[name] = reflect.TypeOf(data)
			}
		}
		list = append(list, o)
	}
	return openapi.Document(openapi.Info{
		Title: "charla: the agents' API", Version: "1", Description: apiWords, Problem: reflect.TypeFor[problem](),
	}, list, words)
}
