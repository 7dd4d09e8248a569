package main

import (
	"context"
	"fmt"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// visit is a session as the store has it, with its token.
type visit struct {
	tickets.Session
	Token charla.Token
}

// enter starts sessions of n customers.
func enter(ctx context.Context, w *world, account chatcfg.Account, n int) ([]visit, error) {
	list := make([]visit, n)
	return list, spread(64, n+63, func(caller, i int) (err error) {
		if at := caller + i*64; at < n {
			list[at], err = w.enter(ctx, account.ID, charla.Entry{
				Name: "Juana Pérez", Email: fmt.Sprintf("juana%07d@example.com", at), Phone: "+56 9 1234 5678", Locale: "es",
			})
		}
		return err
	})
}

func (w *world) enter(ctx context.Context, account chatcfg.AccountID, e charla.Entry) (v visit, err error) {
	visitor, token, err := w.desk.Account(account).Enter(ctx, e)
	if err != nil {
		return v, err
	}
	info, err := visitor.Session(ctx)
	if err != nil {
		return v, err
	}
	v.Token = token
	v.Session, err = w.store.Sessions().Get(ctx, account, info.ID)
	return v, err
}

// ours writes one message through the desk, with a key as a widget sends it.
func ours(ctx context.Context, d *charla.Desk, v visit, caller, i int) error {
	_, err := d.Account(v.Account).Visitor(v.Token).Write(ctx, sentence(caller, i), &charla.WriteOptions{Key: clientKey(i)})
	return err
}
