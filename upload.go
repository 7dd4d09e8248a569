package charla

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// upload is the file of a request: its bytes are stored once the request is decided, and
// removed again if no message is.
type upload struct {
	body []byte
	// id is what the bytes are stored under. No other call has it, so that removing them
	// takes nothing from another.
	id tickets.FileID
	// noted is the conversation that the upload's note names; zero: there is no note yet.
	noted tickets.ConversationID
	// committed reports whether a message with the file is stored.
	committed bool
}

// uploadNote is what a desk keeps of an upload under way, so that a desk that finds it later
// can tell whether its message was stored. It stands under the file's ID in noteAccount.
type uploadNote struct {
	Account      chatcfg.AccountID      `json:"account"`
	Conversation tickets.ConversationID `json:"conversation"`
}

// noteAccount is where notes are: no account has the zero ID.
var noteAccount chatcfg.AccountID

// attach puts an upload into a request, which has its query and command; nothing is
// stored yet. Under a key the command's file has an ID made of the content, by which a
// repeated call is known. It fails like checkUpload, or if the desk's entropy does.
func (d *Desk) attach(req *request, u *Upload) error {
	file, err := d.checkUpload(u)
	if err != nil {
		return err
	}
	up := &upload{body: u.Body}
	if up.id.UUID, err = d.mint(); err != nil {
		return err
	}
	file.ID = up.id
	if q := &req.query; q.Key != "" {
		h := sha256.New()
		if req.identity == (tickets.Identity{}) {
			fmt.Fprintf(h, "%q %q %s ", q.Scope, q.Key, q.Conversation)
		} else { // the conversation may be another at each call
			fmt.Fprintf(h, "%q %q %q ", q.Scope, q.Key, req.identity)
		}
		h.Write(u.Body)
		sum := uuid.UUID(h.Sum(nil)[:16])
		sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
		file.ID.UUID = sum
	}
	req.cmd.File, req.upload = &file, up
	return nil
}

// applyUpload applies a request that has an upload: it decides, stores the bytes, then
// decides again and commits. What is refused leaves nothing behind; what is interrupted
// leaves a note, for [Desk.Run]. It fails like apply, with [chatcfg.Problems] if the
// account's files are full, and with the file store's error, after which no message was
// stored.
func (d *Desk) applyUpload(ctx context.Context, req *request) (Result, error) {
	up, account := req.upload, req.query.Account
	conversation, err := d.admitUpload(ctx, req)
	if err != nil {
		return Result{}, err
	}
	if conversation.IsZero() {
		return d.apply(ctx, req) // repeated: the first call's answer
	}
	settle, err := d.fileUse.reserve(ctx, d, account, int64(len(up.body)))
	if err != nil {
		return Result{}, err
	}
	defer func() { settle(up.committed) }()
	result, err := Result{}, d.note(ctx, account, up, conversation)
	if err == nil {
		err = d.o.Files.Store.Put(ctx, account, up.id, up.body)
	}
	if err != nil {
		err = fmt.Errorf("charla: keep file: %w", err)
	} else {
		result, err = d.apply(ctx, req)
	}
	if errors.Is(err, ErrOutcomeUnknown) {
		return result, err
	}
	var left error
	if !up.committed {
		left = d.o.Files.Store.Delete(ctx, account, up.id)
	}
	if left == nil {
		left = d.o.Files.Store.Delete(ctx, noteAccount, up.id)
	}
	if left != nil {
		d.o.Logger.Warn("charla: an upload is cleared away later", slog.Any("error", left))
	}
	return result, err
}

// admitUpload decides a request without changing anything, and returns the conversation
// that it would change; zero: the request repeats an earlier one. It fails like apply.
func (d *Desk) admitUpload(ctx context.Context, req *request) (tickets.ConversationID, error) {
	loaded, err := d.loadFor(ctx, req)
	if err != nil || loaded.Receipt != nil {
		return tickets.ConversationID{}, err
	}
	if err := checkFormat(&loaded); err != nil {
		return tickets.ConversationID{}, err
	}
	batch, _, err := d.decide(ctx, req, &loaded, 0, [32]byte{})
	if err != nil {
		return tickets.ConversationID{}, err
	}
	return batch.Conversation.ID, nil
}

// note keeps, in the file store, the note of an upload for a conversation. It does
// nothing without an upload, and if the note names that conversation already. It fails
// if the file store does.
func (d *Desk) note(ctx context.Context, account chatcfg.AccountID, up *upload, conversation tickets.ConversationID) error {
	if up == nil || up.noted == conversation {
		return nil
	}
	body, err := json.Marshal(uploadNote{account, conversation})
	if err == nil {
		err = d.o.Files.Store.Put(ctx, noteAccount, up.id, body)
	}
	if err == nil {
		up.noted = conversation
	}
	return err
}

// hasFile reports whether a message of the note's conversation has a file. It fails if
// the store does.
func (d *Desk) hasFile(ctx context.Context, n uploadNote, id tickets.FileID) (bool, error) {
	q := storage.MessageQuery{Account: n.Account, Conversation: n.Conversation, Limit: storage.MaxPage}
	for {
		list, err := d.store.Queries().Messages(ctx, q)
		if err != nil {
			return false, storeError(err)
		}
		for i := range list {
			if f := list[i].File; f != nil && f.ID == id {
				return true, nil
			}
		}
		if len(list) < q.Limit {
			return false, nil
		}
		q.After = list[len(list)-1].Seq
	}
}
