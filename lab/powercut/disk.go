package powercut

import (
	"io"
	"maps"
	"slices"
	"sync"
)

// kind is what a disk was asked to do.
type kind byte

const (
	write kind = iota
	truncate
	syncFile
	create
	remove
	syncFolder
)

// op is one thing that a disk was asked to do. Files are known by number: a name
// may come to mean another file.
type op struct {
	kind kind
	file int
	name string
	off  int64 // of a write; of a truncate, the size
	data []byte
}

// Image is what is on a disk: files by number, and the folder.
type Image struct {
	files map[int][]byte
	names map[string]int
}

func emptyImage() Image { return Image{files: map[int][]byte{}, names: map[string]int{}} }

func (m Image) clone() Image {
	out := Image{files: make(map[int][]byte, len(m.files)), names: maps.Clone(m.names)}
	for n, data := range m.files {
		out.files[n] = slices.Clone(data)
	}
	return out
}

// apply does an operation without faults.
func (m Image) apply(o op) {
	switch o.kind {
	case write:
		data := m.files[o.file]
		if end := o.off + int64(len(o.data)); end > int64(len(data)) {
			data = append(data, make([]byte, end-int64(len(data)))...)
		}
		copy(data[o.off:], o.data)
		m.files[o.file] = data
	case truncate:
		data := m.files[o.file]
		if o.off > int64(len(data)) {
			data = append(data, make([]byte, o.off-int64(len(data)))...)
		}
		m.files[o.file] = data[:o.off:o.off]
	case create:
		m.names[o.name] = o.file
	case remove:
		delete(m.names, o.name)
	case syncFile, syncFolder:
	}
}

// Disk is what a running process sees, and the log of all that it did. It is safe
// for concurrent use.
type Disk struct {
	mu    sync.Mutex
	start Image // what it began with, all of it durable
	now   Image
	next  int
	log   []op
	locks map[int]*locks
	// shm is the folder of the process's shared memory.
	shm string
}

// NewDisk returns a disk with an image's content. shm is an empty folder for shared
// memory, which is not on the disk.
func NewDisk(m Image, shm string) *Disk {
	d := &Disk{start: m, now: m.clone(), next: 1, locks: map[int]*locks{}, shm: shm}
	for n := range m.files {
		d.next = max(d.next, n+1)
	}
	return d
}

// Position returns how many operations the disk was asked for so far.
func (d *Disk) Position() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.log)
}

func (d *Disk) do(o op) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, o)
	d.now.apply(o)
}

// find returns the file of a name, made if make is set; found is false if there is
// none.
func (d *Disk) find(name string, make bool) (file int, made, found bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	file, found = d.now.names[name]
	if found || !make {
		return file, false, found
	}
	o := op{kind: create, file: d.next, name: name}
	d.next++
	d.log = append(d.log, o)
	d.now.apply(o)
	return o.file, true, true
}

func (d *Disk) remove(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, found := d.now.names[name]; !found {
		return false
	}
	o := op{kind: remove, name: name}
	d.log = append(d.log, o)
	d.now.apply(o)
	return true
}

func (d *Disk) size(file int) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(len(d.now.files[file]))
}

func (d *Disk) read(file int, b []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	if data := d.now.files[file]; off < int64(len(data)) {
		n = copy(b, data[off:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
