// Package openapi writes the OpenAPI document of an API from its operations and their Go
// types: what the fields are called is in their tags, what they mean in their comments.
package openapi

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Operation is one call of the API.
type Operation struct {
	Method, Path string
	ID, Summary  string
	// Role is the least role that may call it.
	Role string
	// Query, Body and Answer are the types of what it reads and answers; nil: nothing.
	Query, Body, Answer reflect.Type
	// Media is the answer's media type; empty: JSON.
	Media string
	// Keyed says that it takes an Idempotency-Key.
	Keyed bool
	// Events are the data of a stream's events, by the events' names.
	Events map[string]reflect.Type
}

// Info is what the document says of the whole.
type Info struct {
	Title, Description, Version string
	// Problem is the type of a refusal.
	Problem reflect.Type
}

// object is a JSON object.
type object map[string]any

// Document returns the document of the operations, in OpenAPI 3.1. It fails for a type
// that it cannot describe.
func Document(info Info, operations []Operation, words *Comments) (doc []byte, err error) {
	w := &writer{words: words, schemas: object{}, names: map[string]reflect.Type{}}
	defer func() {
		if e, ok := recover().(unknownType); ok {
			err = e
		}
	}()
	paths := object{}
	for i := range operations {
		o := &operations[i]
		path, _ := paths[o.Path].(object)
		if path == nil {
			path = object{}
			paths[o.Path] = path
		}
		path[strings.ToLower(o.Method)] = w.operation(o, info.Problem)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(object{
		"openapi": "3.1.0",
		"info":    object{"title": info.Title, "description": info.Description, "version": info.Version},
		"servers": []any{object{"url": "..", "description": "The console's root, as seen from this document"}},
		"paths":   paths,
		"components": object{"schemas": w.schemas, "responses": object{"Problem": object{
			"description": "Refused or failed: nothing was done, except perhaps with status 500.",
			"content":     object{"application/problem+json": object{"schema": w.schema(info.Problem)}},
		}}},
	})
	return out.Bytes(), err
}

var wildcard = regexp.MustCompile(`\{(\w+)\}`)

// wildcards are the parts of paths that vary.
var wildcards = map[string]object{
	"account":      {"type": "string", "format": "uuid"},
	"conversation": {"type": "string", "format": "uuid"},
	"number":       {"type": "integer", "format": "int64", "minimum": 1},
	"seq":          {"type": "integer", "format": "int64", "minimum": 1},
}

// operation returns an operation of the document.
func (w *writer) operation(o *Operation, problem reflect.Type) object {
	var parameters []any
	for _, m := range wildcard.FindAllStringSubmatch(o.Path, -1) {
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": wildcards[m[1]]})
	}
	if o.Query != nil {
		parameters = append(parameters, w.query(o.Query)...)
	}
	if o.Keyed {
		parameters = append(parameters, object{
			"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": 200},
			"description": "Makes the call repeatable: the same key with the same request answers as before and does nothing; " +
				"with another request it is refused (409, key_reused). Up to 200 characters, taken as they are; it counts for one person in one conversation.",
		})
	}
	if o.Body != nil {
		parameters = append(parameters, object{
			"name": "Charla-Person", "in": "header", "schema": object{"type": "string"},
			"description": "The mark of the person for whom the call is made, as me answered: if another one is logged in meanwhile, it is refused (409, person).",
		})
	}
	answers := object{}
	for _, status := range refusals(o) {
		answers[status] = object{"$ref": "#/components/responses/Problem"}
	}
	switch {
	case o.Answer == nil:
		answers["204"] = object{"description": "Done."}
	case o.Media != "":
		answers["200"] = object{"description": "Done.", "content": object{o.Media: object{}}}
	default:
		answers["200"] = object{"description": "Done.", "content": object{"application/json": object{"schema": w.schema(o.Answer)}}}
	}
	out := object{"operationId": o.ID, "summary": o.Summary, "responses": answers, "x-least-role": o.Role}
	if len(parameters) > 0 {
		out["parameters"] = parameters
	}
	if o.Body != nil {
		out["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": w.closed().schema(o.Body)}}}
	}
	if o.Events != nil {
		events := object{}
		for name, t := range o.Events {
			events[name] = w.schema(t)
		}
		out["x-events"] = events
	}
	return out
}

// refusals returns the statuses by which an operation may be refused or fail.
func refusals(o *Operation) []string {
	list := []string{"400", "401", "403", "500", "503"}
	if strings.Contains(o.Path, "{") || strings.HasSuffix(o.Path, "/events") {
		list = append(list, "404")
	}
	if o.Query != nil || o.Body != nil {
		list = append(list, "414", "422")
	}
	if o.Body != nil {
		list = append(list, "408", "409", "413", "415")
	}
	return list
}

// query returns the parameters that the fields of a struct are.
func (w *writer) query(t reflect.Type) []any {
	var list []any
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		p := object{"name": strings.ToLower(f.Name[:1]) + f.Name[1:], "in": "query", "schema": w.closed().schema(f.Type)}
		if text := w.words.field(owner(t, f), f.Name); text != "" {
			p["description"] = text
		}
		switch f.Type.Kind() {
		case reflect.Map:
			p["style"], p["explode"] = "deepObject", true
		case reflect.Slice:
			p["style"], p["explode"] = "form", true
		}
		list = append(list, p)
	}
	return list
}

// owner returns the struct that has a field of t's, which may be one that t embeds.
func owner(t reflect.Type, f reflect.StructField) reflect.Type {
	for _, i := range f.Index[:len(f.Index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t
}

// sorted returns the names of an object's members, in their order.
func sorted(o object) []string {
	var names []string
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
