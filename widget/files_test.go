package widget_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFiles: attachments go up with a message and come down as downloads, of a type
// that their content has.
func TestFiles(t *testing.T) {
	t.Parallel()
	store, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	s := setupDesk(t, &charla.Options{Files: &charla.FileOptions{Store: store, MaxBytes: 10_000, Types: []string{"image/png"}}}, nil, nil)
	v := s.enter("carla")
	var c struct {
		Files struct {
			MaxBytes int
			Types    []string
		}
	}
	s.do(request{path: "config"}).into(t, &c)
	assert.Equal(t, 10_000, c.Files.MaxBytes)
	assert.Equal(t, []string{"image/png"}, c.Files.Types)

	body := png(t, 8)
	send := func(query url.Values, body any, header http.Header) answer {
		return s.do(request{method: "POST", path: "files?" + query.Encode(), token: v.token, body: body, header: header})
	}
	for _, name := range []string{
		"foto.png", "año «ñ» 😀.png", `../../etc/pass"wd.png`, "a\tb.png", strings.Repeat("x", 300), "", "a\r\nSet-Cookie: x=y", "<script>.png",
	} {
		q := url.Values{"key": {"k" + name}, "name": {name}, "text": {"mira"}}
		got := send(q, body, http.Header{"Content-Type": {"text/html"}})
		if got.status == http.StatusUnprocessableEntity {
			continue // the desk's to say
		}
		require.Equal(t, http.StatusCreated, got.status, "%q: %s", name, got.body)
		var stored struct{ Message message }
		got.into(t, &stored)
		require.NotNil(t, stored.Message.File)
		assert.Equal(t, "image/png", stored.Message.File.Type, "known by its content")
		assert.EqualValues(t, len(body), stored.Message.File.Size)
		assert.True(t, stored.Message.File.Inline, "R3.10: the page may show it")
		assert.Equal(t, "mira", stored.Message.Text)

		again := send(q, body, nil)
		assert.JSONEq(t, string(got.body), string(again.body))

		down := s.do(request{path: "files/" + itoa(stored.Message.Seq), token: v.token})
		require.Equal(t, http.StatusOK, down.status)
		assert.Equal(t, body, down.body)
		h := down.header
		assert.Equal(t, "image/png", h.Get("Content-Type"))
		assert.True(t, strings.HasPrefix(h.Get("Content-Disposition"), "attachment"), h.Get("Content-Disposition"))
		assert.Contains(t, h.Get("Content-Security-Policy"), "sandbox")
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		assert.Contains(t, h.Get("Cache-Control"), "no-store")
		assert.Empty(t, h.Get("Set-Cookie"))
	}
	q := url.Values{"key": {"x"}, "name": {"a.png"}}
	assert.Equal(t, "too_large", send(q, make([]byte, 10_001), nil).code())
	for _, name := range []string{"a.hta", "a.png.js", "a\u202egnp.exe", "con.png", "a.png:b.exe"} {
		got := send(url.Values{"key": {name}, "name": {name}}, body, nil)
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, "R3.10: %q", name)
		assert.Contains(t, string(got.body), `"file.name"`)
	}
	huge := bytes.Clone(body)
	binary.BigEndian.PutUint32(huge[16:], 8192)
	binary.BigEndian.PutUint32(huge[20:], 8192)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	var blank struct{ Message message }
	send(url.Values{"key": {"huge"}, "name": {"huge"}}, huge, nil).into(t, &blank)
	require.NotNil(t, blank.Message.File)
	assert.Equal(t, "huge.png", blank.Message.File.Name, "R3.10: the type's ending")
	assert.False(t, blank.Message.File.Inline, "R3.10: 8192² pixels in a few bytes")
	assert.Equal(t, "media_type", send(q, []byte("<html><script>alert(1)</script>"), http.Header{"Content-Type": {"image/png"}}).code())
	assert.Equal(t, "media_type", send(q, []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), nil).code())
	assert.Equal(t, "request", send(url.Values{"name": {"a.png"}}, body, nil).code(), "without a key")
	assert.Equal(t, "key_reused", send(url.Values{"key": {"kfoto.png"}, "name": {"foto.png"}, "text": {"otra"}}, body, nil).code())
	assert.Equal(t, "media_type", send(q, body, http.Header{"Content-Encoding": {"gzip"}}).code())
	for _, seq := range []string{"0", "-1", "1000", "x", "1/2", "9223372036854775808", "%2e%2e", ""} {
		assert.Equal(t, http.StatusNotFound, s.do(request{path: "files/" + seq, token: v.token}).status, seq)
	}

	off := setup(t, nil, func(o *widget.Options) {})
	assert.Equal(t, http.StatusNotFound, off.do(request{
		method: "POST", path: "files?key=a&name=a.png", token: off.enter("x").token, body: body,
	}).status)
}
