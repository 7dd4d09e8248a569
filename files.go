package charla

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Files keeps the bytes of attachments: [NewFileDir] in a folder, or the host's
// own, in its object store. It must be safe for concurrent use.
type Files interface {
	// Put keeps a body under an ID; it is durable when Put returns nil. The same
	// ID always comes with the same body.
	Put(ctx context.Context, account chatcfg.AccountID, id tickets.FileID, body []byte) error
	// Get returns it; an error that is [ErrNotFound] if there is none.
	Get(ctx context.Context, account chatcfg.AccountID, id tickets.FileID) ([]byte, error)
	// DeleteAll removes all of an account; it is called by [Desk.Purge].
	DeleteAll(ctx context.Context, account chatcfg.AccountID) error
}

// FileOptions switch attachments on.
type FileOptions struct {
	// Store keeps the bytes. Required.
	Store Files
	// MaxBytes is the size of one file; default 5 MiB.
	MaxBytes int
	// Types are the media types that are taken, of [chatcfg.FileTypes]; nil: all
	// of those.
	Types []string
}

// Upload is a file that goes with a message.
type Upload struct {
	// Name is what it is called: a label, made by [chatcfg.CheckFile].
	Name string
	// Body is the file. Its type is known by its content.
	Body []byte
}

// FileLimits returns the size in bytes and the media types that attachments may have;
// zero and nil: attachments are off.
func (d *Desk) FileLimits() (maxBytes int, types []string) {
	if d.o.Files == nil {
		return 0, nil
	}
	return d.o.Files.MaxBytes, slices.Clone(d.o.Files.Types)
}

// checkUpload returns the description of an upload, still without an ID. It fails with
// [chatcfg.Problems] for one that is not taken, or if attachments are off.
func (d *Desk) checkUpload(u *Upload) (tickets.File, error) {
	if d.o.Files == nil {
		return tickets.File{}, chatcfg.Problems{{Path: "file", Code: chatcfg.CodeFilesOff}}
	}
	if len(u.Body) > d.o.Files.MaxBytes {
		return tickets.File{}, chatcfg.Problems{{Path: "file", Code: chatcfg.CodeFileTooLarge, Args: []any{d.o.Files.MaxBytes}}}
	}
	f, err := chatcfg.CheckFile(u.Name, u.Body)
	var p chatcfg.Problems
	if errors.As(err, &p) {
		for i := range p {
			p[i].Path = strings.TrimSuffix("file."+p[i].Path, ".")
		}
	}
	if f.Type != "" && !slices.Contains(d.o.Files.Types, f.Type) {
		p = append(p, chatcfg.Problem{Path: "file", Code: chatcfg.CodeFileType})
	}
	return tickets.File{Name: f.Name, Type: f.Type, Size: int64(len(u.Body)), Inline: f.Inline}, problems(p)
}

// attach stores an upload's bytes for the message that a request is about to store, and
// returns its description. Under the same key the same body has the same ID, so that a
// repeated call keeps one. It fails like checkUpload, with what authenticate returns
// for a session, [ErrNotFound], [ErrDeleted] or the file store's error.
func (d *Desk) attach(ctx context.Context, u *Upload, q storage.LoadQuery, authenticate func(*storage.Loaded) error) (*tickets.File, error) {
	file, err := d.checkUpload(u)
	if err != nil {
		return nil, err
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: q.Account, Session: q.Session, Conversation: q.Conversation})
	switch {
	case err != nil:
	case !q.Session.IsZero():
		err = authenticate(&loaded)
	case loaded.Conversation.Version == 0:
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if file.ID.UUID, err = d.mint(); err != nil {
		return nil, err
	}
	if q.Key != "" {
		h := sha256.New()
		fmt.Fprintf(h, "%q %q %s ", q.Scope, q.Key, q.Conversation)
		h.Write(u.Body)
		sum := uuid.UUID(h.Sum(nil)[:16])
		sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
		file.ID.UUID = sum
	}
	if err := d.o.Files.Store.Put(ctx, q.Account, file.ID, u.Body); err != nil {
		return nil, fmt.Errorf("charla: keep file: %w", err)
	}
	return &file, nil
}

// checkMessage returns the problems of a message's text, which may be empty beside a
// file; nil: there are none.
func checkMessage(text string, o *WriteOptions) chatcfg.Problems {
	if text == "" && o != nil && o.File != nil {
		return nil
	}
	return chatcfg.CheckText("text", text, chatcfg.MaxMessage)
}

// file returns the attachment of the message with a sequence, and its bytes. list is
// what was read from that sequence on, err the error of reading it. It fails with err,
// with [ErrNotFound] if list does not begin with such a message or that has no file, or
// with the file store's error.
func (d *Desk) file(ctx context.Context, account chatcfg.AccountID, seq int64, list []tickets.Message, err error) (tickets.File, []byte, error) {
	if err != nil {
		return tickets.File{}, nil, err
	}
	if d.o.Files == nil || len(list) == 0 || list[0].Seq != seq || list[0].File == nil {
		return tickets.File{}, nil, ErrNotFound
	}
	body, err := d.o.Files.Store.Get(ctx, account, list[0].File.ID)
	return *list[0].File, body, err
}

// keySum returns a hash of a key in hexadecimal, as a part of a delivery's key.
func keySum(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}
