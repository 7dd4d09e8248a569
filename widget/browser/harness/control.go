package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
)

// world is what the tests act on.
type world struct {
	desk    *charla.Desk
	mails   *charla.Outgoing
	base    string
	people  people
	console *console.Console
}

// order is what a test asks of the control: POST /do.
type order struct {
	Do      string            `json:"do"`
	Account chatcfg.AccountID `json:"account"`
	Secret  string            `json:"secret"`
	// Name and Domain are a new account's; Patch is laid over the configuration.
	Name   string          `json:"name"`
	Domain string          `json:"domain"`
	Patch  json.RawMessage `json:"patch"`
	// Agent acts on the latest ticket of Conversation (empty: of the account's
	// last changed one).
	Agent        charla.Person          `json:"agent"`
	Conversation tickets.ConversationID `json:"conversation"`
	Text         string                 `json:"text"`
	Seq          int64                  `json:"seq"`
	Presence     tickets.Availability   `json:"presence"`
	Proof        charla.Proof           `json:"proof"`
	Image        []byte                 `json:"image"`
	// Role is what Agent may do in the console, in every account; zero: they log out.
	Role console.Role `json:"role"`
	// Teams are the teams that they are in there.
	Teams []tickets.TeamID `json:"teams"`
}

func (w *world) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /do", func(rw http.ResponseWriter, r *http.Request) {
		var o order
		d := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 8<<20))
		d.DisallowUnknownFields()
		answer, err := any(nil), d.Decode(&o)
		if err == nil {
			answer, err = w.do(r.Context(), &o)
		}
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			answer = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(rw).Encode(answer)
	})
	// The page of a social login: whoever comes here agrees at once.
	mux.HandleFunc("GET /provider/{name}", func(rw http.ResponseWriter, r *http.Request) {
		back, err := url.Parse(r.FormValue("redirect"))
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		back.RawQuery = url.Values{"state": {r.FormValue("state")}, "code": {"lucía"}}.Encode()
		http.Redirect(rw, r, back.String(), http.StatusFound)
	})
	return mux
}

func (w *world) do(ctx context.Context, o *order) (any, error) {
	account := w.desk.Account(o.Account)
	switch o.Do {
	case "account":
		return w.account(ctx, o)
	case "config":
		return config(ctx, account, o)
	case "login":
		w.people.set(console.Person{ID: o.Agent.ID, Name: o.Agent.Name, Role: o.Role, AllAccounts: true, Teams: o.Teams})
		w.console.Recheck(o.Agent.ID)
		return nil, nil
	case "presence":
		return nil, account.Agent(o.Agent).Heartbeat(ctx, o.Presence)
	case "picture":
		return nil, account.SetImage(ctx, charla.ImagePicture, o.Image)
	case "logo":
		return nil, account.SetImage(ctx, charla.ImageLogo, o.Image)
	case "identity":
		secret, err := charla.ParseSecret(o.Secret)
		if err != nil {
			return nil, err
		}
		return charla.SignIdentity(secret, o.Account, o.Proof, time.Now(), time.Minute) //nolint:forbidigo // the host's clock
	case "pinned":
		return widget.PinnedSnippet(w.base, o.Text)
	case "delete":
		return nil, account.Delete(ctx, o.Text)
	case "mails":
		return w.mails.Mails(), nil
	case "many":
		return nil, many(ctx, account, int(o.Seq), o.Text)
	case "contacts":
		return account.Inbox().Contacts(ctx, charla.PageQuery{})
	case "tickets":
		return account.Inbox().Tickets(ctx, charla.TicketQuery{})
	}
	ref, err := ticket(ctx, account, o)
	if err != nil {
		return nil, err
	}
	agent := account.Agent(o.Agent)
	switch o.Do {
	case "messages":
		page, err := account.Inbox().Messages(ctx, ref, charla.MessageQuery{})
		return page.Items, err
	case "marks":
		return account.Inbox().Marks(ctx, ref)
	case "reply":
		return agent.Reply(ctx, ref, o.Text, nil)
	case "attach":
		return agent.Reply(ctx, ref, "", &charla.WriteOptions{File: &charla.Upload{Name: o.Text, Body: o.Image}})
	case "replies":
		return agent.SaveQuickReplies(ctx, 0, []chatcfg.QuickReply{{Shortcut: "gracias", Title: "Dar las gracias", Text: chatcfg.Words{Any: o.Text}}})
	case "note":
		return agent.Note(ctx, ref, o.Text, nil)
	case "close", "take":
		return agent.Do(ctx, ref, tickets.Command{Kind: tickets.CommandKind(o.Do)}, nil)
	case "looking", "replying", "noting":
		return nil, agent.SetActivity(ctx, ref, charla.Activity(o.Do))
	case "read":
		return nil, agent.MarkRead(ctx, ref, o.Seq)
	}
	return nil, errors.New("harness: unknown order " + o.Do)
}

func (w *world) account(ctx context.Context, o *order) (any, error) {
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.Name, cfg.Chat.Domain = o.Name, o.Domain
	cfg, err := patched(cfg, o.Patch)
	if err != nil {
		return nil, err
	}
	a, secret, err := w.desk.CreateAccount(ctx, o.Name, o.Domain, &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return nil, err
	}
	info, err := a.Info(ctx)
	return map[string]any{"id": info.ID, "key": info.Key, "secret": secret.Reveal()}, err
}

// many lets n customers write a text, each their own, sixteen at a time.
func many(ctx context.Context, account *charla.Account, n int, text string) error {
	const workers = 16
	failed := make(chan error, workers)
	for w := range workers {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += workers {
				var v *charla.Visitor
				name := fmt.Sprintf("Cliente %d", i)
				if v, _, err = account.Enter(ctx, charla.Entry{Name: name, Email: fmt.Sprintf("c%d@example.com", i)}); err == nil {
					_, err = v.Write(ctx, fmt.Sprintf("%s %d", text, i), nil)
				}
			}
			failed <- err
		}()
	}
	var err error
	for range workers {
		err = errors.Join(err, <-failed)
	}
	return err
}

func config(ctx context.Context, account *charla.Account, o *order) (any, error) {
	cfg, version, err := account.Config(ctx)
	if err != nil {
		return nil, err
	}
	if cfg, err = patched(cfg, o.Patch); err != nil {
		return nil, err
	}
	return account.SaveConfig(ctx, version, cfg, nil)
}

func patched(cfg chatcfg.Config, patch json.RawMessage) (chatcfg.Config, error) {
	if len(patch) == 0 {
		return cfg, nil
	}
	return chatcfg.Apply(cfg, patch)
}

// ticket is the conversation that an order is about.
func ticket(ctx context.Context, account *charla.Account, o *order) (tickets.Ref, error) {
	if !o.Conversation.IsZero() {
		return tickets.Ref{Account: o.Account, Conversation: o.Conversation}, nil
	}
	page, err := account.Inbox().Tickets(ctx, charla.TicketQuery{PageQuery: charla.PageQuery{Limit: 1}})
	if err != nil {
		return tickets.Ref{}, err
	}
	if len(page.Items) == 0 {
		return tickets.Ref{}, errors.New("harness: no ticket yet")
	}
	return tickets.Ref{Account: o.Account, Conversation: page.Items[0].Ref.Conversation}, nil
}

// provider is a social login whose page is the control's.
type provider struct{ name, base string }

func (p provider) Provider() string { return p.name }

func (p provider) Begin(state, redirect string) (string, error) {
	return p.base + "/provider/" + p.name + "?" + url.Values{"state": {state}, "redirect": {redirect}}.Encode(), nil
}

func (p provider) Finish(_ context.Context, r *http.Request) (charla.Proof, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	if r.FormValue("code") == "" {
		return charla.Proof{}, errors.New("harness: refused")
	}
	return charla.Proof{Provider: p.name, Subject: r.FormValue("code"), Name: "Lucía", Email: "lucia@example.com"}, nil
}
