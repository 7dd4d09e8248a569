package powercut

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// disks are the disks that SQLite can open files on, by the first part of a path.
// SQLite knows file systems by name for the whole process, so this is global.
var disks = struct {
	sync.Mutex
	once  sync.Once
	next  int
	named map[string]*Disk
}{named: map[string]*Disk{}}

const vfsName = "powercut"

// mount makes a disk known and returns the path of its database. unmount forgets it.
func mount(d *Disk) (path string, unmount func()) {
	disks.once.Do(func() { vfs.Register(vfsName, fileSystem{}) })
	disks.Lock()
	defer disks.Unlock()
	disks.next++
	root := fmt.Sprint("/disk", disks.next)
	disks.named[root] = d
	return root + "/chat.db", func() {
		disks.Lock()
		defer disks.Unlock()
		delete(disks.named, root)
	}
}

// fileSystem is SQLite's view of all disks.
type fileSystem struct{}

// locate splits a path into its disk and the name on it.
func locate(path string) (*Disk, string, error) {
	root, name, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	disks.Lock()
	defer disks.Unlock()
	d := disks.named["/"+root]
	if !ok || d == nil {
		return nil, "", sqlite3.CANTOPEN
	}
	return d, name, nil
}

// Open opens a file; one without a name is temporary and on no disk.
func (fileSystem) Open(path string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if path == "" || flags&vfs.OPEN_DELETEONCLOSE != 0 {
		return &vfsutil.SliceFile{}, flags | vfs.OPEN_MEMORY, nil
	}
	d, name, err := locate(path)
	if err != nil {
		return nil, flags, err
	}
	n, made, found := d.find(name, flags&vfs.OPEN_CREATE != 0)
	if !found {
		return nil, flags, sqlite3.CANTOPEN
	}
	f := &file{disk: d, n: n, locks: d.locksOf(n)}
	// SQLite's own file layer syncs the folder with the first sync of a journal.
	f.syncFolder = made && flags&(vfs.OPEN_WAL|vfs.OPEN_MAIN_JOURNAL|vfs.OPEN_SUPER_JOURNAL) != 0
	if flags&vfs.OPEN_MAIN_DB != 0 {
		f.shm = vfs.NewSharedMemory(filepath.Join(d.shm, fmt.Sprint(n)), flags)
	}
	return f, flags, nil
}

// Delete removes a name.
func (fileSystem) Delete(path string, syncDir bool) error {
	d, name, err := locate(path)
	if err != nil {
		return err
	}
	if !d.remove(name) {
		return sqlite3.IOERR_DELETE_NOENT
	}
	if syncDir {
		d.do(op{kind: syncFolder})
	}
	return nil
}

// Access reports whether there is such a file.
func (fileSystem) Access(path string, _ vfs.AccessFlag) (bool, error) {
	d, name, err := locate(path)
	if err != nil {
		return false, err
	}
	_, _, found := d.find(name, false)
	return found, nil
}

// FullPathname returns the path itself.
func (fileSystem) FullPathname(path string) (string, error) { return path, nil }

// file is an open file.
type file struct {
	disk       *Disk
	n          int
	syncFolder bool
	locks      *locks
	level      vfs.LockLevel
	shm        vfs.SharedMemory
}

var _ vfs.FileSharedMemory = (*file)(nil)

func (f *file) ReadAt(b []byte, off int64) (int, error) { return f.disk.read(f.n, b, off) }

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.disk.do(op{kind: write, file: f.n, off: off, data: append([]byte(nil), b...)})
	return len(b), nil
}

func (f *file) Truncate(size int64) error {
	f.disk.do(op{kind: truncate, file: f.n, off: size})
	return nil
}

func (f *file) Sync(vfs.SyncFlag) error {
	f.disk.do(op{kind: syncFile, file: f.n})
	if f.syncFolder {
		f.disk.do(op{kind: syncFolder})
		f.syncFolder = false
	}
	return nil
}

func (f *file) Size() (int64, error) { return f.disk.size(f.n), nil }

func (f *file) Close() error {
	if f.shm != nil {
		return f.shm.Close()
	}
	return nil
}

// SectorSize returns what SQLite's own file layer does.
func (f *file) SectorSize() int { return 4096 }

// DeviceCharacteristics returns what SQLite's own file layer does.
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE | vfs.IOCAP_SUBPAGE_READ
}

func (f *file) SharedMemory() vfs.SharedMemory { return f.shm }

// locks are the locks of one file, held by the connections that opened it.
type locks struct {
	mu       sync.Mutex
	shared   int
	reserved *file
	pending  *file
}

func (d *Disk) locksOf(file int) *locks {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[file] == nil {
		d.locks[file] = &locks{}
	}
	return d.locks[file]
}

func (f *file) Lock(level vfs.LockLevel) error {
	l := f.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case f.level >= level:
		return nil
	case level == vfs.LOCK_SHARED:
		if l.pending != nil {
			return sqlite3.BUSY
		}
		l.shared++
	case level == vfs.LOCK_RESERVED:
		if l.reserved != nil {
			return sqlite3.BUSY
		}
		l.reserved = f
	default:
		if (l.reserved != nil && l.reserved != f) || (l.pending != nil && l.pending != f) {
			return sqlite3.BUSY
		}
		l.reserved, l.pending, f.level = f, f, vfs.LOCK_PENDING
		if l.shared > 1 {
			return sqlite3.BUSY
		}
	}
	f.level = level
	return nil
}

func (f *file) Unlock(level vfs.LockLevel) error {
	l := f.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.level <= level {
		return nil
	}
	if l.reserved == f {
		l.reserved = nil
	}
	if l.pending == f {
		l.pending = nil
	}
	if level < vfs.LOCK_SHARED {
		l.shared--
	}
	f.level = level
	return nil
}

func (f *file) CheckReservedLock() (bool, error) {
	f.locks.mu.Lock()
	defer f.locks.mu.Unlock()
	return f.locks.reserved != nil, nil
}
