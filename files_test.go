package charla_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attaching is a bench whose desk takes attachments of up to a kilobyte.
func attaching(t *testing.T) (*bench, string) {
	t.Helper()
	b := setup(t, nil)
	dir := filepath.Join(t.TempDir(), "files")
	files, err := charla.NewFileDir(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	b.use(b.newDesk(func(o *charla.Options) { o.Files = &charla.FileOptions{Store: files, MaxBytes: 1024} }))
	return b, dir
}

// TestFileDirModes: what people sent is its owner's only, whatever the process's umask
// would allow.
func TestFileDirModes(t *testing.T) {
	t.Parallel()
	b, dir := attaching(t)
	_, err := b.enter("juan").Write(b.ctx, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("hola")}})
	require.NoError(t, err)
	seen := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		assert.Equal(t, want, info.Mode().Perm(), path)
		seen++
		return nil
	}))
	assert.Equal(t, 4, seen, "the folder, the account's, the notes', a file")
}

// kept counts the files in a folder.
func kept(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	}))
	return n
}

// A folder of files says so when it could not do what it was asked, and leaves nothing half
// written.
func TestFileDirFails(t *testing.T) {
	t.Parallel()
	b, dir := attaching(t)
	files, err := charla.NewFileDir(dir)
	require.NoError(t, err)
	account, id, taken := b.account.ID(), tickets.FileID{UUID: uuid.New()}, tickets.FileID{UUID: uuid.New()}
	require.NoError(t, files.Put(b.ctx, account, id, []byte("hola")))
	gone, cancel := context.WithCancel(b.ctx)
	cancel()
	require.ErrorIs(t, files.Put(gone, account, taken, nil), context.Canceled)
	require.ErrorIs(t, files.Delete(gone, account, id), context.Canceled)
	require.ErrorIs(t, files.DeleteAll(gone, account), context.Canceled)
	_, err = files.Get(gone, account, id)
	require.ErrorIs(t, err, context.Canceled)
	body, err := files.Get(b.ctx, account, id)
	require.NoError(t, err)
	require.Equal(t, "hola", string(body))

	// A folder has the file's name: neither can take its place.
	in := filepath.Join(dir, account.String(), taken.String(), "in")
	require.NoError(t, os.MkdirAll(in, 0o700))
	require.Error(t, files.Put(b.ctx, account, taken, []byte("hola")))
	require.Error(t, files.Delete(b.ctx, account, taken))
	list, err := os.ReadDir(filepath.Dir(filepath.Dir(in)))
	require.NoError(t, err)
	require.Len(t, list, 2, "the file and the folder only")
	require.NoError(t, os.RemoveAll(filepath.Dir(in)))
	require.NoError(t, files.Put(b.ctx, account, taken, []byte("hola")), "the control")
	require.NoError(t, files.Delete(b.ctx, account, taken))
	require.NoError(t, files.Delete(b.ctx, account, taken), "it is not there")
}

// TestFiles: attachments of customers and agents go with a message, once, and are
// read by who may read the message.
func TestFiles(t *testing.T) {
	t.Parallel()
	b, dir := attaching(t)
	s, other := b.enter("juan"), b.enter("eva")
	body := []byte("%PDF-1.7 …")
	send := &charla.WriteOptions{Key: "k", File: &charla.Upload{Name: `C:\fakepath\boleta ñ.pdf`, Body: body}}
	first, err := s.Write(b.ctx, "", send)
	require.NoError(t, err)
	again, err := s.Write(b.ctx, "", send)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, 1, kept(t, dir), "a repeated call keeps one file")
	page1, err := s.Messages(b.ctx, charla.MessageQuery{})
	require.NoError(t, err)
	list := page1.Items
	require.Len(t, list, 1)
	assert.Equal(t, &tickets.File{ID: list[0].File.ID, Name: "boleta ñ.pdf", Type: "application/pdf", Size: int64(len(body))}, list[0].File)
	_, err = s.Write(b.ctx, "", &charla.WriteOptions{Key: "k", File: &charla.Upload{Name: "boleta ñ.pdf", Body: []byte("%PDF-1.4")}})
	require.ErrorIs(t, err, charla.ErrKeyReused)

	file, got, err := s.File(b.ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, body, got)
	assert.Equal(t, *list[0].File, file)
	_, got, err = b.account.Inbox().File(b.ctx, first.Ref, 1)
	require.NoError(t, err)
	assert.Equal(t, body, got)
	_, _, err = other.File(b.ctx, 1)
	require.ErrorIs(t, err, charla.ErrNotFound, "R7.2: another session")
	wrong := first.Ref
	a2, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	wrong.Account = a2.ID()
	for _, inbox := range []*charla.Inbox{b.account.Inbox(), a2.Inbox()} {
		_, _, err = inbox.File(b.ctx, wrong, 1)
		require.ErrorIs(t, err, charla.ErrNotFound, "R1.3: another account")
	}

	_, err = b.agent(ana).Reply(b.ctx, first.Ref, "la foto", &charla.WriteOptions{File: &charla.Upload{Name: "f.png", Body: picture(t, 2, 3)}})
	require.NoError(t, err)
	b.reply(first.Ref, "nada más")
	file, got, err = s.File(b.ctx, 2)
	require.NoError(t, err)
	assert.Equal(t, picture(t, 2, 3), got)
	assert.True(t, file.Inline, "R3.10: a small picture")
	for _, seq := range []int64{-1, 0, 3, 4} {
		_, _, err = s.File(b.ctx, seq)
		require.ErrorIs(t, err, charla.ErrNotFound, "message %d", seq)
	}
	page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: "boleta"})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1, "found by the file's name")

	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	_, err = b.desk.Purge(b.ctx, b.account.ID())
	require.NoError(t, err)
	assert.Zero(t, kept(t, dir), "R1.6: purged")
}

// TestFileOfEndedSession: R7.4: a session that has ended leaves no file behind either.
func TestFileOfEndedSession(t *testing.T) {
	t.Parallel()
	b, dir := attaching(t)
	v := b.enter("juan")
	file := &charla.WriteOptions{File: &charla.Upload{Name: "a.pdf", Body: []byte("%PDF-1.7")}}
	_, err := v.Write(b.ctx, "", file)
	require.NoError(t, err)
	require.Equal(t, 1, kept(t, dir), "the control")
	require.NoError(t, v.Leave(b.ctx))
	_, err = v.Write(b.ctx, "", file)
	require.ErrorIs(t, err, charla.ErrSession)
	require.Equal(t, 1, kept(t, dir))
}

// TestFileRefusals: nothing of what is refused is kept.
func TestFileRefusals(t *testing.T) {
	t.Parallel()
	b, dir := attaching(t)
	s := b.enter("juan")
	for name, c := range map[string]struct {
		upload charla.Upload
		path   string
		code   chatcfg.Code
	}{
		"program":        {charla.Upload{Name: "a.pdf", Body: []byte("MZ\x90\x00")}, "file", chatcfg.CodeFileType},
		"empty":          {charla.Upload{Name: "a.txt"}, "file", chatcfg.CodeFileType},
		"zip":            {charla.Upload{Name: "a.png", Body: []byte("PK\x03\x04\x00")}, "file", chatcfg.CodeFileType},
		"large":          {charla.Upload{Name: "a.txt", Body: bytes.Repeat([]byte("a"), 1025)}, "file", chatcfg.CodeFileTooLarge},
		"broken picture": {charla.Upload{Name: "a.png", Body: []byte("\x89PNG\r\n\x1a\n<svg>")}, "file", chatcfg.CodeImageBroken},
		"no name":        {charla.Upload{Name: "a/", Body: []byte("hola")}, "file.name", chatcfg.CodeBlank},
		"long name":      {charla.Upload{Name: strings.Repeat("a", 201), Body: []byte("hola")}, "file.name", chatcfg.CodeTooLong},
		"ending":         {charla.Upload{Name: "a\u202egnp.hta", Body: []byte("hola")}, "file.name", chatcfg.CodeFileEnding},
		"picture's name": {charla.Upload{Name: "f.png.exe", Body: picture(t, 2, 3)}, "file.name", chatcfg.CodeFileEnding},
		"device":         {charla.Upload{Name: "con.txt", Body: []byte("hola")}, "file.name", chatcfg.CodeFileName},
		"control name":   {charla.Upload{Name: "a\u0000.txt", Body: []byte("hola")}, "file.name", chatcfg.CodeControlCharacter},
	} {
		_, err := s.Write(b.ctx, "", &charla.WriteOptions{File: &c.upload})
		var p chatcfg.Problems
		require.ErrorAs(t, err, &p, name)
		assert.True(t, p.Has(c.path, c.code), "%s: %v", name, p)
	}
	_, err := s.Write(b.ctx, "", nil)
	require.Error(t, err, "neither text nor file")
	conversation := b.session(s).Conversation
	said, err := b.enter("ana").Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	_, err = b.agent(ana).Reply(b.ctx, said.Ref, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.bat", Body: []byte("hola")}})
	var agents chatcfg.Problems
	require.ErrorAs(t, err, &agents, "R3.10: agents' files, too")
	assert.True(t, agents.Has("file.name", chatcfg.CodeFileEnding), agents)
	require.NoError(t, s.Leave(b.ctx))
	ok := &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("hola")}}
	_, err = s.Write(b.ctx, "", ok)
	require.ErrorIs(t, err, charla.ErrSession)
	_, err = b.agent(ana).Reply(b.ctx, tickets.Ref{Account: b.account.ID(), Conversation: conversation}, "", ok)
	require.ErrorIs(t, err, charla.ErrNotFound)
	assert.Zero(t, kept(t, dir))

	_, err = b.on(b.newDesk(nil), b.enter("eva")).Write(b.ctx, "", ok)
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("file", chatcfg.CodeFilesOff), "off by default")
	_, err = charla.New(b.store, &charla.Options{Files: &charla.FileOptions{}})
	require.Error(t, err)
}
