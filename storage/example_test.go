package storage_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// A conversation is loaded, decided upon elsewhere, and committed as one batch.
// Whoever decided on an older version has to load again.
func ExampleMemory() {
	ctx := context.Background()
	store := storage.NewMemory()
	defer store.Close()

	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	account := chatcfg.Account{ID: chatcfg.AccountID{UUID: [16]byte{1}}, Key: "tienda", Version: 1, Revision: 1}
	if err := store.Accounts().Create(ctx, account); err != nil {
		fmt.Println(err)
	}

	conversation := tickets.Conversation{Account: account.ID, ID: tickets.ConversationID{UUID: [16]byte{2}}, Version: 1, LastSeq: 1, Number: 1}
	batch := &storage.Batch{
		Config:       account.Version,
		Conversation: conversation,
		Tickets:      []tickets.Ticket{{Number: 1, Status: tickets.StatusOpen, CreatedAt: now, ChangedAt: now}},
		Messages:     []tickets.Message{{Seq: 1, Ticket: 1, At: now, From: tickets.FromCustomer, Text: "hola"}},
		Wake:         now.Add(time.Hour),
	}
	fmt.Println(store.Conversations().Commit(ctx, batch))
	err := store.Conversations().Commit(ctx, batch)
	fmt.Println(errors.Is(err, storage.ErrConflict))

	wake, _ := store.Conversations().NextWake(ctx)
	fmt.Println(wake)
	// Output:
	// <nil>
	// true
	// 2026-03-02 10:00:00 +0000 UTC
}
