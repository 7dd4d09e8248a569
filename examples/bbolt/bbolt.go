// Package bbolt keeps charla in one file of bbolt, a key-value store: an example of a
// store that is made of a database by package kv.
package bbolt

import (
	"bytes"
	"errors"

	"github.com/charlahq/charla/storage/kv"
	bolt "go.etcd.io/bbolt"
)

// bucket has everything.
var bucket = []byte("charla")

// Open opens a file, and creates it if there is none; o may be nil. One process at a time
// has it.
func Open(path string, o *bolt.Options) (*kv.Store, error) {
	db, err := bolt.Open(path, 0o600, o)
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s, err := kv.New(database{db})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// database is a [kv.DB], a bucket a [kv.Tx].
type database struct{ *bolt.DB }

func (d database) View(read func(kv.Tx) error) error {
	return d.DB.View(func(tx *bolt.Tx) error { return read(content{tx.Bucket(bucket)}) })
}

func (d database) Update(change func(kv.Tx) error) error {
	return d.DB.Update(func(tx *bolt.Tx) error { return change(content{tx.Bucket(bucket)}) })
}

type content struct{ *bolt.Bucket }

func (c content) Get(key []byte) ([]byte, error) { return c.Bucket.Get(key), nil }

func (c content) Scan(first, end []byte, backwards bool, each func(key, value []byte) bool) error {
	cursor := c.Cursor()
	if !backwards {
		for k, v := cursor.Seek(first); k != nil && bytes.Compare(k, end) < 0 && each(k, v); {
			k, v = cursor.Next()
		}
		return nil
	}
	last := cursor.Prev
	if k, _ := cursor.Seek(end); k == nil {
		last = cursor.Last
	}
	for k, v := last(); k != nil && bytes.Compare(k, first) >= 0 && each(k, v); k, v = cursor.Prev() {
	}
	return nil
}
