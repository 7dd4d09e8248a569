package charla

import (
	"strconv"

	"github.com/charlahq/charla/storage"
)

// MaxPage is the largest page of a list: 500 items.
const MaxPage = storage.MaxPage

// Page is a part of a list. Next, as the Cursor of the same query, continues it;
// empty: that was all.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// PageQuery says which part of a list to return.
type PageQuery struct {
	// Cursor is the Next of the page before; empty: the first page. It holds for the
	// same query only; another text is [ErrCursor].
	Cursor string
	// Limit is the most items; below one, and above [MaxPage], it is MaxPage.
	Limit int
}

// limit returns Limit, or [MaxPage] if that is out of range.
func (q PageQuery) limit() int {
	if q.Limit < 1 || q.Limit > MaxPage {
		return MaxPage
	}
	return q.Limit
}

// number reads a cursor that is a number from zero; an empty one is zero, any other
// text [ErrCursor].
func (q PageQuery) number() (int64, error) {
	if q.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(q.Cursor, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != q.Cursor {
		return 0, ErrCursor
	}
	return n, nil
}

// numbered returns a list as a page whose Next is the number of the last item. A list
// shorter than limit has no Next.
func numbered[T any](list []T, limit int, number func(*T) int64) Page[T] {
	page := Page[T]{Items: list}
	if len(list) == limit {
		page.Next = strconv.FormatInt(number(&list[len(list)-1]), 10)
	}
	return page
}
