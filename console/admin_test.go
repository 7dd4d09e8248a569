package console_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// TestAddAccount: R1.1, R1.7: a name and a domain, and the secret is shown once.
func TestAddAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bad := b.post("/desk/channels", url.Values{"name": {" "}, "domain": {"no vale"}})
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.NotEmpty(t, words(bad.find("ask-name-say")))
	assert.NotEmpty(t, words(bad.find("ask-domain-say")))
	assert.Equal(t, "no vale", attr(bad.find("ask-domain"), "value"))

	good := b.post("/desk/channels", url.Values{"name": {"Otra"}, "domain": {"https://otra.cl/x"}})
	secret := words(good.find("secret"))
	_, err := charla.ParseSecret(secret)
	require.NoError(t, err)
	list, err := b.desk.Accounts(t.Context(), charla.AccountQuery{Hidden: true})
	require.NoError(t, err)
	require.Len(t, list.Items, 2)
	presence, err := b.desk.Account(list.Items[1].ID).Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.True(t, presence.Available, "who added it is there")
	for _, path := range []string{"/desk/channels", "/desk/channels/" + list.Items[1].ID.String()} {
		assert.NotContains(t, b.get(path).text, secret)
	}
	assert.Contains(t, b.get("/desk/channels").text, "Otra")
	assert.Contains(t, b.get("/desk/channels").text, "otra.cl · ")
}

// TestSecret: R1.7: a new token is shown once, the old one goes on for a while.
func TestSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.post(b.channel()+"/secret", url.Values{"overlap": {"24"}})
	secret, err := charla.ParseSecret(words(page.find("secret")))
	require.NoError(t, err)
	assert.NotContains(t, b.get(b.channel()).text, secret.Reveal())
	token, err := charla.SignIdentity(secret, b.account.ID(), charla.Proof{Subject: "carla"}, b.desk.Now(), time.Minute)
	require.NoError(t, err)
	_, err = b.account.VerifyIdentity(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, b.post(b.channel()+"/secret", url.Values{"overlap": {"x"}}).status)
	assert.Equal(t, http.StatusUnprocessableEntity, b.post(b.channel()+"/secret", url.Values{"overlap": {"999999"}}).status)
}

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))))
	return b.Bytes()
}

func (b *bench) upload(path string, body []byte) *page {
	b.t.Helper()
	return b.uploadWith(path, body, nil)
}

// uploadWith is upload with what else the form holds.
func (b *bench) uploadWith(path string, body []byte, values url.Values) *page {
	b.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, list := range values {
		for _, value := range list {
			require.NoError(b.t, w.WriteField(name, value))
		}
	}
	part, err := w.CreateFormFile(path[strings.LastIndexByte(path, '/')+1:], "x.png")
	require.NoError(b.t, err)
	_, err = part.Write(body)
	require.NoError(b.t, err)
	require.NoError(b.t, w.Close())
	return b.answer(b.client.Post(b.server.URL+path, w.FormDataContentType(), &form))
}

// TestImages: R1.2: the picture is square, the logo 200×200; a refusal says both
// sizes.
func TestImages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, sizes := range map[string][3]int{"/picture": {30, 20, 30}, "/logo": {30, 30, 200}} {
		bad := b.upload(b.channel()+path, picture(t, sizes[0], sizes[1]))
		assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
		assert.Contains(t, words(bad.find(path[1:])), strconv.Itoa(sizes[0])+"x"+strconv.Itoa(sizes[1]))
		assert.Equal(t, http.StatusUnprocessableEntity, b.upload(b.channel()+path, []byte("<svg onload=alert(1)>")).status)
		assert.Equal(t, http.StatusNotFound, b.get(b.channel()+path).status)

		body := picture(t, sizes[2], sizes[2])
		assert.Equal(t, http.StatusOK, b.upload(b.channel()+path, body).status)
		got := b.get(b.channel() + path)
		assert.Equal(t, "image/png", got.header.Get("Content-Type"))
		assert.Equal(t, string(body), got.text)
		b.post(b.channel()+path, url.Values{"remove": {"1"}})
		assert.Equal(t, http.StatusNotFound, b.get(b.channel()+path).status)
	}
	assert.Equal(t, http.StatusNotFound, b.upload(b.channel()+"/other", nil).status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.upload(b.channel()+"/logo", make([]byte, 9<<20)).status)
}

// TestDelete: R1.6: with its name only; then its history can be read, and purged.
func TestDelete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	wrong := b.post(b.channel()+"/delete", url.Values{"confirm": {"tienda"}})
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	assert.Contains(t, words(wrong.find("delete")), "No se eliminó nada")
	assert.True(t, has(wrong.find("delete"), "data-show"))

	gone := b.post(b.channel()+"/delete", url.Values{"confirm": {"Tienda"}})
	assert.Equal(t, b.channel(), gone.path)
	assert.Contains(t, words(gone.find("toasts")), "se eliminó")
	gone = b.get("/desk/channels")
	assert.Contains(t, words(gone.find("purge-"+b.account.ID().String())), "no se podrán recuperar", "asked once more")
	history := b.get(b.ticket(ref))
	assert.Contains(t, words(history.find("messages")), "hola")
	assert.NotContains(t, history.text, "<button>")
	assert.Nil(t, history.find("reply"))
	assert.Contains(t, words(b.post(b.ticket(ref)+"/reply", url.Values{"text": {"x"}}).find("toasts")), "eliminada")

	purged := b.post(b.channel()+"/purge", nil)
	assert.Contains(t, words(purged.find("toasts")), "Conversaciones: 1; tickets: 1; mensajes: 1.")
	assert.NotContains(t, purged.text, "Borrar del todo")
	assert.Equal(t, http.StatusNotFound, b.get(b.ticket(ref)).status)
}

// TestSnippet: R1.5: the integration code, where the host has the widget.
func TestSnippet(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{WidgetURL: "https://tienda.cl/chat/"})
	snippet := words(b.get(b.channel()).find("snippet"))
	info, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.Contains(t, snippet, info.Key)
	assert.Contains(t, snippet, "https://tienda.cl/chat/")
	without := setup(t)
	assert.Nil(t, without.get(without.channel()).find("snippet"))
}

// TestOutbox: R8.2: what the server refused is dead, an unknown outcome is
// unknown; both are sent again on demand, and shown.
func TestOutbox(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"equipo@tienda.cl"}}
	})
	outbox := "/desk/a/" + b.account.ID().String() + "/outbox"
	for fail, state := range map[error]charla.DeliveryState{charla.ErrRefused: charla.DeliveryDead, io.ErrUnexpectedEOF: charla.DeliveryUnknown} {
		b.mails.fail.Store(&fail)
		b.customer("Carla", "hola")
		_, err := b.desk.RunDue(t.Context())
		require.NoError(t, err)
		path := outbox + "?state=" + string(state)
		page := b.get(path)
		assert.Contains(t, page.text, "equipo@tienda.cl")
		form := page.form(outbox)
		b.mails.fail.Store(nil)
		assert.Contains(t, words(b.post(outbox, form).find("toasts")), "Se enviará de nuevo")
		_, err = b.desk.RunDue(t.Context())
		require.NoError(t, err)
		assert.NotContains(t, b.get(path).text, "equipo@tienda.cl")
		assert.Contains(t, words(b.post(outbox, form).find("toasts")), "Ya no es necesario")
	}
	assert.Contains(t, b.get(outbox+"?state=sent").text, "equipo@tienda.cl")
	assert.Contains(t, b.get(outbox).text, "equipo@tienda.cl", "nothing failed: it opens with what was sent")
	assert.Equal(t, http.StatusUnprocessableEntity, b.get(outbox+"?state=lost").status)
}

// TestContacts: R6.2: what visitors left in the form.
func TestContacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) {
		c.Chat.ContactForm.Enabled = true
		c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "x@tienda.cl"}
	})
	_, err := b.account.Visitor("").Contact(t.Context(), charla.ContactForm{Email: "juan@example.com", Text: "¿Abren hoy?", Scriptless: true}, nil)
	require.NoError(t, err)
	page := b.get("/desk/a/" + b.account.ID().String() + "/contacts")
	assert.Contains(t, page.text, "juan@example.com")
	assert.Contains(t, page.text, "¿Abren hoy?")
}

// TestOneName: accounts of one name are told apart by their domains, those of one domain too by their keys,
// wherever they are listed; one that is alone with its name is just called that.
func TestOneName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, _ = b.customer("Carla", "hola")
	labels := func() []string {
		var all []string
		page := b.get("/desk/inbox")
		page.each(func(n *html.Node) {
			if n.Data == "a" && strings.Contains(attr(n, "href"), "/inbox") && n.Parent != nil && (attr(n.Parent, "class") == "sheet" || attr(n.Parent, "class") == "phone") {
				all = append(all, words(n))
			}
		})
		return all
	}
	other, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	assert.Contains(t, labels(), "T Tienda")
	_, _, err = b.desk.CreateAccount(t.Context(), "TIENDA", "tienda.cl", nil)
	require.NoError(t, err)
	assert.Subset(t, labels(), []string{"T Tienda localhost:8080", "T TIENDA tienda.cl", "O Otra"})
	assert.Contains(t, words(b.get("/desk/inbox").find("list")), "Tienda · localhost:8080")
	third, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	for _, one := range []*charla.Account{other, third} {
		info, err := one.Info(t.Context())
		require.NoError(t, err)
		assert.Contains(t, labels(), "O Otra otra.cl …"+info.Key[len(info.Key)-6:])
	}
}
