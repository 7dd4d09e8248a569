package codec_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Any bytes are an error or a value; a value that was written again reads the same.
func FuzzDecode(f *testing.F) {
	for i, form := range forms {
		f.Add(byte(i), form.append(nil, golden[form.name]))
	}
	f.Fuzz(func(t *testing.T, kind byte, doc []byte) {
		form := forms[int(kind)%len(forms)]
		v, err := form.decode(string(doc))
		if err != nil {
			return
		}
		require.LessOrEqual(t, elements(reflect.ValueOf(v)), len(doc))
		again, err := form.decode(string(form.append(nil, v)))
		require.NoError(t, err)
		require.Equal(t, v, again)
	})
}

// elements counts what is in the lists and maps of a value.
func elements(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return elements(v.Elem())
		}
	case reflect.Slice, reflect.Map:
		return v.Len()
	case reflect.Struct:
		for i := range v.NumField() {
			n += elements(v.Field(i))
		}
	}
	return n
}
