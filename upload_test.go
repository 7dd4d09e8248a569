package charla_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errDisk = errors.New("disk on fire")

// faultyFiles are files whose calls fail, or do something before, as a test says.
type faultyFiles struct {
	charla.Files
	mu     sync.Mutex
	fail   map[string]int // by the call's name: how often it still fails
	before func(account chatcfg.AccountID)
}

func (f *faultyFiles) broken(call string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail[call] > 0 {
		f.fail[call]--
		return errDisk
	}
	return nil
}

// set says how often a call fails from now on.
func (f *faultyFiles) set(call string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = map[string]int{call: n}
}

func (f *faultyFiles) Put(ctx context.Context, account chatcfg.AccountID, id tickets.FileID, body []byte) error {
	if f.before != nil {
		f.before(account)
	}
	return errors.Join(f.Files.Put(ctx, account, id, body), f.broken("Put"))
}

func (f *faultyFiles) List(ctx context.Context, account chatcfg.AccountID) iter.Seq2[charla.StoredFile, error] {
	if err := f.broken("List"); err != nil {
		return maps.All(map[charla.StoredFile]error{{}: err})
	}
	return f.Files.List(ctx, account)
}

func (f *faultyFiles) Delete(ctx context.Context, account chatcfg.AccountID, id tickets.FileID) error {
	if err := f.broken("Delete"); err != nil {
		return err
	}
	return f.Files.Delete(ctx, account, id)
}

func (f *faultyFiles) DeleteAll(ctx context.Context, account chatcfg.AccountID) error {
	if err := f.broken("DeleteAll"); err != nil {
		return err
	}
	return f.Files.DeleteAll(ctx, account)
}

// uploading is a bench whose desk keeps attachments in a folder by way of faultyFiles.
func uploading(t *testing.T, configure func(*chatcfg.Config), change func(*charla.FileOptions)) (*bench, *faultyFiles, string) {
	t.Helper()
	b := setup(t, configure)
	dir := t.TempDir()
	folder, err := charla.NewFileDir(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = folder.Close() })
	files := &faultyFiles{Files: folder}
	o := charla.FileOptions{Store: files}
	if change != nil {
		change(&o)
	}
	b.use(b.newDesk(func(d *charla.Options) { d.Files = &o }))
	return b, files, dir
}

func send(body string) *charla.WriteOptions {
	return &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte(body)}}
}

// TestOwnFiles: R3.10: the same bytes sent under the same key by others, or under another
// key, are files of their own.
func TestOwnFiles(t *testing.T) {
	t.Parallel()
	b, _, dir := uploading(t, nil, nil)
	seen := map[tickets.FileID]bool{}
	keep := func(r charla.Result, err error) {
		t.Helper()
		require.NoError(t, err)
		for _, m := range b.messages(r.Ref) {
			if m.File != nil && m.Seq == r.Seq {
				assert.False(t, seen[m.File.ID], "in one file with another's")
				seen[m.File.ID] = true
			}
		}
	}
	for _, name := range []string{"juan", "eva"} {
		v := b.enter(name)
		for _, key := range []string{"", "k", "l"} {
			o := send("foto")
			o.Key = key
			r, err := v.Write(b.ctx, "", o)
			keep(r, err)
			keep(b.agent(ana).Reply(b.ctx, r.Ref, "", o))
		}
	}
	assert.Len(t, seen, 12)
	assert.Equal(t, 12, kept(t, dir))
}

// TestPurgeAgain: R1.6: a purge that failed, at the files or at the rows, is repeated until
// nothing is left.
func TestPurgeAgain(t *testing.T) {
	t.Parallel()
	b, files, dir := uploading(t, nil, nil)
	_, err := b.enter("juan").Write(b.ctx, "hola", send("foto"))
	require.NoError(t, err)
	_, err = b.desk.Purge(b.ctx, b.account.ID())
	require.ErrorIs(t, err, charla.ErrNotDeleted)
	assert.Equal(t, 1, kept(t, dir), "not deleted: the file stays")
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	files.set("DeleteAll", 3)
	for range 3 {
		purged, err := b.desk.Purge(b.ctx, b.account.ID())
		require.ErrorIs(t, err, errDisk)
		require.Zero(t, purged)
	}
	broken, err := charla.New(unpurged{b.store}, &charla.Options{Clock: b.clock, Files: &charla.FileOptions{Store: files}})
	require.NoError(t, err)
	_, err = broken.Purge(b.ctx, b.account.ID())
	require.ErrorIs(t, err, charla.ErrBusy)
	purged, err := b.desk.Purge(b.ctx, b.account.ID())
	require.NoError(t, err)
	assert.Equal(t, int64(1), purged.Messages, "the rows waited for the files")
	assert.Zero(t, kept(t, dir))
	_, err = b.desk.Purge(b.ctx, b.account.ID())
	require.ErrorIs(t, err, charla.ErrNotFound)
}

// unpurged is a store that is too busy to purge.
type unpurged struct{ storage.Store }

func (s unpurged) Accounts() storage.Accounts { return unpurgedAccounts{s.Store.Accounts()} }

type unpurgedAccounts struct{ storage.Accounts }

func (unpurgedAccounts) Purge(context.Context, chatcfg.AccountID) (storage.Purged, error) {
	return storage.Purged{}, storage.ErrBusy
}

// TestUploadMeanwhile: an upload that is under way while its message becomes impossible
// leaves no file, whether the account is deleted, purged, or the session ended.
func TestUploadMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*bench, *charla.Visitor) error
		want error
	}{
		"nothing happens": {func(*bench, *charla.Visitor) error { return nil }, nil},
		"delete":          {func(b *bench, _ *charla.Visitor) error { return b.account.Delete(b.ctx, "Tienda") }, charla.ErrDeleted},
		"leave":           {func(b *bench, v *charla.Visitor) error { return v.Leave(b.ctx) }, charla.ErrSession},
		"purge": {func(b *bench, _ *charla.Visitor) error {
			_, err := b.desk.Purge(b.ctx, b.account.ID())
			return errors.Join(b.account.Delete(b.ctx, "Tienda"), errors.Unwrap(err))
		}, charla.ErrDeleted},
		"delete and purge": {func(b *bench, _ *charla.Visitor) error {
			if err := b.account.Delete(b.ctx, "Tienda"); err != nil {
				return err
			}
			_, err := b.desk.Purge(b.ctx, b.account.ID())
			return err
		}, charla.ErrSession},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, files, dir := uploading(t, nil, nil)
			s := b.enter("juan")
			files.before = func(account chatcfg.AccountID) {
				if account == b.account.ID() {
					require.NoError(t, c.do(b, s))
				}
			}
			_, err := s.Write(b.ctx, "", send("hola"))
			require.ErrorIs(t, err, c.want)
			if c.want == nil {
				assert.Equal(t, 1, kept(t, dir), "the positive control")
				return
			}
			assert.Zero(t, kept(t, dir))
			assert.NoDirExists(t, filepath.Join(dir, b.account.ID().String()))
		})
	}
}

// TestRefusedUploads: what is refused is not even written: 20 times 5 MB leave nothing.
func TestRefusedUploads(t *testing.T) {
	t.Parallel()
	b, files, dir := uploading(t, func(c *chatcfg.Config) {
		c.Chat.ContactForm = chatcfg.ContactForm{Enabled: true, Email: chatcfg.FormEmail{Enabled: true, Address: "a@x.cl"}}
	}, nil)
	puts := 0
	files.before = func(chatcfg.AccountID) { puts++ }
	large := &charla.Upload{Name: "a.txt", Body: bytes.Repeat([]byte("a"), 5<<20)}
	s := b.enter("juan")
	for range 20 {
		_, err := s.Write(b.ctx, "", &charla.WriteOptions{File: large})
		require.ErrorIs(t, err, charla.ErrContactForm)
	}
	require.NoError(t, b.agent(ana).Heartbeat(b.ctx, tickets.Online))
	said, err := s.Write(b.ctx, "", &charla.WriteOptions{Key: "k", File: &charla.Upload{Name: "a.txt", Body: []byte("hola")}})
	require.NoError(t, err)
	require.Equal(t, 2, puts, "the positive control: a note and a file")
	_, err = s.Write(b.ctx, "", &charla.WriteOptions{Key: "k", File: large})
	require.ErrorIs(t, err, charla.ErrKeyReused)
	again, err := s.Write(b.ctx, "", &charla.WriteOptions{Key: "k", File: &charla.Upload{Name: "a.txt", Body: []byte("hola")}})
	require.NoError(t, err)
	assert.Equal(t, said, again)
	_, err = b.agent(ana).Do(b.ctx, said.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	_, err = b.agent(ana).Reply(b.ctx, said.Ref, "", &charla.WriteOptions{File: large})
	require.ErrorIs(t, err, tickets.ErrTransition)
	assert.Equal(t, 2, puts)
	assert.Equal(t, 1, kept(t, dir))
	_, body, err := s.File(b.ctx, said.Seq)
	require.NoError(t, err)
	assert.Equal(t, "hola", string(body))
}

// TestFileStoreFails: a message whose file cannot be kept is not stored, and what was
// written of the file is removed.
func TestFileStoreFails(t *testing.T) {
	t.Parallel()
	b, files, dir := uploading(t, nil, nil)
	s := b.enter("juan")
	for _, nth := range []int{1, 2} { // the note, the file
		files.set("Put", 0)
		puts := 0
		files.before = func(chatcfg.AccountID) {
			if puts++; puts == nth {
				files.set("Put", 1)
			}
		}
		_, err := s.Write(b.ctx, "", send("hola"))
		require.ErrorIs(t, err, errDisk)
		require.Equal(t, nth, puts)
		require.Zero(t, kept(t, dir))
	}
	said, err := s.Write(b.ctx, "", send("hola"))
	require.NoError(t, err)
	assert.Equal(t, 1, kept(t, dir))
	assert.Len(t, b.messages(said.Ref), 1)
}

// TestSweep: R8.1: an upload that a crash interrupted is settled by Run: its file is
// removed if no message has it, and stays if one has. One under way is left alone.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		folder, err := charla.NewFileDir(dir)
		require.NoError(t, err)
		defer folder.Close()
		store := &crashing{Store: storage.NewMemory()}
		files := &faultyFiles{Files: folder}
		var failed []charla.RunPart
		o := &charla.Options{
			Files:    &charla.FileOptions{Store: files},
			Observer: &charla.Observer{Failed: func(_ context.Context, part charla.RunPart, _ error) { failed = append(failed, part) }},
		}
		desk, err := charla.New(store, o)
		require.NoError(t, err)
		account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
		require.NoError(t, err)
		v, _, err := account.Enter(t.Context(), charla.Entry{Name: "Juan"})
		require.NoError(t, err)
		store.before, store.after = true, false
		_, err = v.Write(t.Context(), "", send("perdido"))
		require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
		store.before, store.after = false, true
		_, err = v.Write(t.Context(), "", send("guardado"))
		require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
		store.after = false
		torn := tickets.FileID{UUID: uuid.MustParse("0197b0a0-0000-7000-8000-000000000001")}
		require.NoError(t, folder.Put(t.Context(), account.ID(), torn, []byte("viejo")), "without a note: a host's own")
		require.Equal(t, 5, kept(t, dir), "three files, two notes")

		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = desk.Run(ctx) }()
		elapse(time.Hour - time.Second)
		synctest.Wait()
		require.Equal(t, 5, kept(t, dir), "it may be under way")
		files.set("Delete", 1)
		elapse(2 * time.Second)
		synctest.Wait()
		require.Equal(t, []charla.RunPart{charla.RunFiles}, failed, "a failure is told of")
		files.set("List", 1)
		elapse(time.Hour)
		synctest.Wait()
		require.Equal(t, []charla.RunPart{charla.RunFiles, charla.RunFiles}, failed)
		elapse(time.Hour)
		synctest.Wait()
		require.Equal(t, 2, kept(t, dir), "the message's file and the host's")
		_, body, err := v.File(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, "guardado", string(body))

		store.before = true
		_, err = v.Write(t.Context(), "", send("perdido"))
		require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
		store.before = false
		require.NoError(t, account.Delete(ctx, "Tienda"))
		_, err = desk.Purge(ctx, account.ID())
		require.NoError(t, err)
		require.NoError(t, folder.Put(ctx, account.ID(), slices.Collect(notes(t, folder))[0], []byte("tarde")), "an upload that ended after the purge")
		elapse(2 * time.Hour)
		synctest.Wait()
		require.Zero(t, kept(t, dir), "of a purged account, too")
	})
}

// TestSweepFollowsTheMessage: R8.1: the file of a message that came into another
// conversation than its upload began with stays, too.
func TestSweepFollowsTheMessage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		folder, err := charla.NewFileDir(dir)
		require.NoError(t, err)
		defer folder.Close()
		store := &crashing{Store: storage.NewMemory()}
		files := &faultyFiles{Files: folder}
		desk, err := charla.New(store, &charla.Options{Files: &charla.FileOptions{Store: files}})
		require.NoError(t, err)
		cfg := chatcfg.Default(chatcfg.Spanish)
		cfg.Chat.EmailAsIdentifier = true
		account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
		require.NoError(t, err)
		entry := charla.Entry{Name: "Juan", Email: "juan@example.com"}
		first, _, err := account.Enter(t.Context(), entry)
		require.NoError(t, err)
		other, _, err := account.Enter(t.Context(), entry)
		require.NoError(t, err)
		files.before = func(of chatcfg.AccountID) {
			if of == account.ID() {
				_, err := other.Write(t.Context(), "yo primero", nil)
				require.NoError(t, err)
				store.after = true
			}
		}
		began, err := first.Session(t.Context())
		require.NoError(t, err)
		_, err = first.Write(t.Context(), "", send("hola"))
		require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
		store.after = false
		ended, err := first.Session(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, began.Conversation, ended.Conversation, "the positive control")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = desk.Run(ctx) }()
		elapse(2 * time.Hour)
		synctest.Wait()
		require.Empty(t, slices.Collect(notes(t, folder)))
		_, body, err := first.File(ctx, 2)
		require.NoError(t, err)
		require.Equal(t, "hola", string(body))
	})
}

// notes yields the uploads under way.
func notes(t *testing.T, files charla.Files) iter.Seq[tickets.FileID] {
	t.Helper()
	return func(yield func(tickets.FileID) bool) {
		for f, err := range files.List(context.Background(), chatcfg.AccountID{}) {
			require.NoError(t, err)
			if !yield(f.ID) {
				return
			}
		}
	}
}

// crashing is a store on which a commit fails without a word of the outcome: before it is
// done, or after.
type crashing struct {
	storage.Store
	before, after bool
}

func (s *crashing) Conversations() storage.Conversations {
	return crashingConversations{s.Store.Conversations(), s}
}

type crashingConversations struct {
	storage.Conversations
	s *crashing
}

func (c crashingConversations) Commit(ctx context.Context, b *storage.Batch) error {
	if c.s.before {
		return errDisk
	}
	if err := c.Conversations.Commit(ctx, b); err != nil || !c.s.after {
		return err
	}
	return errDisk
}

// TestAccountBytes: R8.4: the files of an account have a limit in bytes together; what was
// refused does not count, and other accounts have their own.
func TestAccountBytes(t *testing.T) {
	t.Parallel()
	b, files, dir := uploading(t, nil, func(o *charla.FileOptions) { o.AccountBytes = 10 })
	full := func(err error) bool {
		var p chatcfg.Problems
		return errors.As(err, &p) && p.Has("file", chatcfg.CodeFilesFull)
	}
	s := b.enter("juan")
	for range 3 { // uploads that fail give back what they took
		files.set("Put", 1)
		_, err := s.Write(b.ctx, "", send("123456"))
		require.ErrorIs(t, err, errDisk)
	}
	said, err := s.Write(b.ctx, "", send("123456"))
	require.NoError(t, err)
	_, err = s.Write(b.ctx, "", send("12345"))
	assert.True(t, full(err), err)
	_, err = b.agent(ana).Reply(b.ctx, said.Ref, "", send("12345"))
	assert.True(t, full(err), "agents, too: %v", err)
	_, err = s.Write(b.ctx, "sin archivo", nil)
	require.NoError(t, err)
	_, err = s.Write(b.ctx, "", send("1234"))
	require.NoError(t, err, "to the last byte")
	assert.Equal(t, 2, kept(t, dir))

	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	v, _, err := other.Enter(b.ctx, charla.Entry{Name: "Eva"})
	require.NoError(t, err)
	_, err = v.Write(b.ctx, "", send("1234567890"))
	require.NoError(t, err)

	restarted := b.on(b.newDesk(func(o *charla.Options) { o.Files = &charla.FileOptions{Store: files, AccountBytes: 11} }), s)
	_, err = restarted.Write(b.ctx, "", send("12"))
	assert.True(t, full(err), "what is stored counts after a restart: %v", err)
	_, err = b.on(b.newDesk(func(o *charla.Options) { o.Files = &charla.FileOptions{Store: files, AccountBytes: -1} }), s).Write(b.ctx, "", send("1"))
	require.NoError(t, err, "below zero: any number")
	_, err = restarted.Write(b.ctx, "", send("1"))
	require.NoError(t, err, "what another process stored is not counted yet")
	b.clock.Add(10 * time.Minute)
	require.NoError(t, files.DeleteAll(b.ctx, b.account.ID()))
	_, err = restarted.Write(b.ctx, "", send("12345678901"))
	require.NoError(t, err, "counted anew")
	b.clock.Add(10 * time.Minute)
	require.NoError(t, files.DeleteAll(b.ctx, b.account.ID()))
	met := false
	files.before = func(of chatcfg.AccountID) { // the upload is reserved, and its file not yet there
		if of == b.account.ID() && !met {
			met = true
			b.clock.Add(10 * time.Minute)
			_, err := restarted.Write(b.ctx, "", send("123"))
			assert.True(t, full(err), "what is under way counts: %v", err)
		}
	}
	_, err = restarted.Write(b.ctx, "", send("123456789"))
	require.NoError(t, err)
	require.True(t, met)
	files.before = nil
	files.set("List", 1)
	b.clock.Add(10 * time.Minute)
	_, err = restarted.Write(b.ctx, "", send("1"))
	require.ErrorIs(t, err, errDisk)
}

// TestUploadsAtOnce: uploads that meet do not exceed the limit together.
func TestUploadsAtOnce(t *testing.T) {
	t.Parallel()
	b, _, dir := uploading(t, nil, func(o *charla.FileOptions) { o.AccountBytes = 50 })
	var group sync.WaitGroup
	for range 20 {
		s := b.enter("juan")
		group.Go(func() { _, _ = s.Write(b.ctx, "", send("1234567890")) })
	}
	group.Wait()
	assert.Equal(t, 5, kept(t, dir))
}
