package widget

import (
	"container/list"
	"sync"
)

// lru keeps the values of the keys that were asked for last, up to a limit. It is
// safe for concurrent use.
type lru[K comparable, V any] struct {
	mu    sync.Mutex
	limit int
	order list.List // of *kept[K, V], the last asked for in front
	m     map[K]*list.Element
}

type kept[K comparable, V any] struct {
	key   K
	value V
}

// get returns the value of a key; if none is kept, it keeps and returns a fresh one. It
// counts as a use of the key.
func (c *lru[K, V]) get(key K, fresh func() V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.m[key]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*kept[K, V]).value
	}
	value := fresh()
	c.add(key, value)
	return value
}

// put keeps a value for a key and replaces an earlier one. If the cache is full, it
// removes the least recently used one.
func (c *lru[K, V]) put(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.m[key]; e != nil {
		c.order.Remove(e)
		delete(c.m, key)
	}
	c.add(key, value)
}

// remove forgets a key, if it is kept.
func (c *lru[K, V]) remove(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.m[key]; e != nil {
		c.order.Remove(e)
		delete(c.m, key)
	}
}

// add adds a key that is not there; if the cache is full, it removes the least recently
// used one. The lock must be held.
func (c *lru[K, V]) add(key K, value V) {
	if c.m == nil {
		c.m = make(map[K]*list.Element)
	}
	if len(c.m) >= c.limit {
		delete(c.m, c.order.Remove(c.order.Back()).(*kept[K, V]).key)
	}
	c.m[key] = c.order.PushFront(&kept[K, V]{key, value})
}

// find returns the value of a key, or false if none is kept. It counts as a use of the
// key.
func (c *lru[K, V]) find(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.m[key]
	if e == nil {
		return value, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept[K, V]).value, true
}
