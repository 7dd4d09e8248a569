package crash

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
)

// where is a place at which a connection is cut.
type where int

const (
	// commit: COMMIT is not passed on.
	commit where = iota
	// committed: it is, and its answer is not.
	committed
	// anywhere: any other answer is not passed on.
	anywhere
	places
)

// proxy passes connections on to a server on its Unix socket, and cuts them when it
// is told to.
type proxy struct {
	net.Listener
	dir, server string
	armed       atomic.Pointer[cut]
}

// cut is to be made once; done closes when it was.
type cut struct {
	where where
	done  chan struct{}
}

// socket is the name of a server's socket in its folder.
const socket = ".s.PGSQL.5432"

// newProxy listens, in a folder of its own, for connections to the server in a folder.
func newProxy(server string) (*proxy, error) {
	dir, err := os.MkdirTemp("", "charla-cut-")
	if err != nil {
		return nil, err
	}
	p := &proxy{dir: dir, server: filepath.Join(server, socket)}
	if p.Listener, err = net.Listen("unix", filepath.Join(dir, socket)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() {
		for {
			client, err := p.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p, nil
}

// close stops listening and removes the proxy's folder.
func (p *proxy) close() error { return errors.Join(p.Close(), os.RemoveAll(p.dir)) }

// cut makes one cut as soon as it can; the channel closes when it is made.
func (p *proxy) cut(w where) <-chan struct{} {
	c := &cut{w, make(chan struct{})}
	p.armed.Store(c)
	return c.done
}

// now reports whether a connection at this place is to be cut now: once for each cut.
func (p *proxy) now(w where) bool {
	c := p.armed.Load()
	if c == nil || c.where != w || !p.armed.CompareAndSwap(c, nil) {
		return false
	}
	close(c.done)
	return true
}

// serve copies between a client and the server until one ends or is cut.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	backend, err := net.Dial("unix", p.server)
	if err != nil {
		return
	}
	defer backend.Close()
	go func() {
		pump(client, backend, func(chunk []byte) bool {
			return bytes.Contains(bytes.ToUpper(chunk), []byte("COMMIT\x00")) && p.now(commit)
		})
		backend.Close()
		client.Close()
	}()
	pump(backend, client, func(chunk []byte) bool {
		if bytes.Contains(chunk, []byte("COMMIT\x00")) {
			return p.now(committed)
		}
		return p.now(anywhere)
	})
}

// pump copies until there is no more, or stop reports true for what comes next.
func pump(from, to net.Conn, stop func([]byte) bool) {
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if err != nil || stop(chunk[:n]) {
			return
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return
		}
	}
}
