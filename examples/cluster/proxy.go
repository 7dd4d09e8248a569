package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// proxy sends requests to the processes in turn. A process that cannot be reached is
// skipped: nothing was sent to it yet. What breaks later is for the client to repeat,
// with the same key.
type proxy struct {
	*httputil.ReverseProxy
	to http.RoundTripper

	mu      sync.Mutex
	next    int
	servers []server
}

type server struct {
	address string
	healthy bool
}

// newProxy returns a proxy for a number of processes, whose addresses are not known
// yet.
func newProxy(servers int) *proxy {
	p := &proxy{
		servers: make([]server, servers),
		to: &http.Transport{
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
		},
	}
	p.ReverseProxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.Host = r.In.Host // the address that browsers see
			r.SetXForwarded()
		},
		Transport:    p,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	return p
}

// set sets the address of a process.
func (p *proxy) set(i int, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.servers[i] = server{address, true}
}

// inTurn returns the addresses of the processes in the order in which they are to be
// tried: the next one first, and those that are not healthy last.
func (p *proxy) inTurn() (first, last []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	for i := range p.servers {
		switch s := p.servers[(p.next+i)%len(p.servers)]; {
		case s.address == "":
		case s.healthy:
			first = append(first, s.address)
		default:
			last = append(last, s.address)
		}
	}
	return first, last
}

// RoundTrip tries one process after the other until one is reached. It fails if none
// is, or if the connection breaks later.
func (p *proxy) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	first, last := p.inTurn()
	body := r.Body
	for _, address := range append(first, last...) {
		r = r.Clone(r.Context())
		r.URL.Host = address
		if body != nil && body != http.NoBody {
			r.Body = io.NopCloser(body) // an attempt that fails must not close it
		}
		var op *net.OpError
		if answer, err = p.to.RoundTrip(r); !errors.As(err, &op) || op.Op != "dial" {
			return answer, err
		}
	}
	return nil, errors.Join(errors.New("no process can be reached"), err)
}

// watch asks every process how it is until ctx ends.
func (p *proxy) watch(ctx context.Context) {
	client := &http.Client{Transport: p.to, Timeout: time.Second}
	for ctx.Err() == nil {
		first, last := p.inTurn()
		for _, address := range append(first, last...) {
			answer, err := client.Get("http://" + address + "/health")
			if err == nil {
				answer.Body.Close()
			}
			p.setHealth(address, err == nil && answer.StatusCode == http.StatusOK)
		}
		select {
		case <-ctx.Done():
		case <-time.After(drainTime / 3):
		}
	}
}

// setHealth records whether a process is healthy.
func (p *proxy) setHealth(address string, healthy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.servers {
		if p.servers[i].address == address {
			p.servers[i].healthy = healthy
		}
	}
}
