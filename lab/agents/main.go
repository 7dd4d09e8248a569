package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

func main() {
	agents := flag.Int("agents", 50, "agents, each with one stream")
	perHour := flag.Int("tickets", 2000, "tickets an hour")
	lasts := flag.Duration("for", 5*time.Minute, "how long tickets come in")
	dir := flag.String("serve", "", "be the server, in this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if *dir != "" {
		err = serve(ctx, *dir)
	} else {
		err = run(ctx, *agents, time.Hour/time.Duration(*perHour), *lasts)
	}
	if err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// team is the agents, the server that they work with and what they measured.
type team struct {
	ready
	process int
	http    *http.Client
	agents  int
	// come has the tickets that each agent has to work off.
	come []chan charla.Row

	mu    sync.Mutex
	times map[string][]time.Duration
	// heard counts the streams that told of a word.
	heard map[string]int
}

func run(ctx context.Context, agents int, every, lasts time.Duration) error {
	dir, err := os.MkdirTemp("", "agents")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, "-serve", dir) //nolint:gosec // itself
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		return err
	}
	defer func() { stop(); _ = child.Wait() }()
	t := &team{
		process: child.Process.Pid, agents: agents, times: map[string][]time.Duration{}, heard: map[string]int{},
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * agents}},
	}
	if err := json.NewDecoder(out).Decode(&t.ready); err != nil {
		return err
	}
	return t.work(ctx, every, lasts)
}

// work lets tickets come in and the agents work them off, and prints what that cost.
func (t *team) work(ctx context.Context, every, lasts time.Duration) error {
	failed := make(chan error, t.agents+1)
	idle := t.memory()
	streams := make(chan struct{}, t.agents)
	streaming, end := context.WithCancel(ctx)
	defer end()
	for i := range t.agents {
		t.come = append(t.come, make(chan charla.Row, 1000))
		go func() {
			if err := t.follow(streaming, i, streams); err != nil && streaming.Err() == nil {
				failed <- err
			}
		}()
	}
	for range t.agents {
		select {
		case <-streams:
		case err := <-failed:
			return err
		}
	}
	connected := t.memory()
	var working sync.WaitGroup
	n := 0
	tick := time.NewTicker(every)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < lasts; n++ {
		select {
		case err := <-failed:
			return err
		case <-tick.C:
		}
		working.Go(func() {
			if err := t.ticket(ctx, n); err != nil {
				failed <- err
			}
		})
	}
	working.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	fmt.Printf("%d tickets worked off by %d agents, one every %v\n", n, t.agents, every)
	fmt.Printf("resident memory: %.1f MB at first, %.1f MB with the streams, %.1f MB at the end\n", idle, connected, t.memory())
	for _, what := range []string{"list", "read", "take", "reply", "close", "on its way"} {
		all := t.times[what]
		if len(all) == 0 {
			return fmt.Errorf("nothing measured: %s", what)
		}
		slices.Sort(all)
		fmt.Printf("%-10s %6d times, p50 %v, p99 %v\n", what, len(all), all[len(all)/2].Round(10*time.Microsecond), all[len(all)*99/100].Round(10*time.Microsecond))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for text, streams := range t.heard {
		if streams != t.agents {
			return fmt.Errorf("%d of %d streams told of %q", streams, t.agents, text)
		}
	}
	return nil
}

// ticket is a customer's word and what an agent does until the ticket is closed.
func (t *team) ticket(ctx context.Context, n int) error {
	said := word{Name: fmt.Sprintf("cliente%d", n), Text: fmt.Sprintf("%d %d", n, time.Now().UnixNano())}
	if err := t.call(ctx, "", "", "/customer", said, &said); err != nil {
		return err
	}
	var row charla.Row
	select {
	case row = <-t.come[n%t.agents]:
	case <-time.After(time.Minute):
		return errors.New("a ticket came to no agent")
	}
	who := agent(n % t.agents)
	of := fmt.Sprintf("/desk/api/a/%s/", t.Account)
	at := fmt.Sprintf("%stickets/%s/%d", of, row.Ref.Conversation, row.Ref.Number)
	steps := []struct {
		what, path string
		body       any
	}{
		{"list", of + "tickets?status=open", nil},
		{"take", at + "/do", map[string]any{"kind": tickets.CommandTake}},
		{"read", at + "/messages", nil},
		{"reply", at + "/reply", map[string]any{"text": "Buenos días. Lo reviso."}},
		{"reply", at + "/reply", map[string]any{"text": "Llega mañana antes de las 14 h."}},
		{"close", at + "/do", map[string]any{"kind": tickets.CommandClose}},
	}
	for _, step := range steps {
		if err := t.call(ctx, who, step.what, step.path, step.body, nil); err != nil {
			return err
		}
	}
	return nil
}

func agent(i int) string { return fmt.Sprintf("agente%d", i) }

// call makes a request, with a body as a POST, and keeps how long it took under a name.
func (t *team) call(ctx context.Context, who, what, path string, body, answer any) error {
	method, content := http.MethodGet, []byte(nil)
	if body != nil {
		var err error
		method = http.MethodPost
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	begun := time.Now()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+t.Address+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", uuid.NewString())
	if who != "" {
		r.Header.Set("Agent", who)
	}
	response, err := t.http.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		return errors.Join(err, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, got))
	}
	t.took(what, begun)
	if answer != nil {
		return json.Unmarshal(got, answer)
	}
	return nil
}

func (t *team) took(what string, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times[what] = append(t.times[what], time.Since(since))
}

// follow reads an agent's stream until ctx ends: a customer's first word is told of once.
func (t *team) follow(ctx context.Context, i int, ready chan<- struct{}) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.Address+"/desk/api/events", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Agent", agent(i))
	response, err := t.http.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	event, told := "", map[string]bool{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			event = name
			if event == "ready" {
				ready <- struct{}{}
			}
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || event != "ticket" {
			continue
		}
		var row charla.Row
		if err := json.Unmarshal([]byte(data), &row); err != nil {
			return err
		}
		if row.Last.From != tickets.FromCustomer || told[row.Last.Text] {
			continue
		}
		told[row.Last.Text] = true
		t.hear(i, &row)
	}
	return errors.Join(errors.New("a stream ended"), lines.Err())
}

// hear keeps how long a word was on its way, and gives its ticket to the agent whose turn it is.
func (t *team) hear(i int, row *charla.Row) {
	number, at, _ := strings.Cut(row.Last.Text, " ")
	n, _ := strconv.Atoi(number)
	nanoseconds, _ := strconv.ParseInt(at, 10, 64)
	t.took("on its way", time.Unix(0, nanoseconds))
	t.mu.Lock()
	t.heard[row.Last.Text]++
	t.mu.Unlock()
	if n%t.agents == i {
		t.come[i] <- *row
	}
}

// memory returns the resident memory of the server's process in MB.
func (t *team) memory() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.process))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, _ := strconv.ParseFloat(strings.Fields(rest + " 0")[0], 64)
	return kb / 1024
}
