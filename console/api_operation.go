package console

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/charlahq/charla/chatcfg"
)

// operation is what a row of the access table does as a part of the agents' API.
type operation struct {
	// id is its name in the document; empty: it is not in there.
	id, summary string
	// query, body and answer are the types of what it reads and answers; nil: nothing.
	query, body, answer reflect.Type
	// media is the answer's media type if that is not JSON.
	media string
	// keyed says that it can be repeated with a key.
	keyed bool
	do    func(*visit) error
}

// nothing is what an operation has no query, body or answer by.
type nothing struct{}

// typeOf returns a type; nil for nothing.
func typeOf[T any]() reflect.Type {
	if t := reflect.TypeFor[T](); t != reflect.TypeFor[nothing]() {
		return t
	}
	return nil
}

// get returns an operation that only reads: its query is the fields of a Q.
func get[Q, A any](id, summary string, do func(v *visit, q *Q) (A, error)) *operation {
	return &operation{
		id: id, summary: summary, query: typeOf[Q](), answer: typeOf[A](),
		do: func(v *visit) error {
			var q Q
			if err := v.readQuery(&q); err != nil {
				return err
			}
			answer, err := do(v, &q)
			if err != nil {
				return err
			}
			return v.answerJSON(answer)
		},
	}
}

// post returns an operation that changes something: its body is a B in JSON. With an A the
// call can be repeated with a key; without one, repeating it changes nothing anyway.
func post[B, A any](id, summary string, do func(v *visit, b *B) (A, error)) *operation {
	o := &operation{id: id, summary: summary, body: typeOf[B](), answer: typeOf[A]()}
	o.keyed = o.answer != nil
	o.do = func(v *visit) error {
		var b B
		err := v.readQuery(&nothing{})
		if err == nil && o.keyed {
			v.callKey, err = v.readKey()
		}
		if err == nil {
			err = v.readBody(&b)
		}
		if err != nil {
			return err
		}
		answer, err := do(v, &b)
		if err != nil {
			return err
		}
		if o.answer == nil {
			v.w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return v.answerJSON(answer)
	}
	return o
}

// readKey returns the key of the request's Idempotency-Key header; empty: it has none.
// It fails with a badRequest for two of them.
func (v *visit) readKey() (string, error) {
	switch keys := v.r.Header.Values("Idempotency-Key"); len(keys) {
	case 0:
		return "", nil
	case 1:
		return keys[0], nil
	}
	return "", badRequest{{Problem: chatcfg.Problem{Path: "Idempotency-Key", Code: chatcfg.CodeDuplicateKey}}}
}

// answerJSON answers with a value. It fails if that has no JSON.
func (v *visit) answerJSON(value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	_, _ = v.w.Write(body)
	return nil
}
