package charla

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Files keeps the bytes of attachments: [NewFileDir] in a folder, or the host's
// own, in its object store. It must be safe for concurrent use. The desks of one store
// share it, and nobody else. Under the zero account a desk keeps a short note of each
// upload until its message is stored.
type Files interface {
	// Put keeps a body under an ID, in place of one that it had; it is durable when Put
	// returns nil.
	Put(ctx context.Context, account chatcfg.AccountID, id tickets.FileID, body []byte) error
	// Get returns it; an error that is [ErrNotFound] if there is none.
	Get(ctx context.Context, account chatcfg.AccountID, id tickets.FileID) ([]byte, error)
	// List yields an account's files in any order. One that is put or removed meanwhile
	// may be left out; what an interrupted Put left may be yielded.
	List(ctx context.Context, account chatcfg.AccountID) iter.Seq2[StoredFile, error]
	// Delete removes one, and what an interrupted Put of it left; it does not fail if
	// there is none.
	Delete(ctx context.Context, account chatcfg.AccountID, id tickets.FileID) error
	// DeleteAll removes all of an account; it is called by [Desk.Purge], again after a
	// failure.
	DeleteAll(ctx context.Context, account chatcfg.AccountID) error
}

// StoredFile is a file as [Files] lists it.
type StoredFile struct {
	ID tickets.FileID
	// Size is its length in bytes.
	Size int64
}

// FileOptions switch attachments on.
type FileOptions struct {
	// Store keeps the bytes. Required.
	Store Files
	// MaxBytes is the size of one file; default 5 MiB.
	MaxBytes int
	// AccountBytes is how many bytes the files of one account may have together; default
	// 10 GiB, below zero: any number. An upload beyond it fails with
	// [chatcfg.CodeFilesFull]. Each process counts anew every ten minutes what others
	// have stored, and may go beyond the limit by that.
	AccountBytes int64
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

// checkMessage returns the problems of a message's text, which may be empty beside a
// file, and of options that a command of this kind does not take; nil: there are none.
func checkMessage(kind tickets.CommandKind, text string, o *WriteOptions) (p chatcfg.Problems) {
	if o == nil {
		o = &WriteOptions{}
	}
	if text != "" || o.File == nil {
		p = chatcfg.CheckText("text", text, chatcfg.MaxMessage)
	}
	if o.Welcome != nil && kind != tickets.CommandWrite {
		p = append(p, chatcfg.Problem{Path: "welcome", Code: chatcfg.CodeUnwanted})
	}
	if len(o.Mentions) > 0 && kind != tickets.CommandNote {
		p = append(p, chatcfg.Problem{Path: "mentions", Code: chatcfg.CodeUnwanted})
	}
	return p
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
