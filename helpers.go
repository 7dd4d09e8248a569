package charla

import (
	"maps"
	"slices"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// cmpErr is the first error that is one.
func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// checkChoice refuses a value that is none of the choices.
func checkChoice[T ~string](path string, value T, choices ...T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	var names []string
	for _, c := range choices {
		if c != "" {
			names = append(names, string(c))
		}
	}
	return chatcfg.Problems{{
		Path: path, Code: chatcfg.CodeInvalidChoice, Args: []any{truncate(string(value), 50), strings.Join(names, ", ")},
	}}
}
