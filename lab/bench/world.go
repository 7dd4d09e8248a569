package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/google/uuid"
)

// epoch is when the loaded worlds begin.
var epoch = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// made is when accounts of loaded worlds are made: before all of their tickets were answered.
var made = epoch.AddDate(0, 0, -1)

var agent = charla.Person{ID: "ana", Name: "Ana Rojas"}

// allOn returns a configuration with the actions of each message and close, an SLA and keywords. The texts
// of an action are of one length, whichever is chosen.
func allOn() *chatcfg.Config {
	text := func(texts ...string) chatcfg.TextAction {
		return chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(texts...)}
	}
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Quality.SLA = &chatcfg.Duration{Value: 365, Unit: chatcfg.UnitDays}
	a := &cfg.Automation
	a.AutoClose.Enabled, a.AutoClose.After = true, &chatcfg.Duration{Value: int64(unanswered / time.Hour), Unit: chatcfg.UnitHours}
	a.NewCustomer = text("Hola, {customer|amigo}: gracias por escribirnos.", "Hola, {customer|amigo}: qué bueno que escribes.")
	a.NoAgents = text("Ahora no hay nadie en línea.", "Vuelve a escribirnos más tarde.")
	a.OutOfHours = text("Abrimos {nextOpen}.", "Estamos cerrados hasta {nextOpen}.")
	a.TicketCreated = text("Recibimos tu mensaje y te responderemos por aquí.", "Recibimos tu mensaje y te contestaremos por aquí.")
	a.ManualClose = text("{agent} cerró la conversación. Gracias por escribirnos.")
	a.AutomaticClose = text("Cerramos por ahora; escríbenos cuando quieras.", "Acabamos por ahora; escríbenos cuando quieras.")
	cfg.General.Important.Enabled = true
	cfg.General.Important.Keywords = vocabulary(100, 7)
	cfg.Hours.Timezone = "America/Santiago"
	for _, day := range []chatcfg.Day{chatcfg.Monday, chatcfg.Tuesday, chatcfg.Wednesday, chatcfg.Thursday, chatcfg.Friday, chatcfg.Saturday, chatcfg.Sunday} {
		cfg.Hours.Weekly = append(cfg.Hours.Weekly, chatcfg.Interval{Day: day, Open: "00:00", Close: "24:00"})
	}
	return &cfg
}

// vocabulary returns n different words that occur in no sentence: they have letters
// that Spanish hardly uses.
func vocabulary(n int, seed uint64) []string {
	random := rand.New(rand.NewPCG(seed, seed))
	words := make(map[string]bool, n)
	var list []string
	for len(list) < n {
		var w strings.Builder
		for range 2 + random.IntN(3) {
			w.WriteByte("bcdfglmnprst"[random.IntN(12)])
			w.WriteByte("aeiou"[random.IntN(5)])
		}
		w.WriteString("wk"[random.IntN(2):][:1])
		if !words[w.String()] {
			words[w.String()] = true
			list = append(list, w.String())
		}
	}
	return list
}

// sentences are what customers write: 100 to 200 bytes of everyday words, without
// accents so that a sentence is as long folded as not.
var sentences = func() []string {
	words := strings.Fields(`hola buenas tardes quisiera saber si tienen despacho a valparaiso y cuanto demora
		el pedido que hice ayer por la tarde porque todavia no llega el correo de confirmacion gracias de antemano
		compre un refrigerador en la tienda del centro pero vino con una puerta rayada necesito cambiarlo esta semana
		me pueden decir el horario de atencion del local tambien quiero pagar con transferencia o tarjeta de debito
		mi numero de orden es ese mismo que les mande antes alguien me llamo ayer pero se corto la llamada espero`)
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]string, 512)
	for i := range list {
		var s strings.Builder
		for size := 100 + random.IntN(100); s.Len() < size; {
			if s.Len() > 0 {
				s.WriteByte(' ')
			}
			s.WriteString(words[random.IntN(len(words))])
		}
		list[i] = s.String()
	}
	return list
}()

func sentence(caller, i int) string { return sentences[(caller*31+i)%len(sentences)] }

// hand is a clock that stands where it is put.
type hand struct{ at atomic.Int64 }

func (h *hand) Now() time.Time                       { return time.UnixMicro(h.at.Load()).UTC() }
func (h *hand) Set(t time.Time)                      { h.at.Store(t.UnixMicro()) }
func (*hand) After(d time.Duration) <-chan time.Time { return time.After(d) }

// world is a store with a desk on it.
type world struct {
	store storage.Store
	desk  *charla.Desk
}

// open opens a database with a desk on it; a nil clock is the wall's.
func open(path string, clock charla.Clock, o *sqlite.Options) (*world, error) {
	store, err := sqlite.Open(path, o)
	if err != nil {
		return nil, err
	}
	return on(store, clock)
}

// on opens a desk on a store. If that fails it closes the store.
func on(store storage.Store, clock charla.Clock) (*world, error) {
	desk, err := charla.New(store, &charla.Options{Clock: clock, HeartbeatTTL: -1})
	if err != nil {
		store.Close()
		return nil, err
	}
	return &world{store, desk}, nil
}

// create makes a database with one account, whose agent is online.
func create(ctx context.Context, path string, clock charla.Clock) (*world, chatcfg.Account, error) {
	w, err := open(path, clock, &sqlite.Options{InsecureNoSync: true})
	if err != nil {
		return nil, chatcfg.Account{}, err
	}
	account, err := w.newAccount(ctx)
	return w, account, err
}

// newAccount makes an account whose agent is online. If it fails it closes the world.
func (w *world) newAccount(ctx context.Context) (chatcfg.Account, error) {
	account, _, err := w.desk.CreateAccount(ctx, "Tienda del Centro", "tienda.cl", &charla.AccountOptions{Config: allOn()})
	if err == nil {
		err = account.Agent(agent).Heartbeat(ctx, "online")
	}
	var record chatcfg.Account
	if err == nil {
		record, err = w.store.Accounts().Get(ctx, account.ID())
	}
	if err != nil {
		w.store.Close()
	}
	return record, err
}

// copyDatabase copies a database that is not open.
func copyDatabase(from, to string) error {
	for _, tail := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(to + tail); err != nil {
			return err
		}
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}

func removeDatabase(path string) {
	for _, tail := range []string{"", "-wal", "-shm"} {
		os.Remove(path + tail)
	}
}

// minted makes IDs that sort by time, like a desk's.
type minted struct{ n atomic.Uint64 }

func (m *minted) next() (id uuid.UUID) {
	n := m.n.Add(1)
	binary.BigEndian.PutUint64(id[:8], uint64(epoch.UnixMilli())<<16+n>>8<<16)
	binary.BigEndian.PutUint64(id[8:], n*0x9e3779b97f4a7c15)
	id[7] = byte(n)
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func errRows(what string, ours, floor int64) error {
	return fmt.Errorf("not the same work: %s: ours %d, floor %d", what, ours, floor)
}
