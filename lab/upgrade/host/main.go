// Command host is a process with a desk on a PostgreSQL database, as a service has
// one. Tests build it twice, once from changed sources, and run both on the same
// database. It takes an [upgrade.Job] from the environment and an [upgrade.Request]
// a line from its standard input, and answers each by an [upgrade.Answer].
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/lab/upgrade"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type clock struct {
	epoch time.Time
	speed int
}

func (c clock) Now() time.Time {
	return c.epoch.Add(time.Since(c.epoch) * time.Duration(c.speed))
}

func (c clock) After(d time.Duration) <-chan time.Time {
	return time.After(d / time.Duration(c.speed))
}

// mailer adds each mail to a file, whole.
type mailer struct{ file *os.File }

func (m mailer) Send(_ context.Context, mail charla.Mail) error {
	line, err := json.Marshal(struct {
		Key string `json:"key"`
		charla.Mail
	}{mail.Key, mail})
	if err == nil {
		_, err = m.file.Write(append(line, '\n'))
	}
	return err
}

func run() error {
	var job upgrade.Job
	if err := json.Unmarshal([]byte(os.Getenv(upgrade.Env)), &job); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	store, err := postgres.Open(ctx, job.DSN, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	file, err := os.OpenFile(job.Mails, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	h := &host{ctx: ctx, store: store}
	h.desk, err = charla.New(store, &charla.Options{
		Clock: clock{job.Epoch, job.Speed}, Mailer: mailer{file}, HeartbeatTTL: -1,
		Runner: charla.RunnerOptions{Poll: 3 * time.Second, Lease: time.Minute, Workers: 4},
		Observer: &charla.Observer{Failed: func(_ context.Context, part charla.RunPart, err error) {
			if part == charla.RunDeadlines && errors.Is(err, charla.ErrNewerFormat) {
				h.left.Add(1)
			}
		}},
	})
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- h.desk.Run(ctx) }()
	fmt.Println(`{"Class": "ready"}`)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r upgrade.Request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		var a upgrade.Answer
		if err := h.do(r, &a); err != nil {
			a.Class, a.Error = charla.ErrorClass(err), err.Error()
		}
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	stop()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		return err
	}
	return lines.Err()
}

type host struct {
	ctx   context.Context //nolint:containedctx // of the whole process
	store storage.Store
	desk  *charla.Desk
	left  atomic.Int64

	mu       sync.Mutex
	followed []string
}

var ana = charla.Person{ID: "ana", Name: "Ana"}

func (h *host) do(r upgrade.Request, a *upgrade.Answer) (err error) {
	account := h.desk.Account(r.Account)
	visitor, inbox := account.Visitor(r.Token), account.Inbox()
	switch r.Op {
	case "account":
		var cfg chatcfg.Config
		if cfg, err = chatcfg.Decode([]byte(r.Text)); err == nil {
			account, _, err = h.desk.CreateAccount(h.ctx, "Tienda", "tienda.cl", &charla.AccountOptions{ID: r.Account, Config: &cfg})
		}
		if err == nil {
			a.Account = account.ID()
		}
	case "session":
		_, a.Token, err = account.Enter(h.ctx, charla.Entry{Name: r.Text, Email: r.Text + "@example.com"})
	case "write":
		var done charla.Result
		done, err = visitor.Write(h.ctx, r.Text, &charla.WriteOptions{Key: r.Text})
		a.Ref = done.Ref
	case "reply":
		_, err = h.desk.Account(r.Ref.Account).Agent(ana).Reply(h.ctx, r.Ref, r.Text, &charla.WriteOptions{Key: r.Text})
	case "end session":
		err = visitor.Leave(h.ctx)
	case "read":
		var page charla.Page[tickets.Message]
		page, err = visitor.Messages(h.ctx, charla.MessageQuery{})
		a.Texts = texts(page.Items)
	case "tickets":
		var page charla.Page[charla.Row]
		page, err = inbox.Tickets(h.ctx, charla.TicketQuery{Text: r.Text})
		a.Rows = page.Items
	case "history":
		var page charla.Page[tickets.Entry]
		page, err = h.desk.Account(r.Ref.Account).Inbox().History(h.ctx, r.Ref, charla.PageQuery{})
		a.Entries = page.Items
	case "changes":
		var page storage.Page[storage.Change]
		page, err = h.store.Queries().Changes(h.ctx, r.Account, "", 0)
		a.Changes = page.Items
	case "online":
		err = account.Agent(ana).Heartbeat(h.ctx, tickets.Online)
	case "available":
		var p tickets.Presence
		p, err = inbox.Presence(h.ctx)
		a.Available = p.Available
	case "save":
		err = h.save(r)
	case "follow":
		go h.follow(r.Ref)
	case "followed":
		h.mu.Lock()
		a.Texts = append(a.Texts, h.followed...)
		h.mu.Unlock()
	case "left":
		a.Left = h.left.Load()
	default:
		err = fmt.Errorf("host: no such call: %s", r.Op)
	}
	return err
}

func (h *host) save(r upgrade.Request) error {
	cfg, version, err := h.desk.Account(r.Account).Config(h.ctx)
	if err != nil {
		return err
	}
	if cfg, err = chatcfg.Apply(cfg, []byte(r.Text)); err != nil {
		return err
	}
	_, err = h.desk.Account(r.Account).SaveConfig(h.ctx, version, cfg, nil)
	return err
}

func (h *host) follow(ref tickets.Ref) {
	for u, err := range h.desk.Account(ref.Account).Inbox().Follow(h.ctx, ref, 0, 0) {
		if err != nil {
			return
		}
		if u.Message == nil {
			continue
		}
		h.mu.Lock()
		h.followed = append(h.followed, u.Message.Text)
		h.mu.Unlock()
	}
}

func texts(list []tickets.Message) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Text)
	}
	return out
}
