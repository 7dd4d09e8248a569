package widget

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// config answers with the public configuration; of a hidden chat, only that it is
// hidden. Browsers may keep it, but must check it each time: who is available changes
// by itself. It fails if the desk does.
func (c *call) config() error {
	h := c.w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Accept-Language")
	if c.chat.Hidden {
		return c.tagged(struct {
			Hidden bool `json:"hidden"`
		}{true})
	}
	public, err := c.public()
	if err != nil {
		h.Del("Cache-Control")
		return err
	}
	return c.tagged(public)
}

// public returns what everybody may know of the account: its public settings, and what
// depends on this request and on the moment, such as who is available. It fails if the
// desk does.
func (c *call) public() (map[string]any, error) {
	status, err := c.account.Visitor("").Status(c.r.Context())
	if err != nil {
		return nil, err
	}
	p := c.chat.Public(c.speaks())
	// speaks is the visitor's language; empty: none of ours.
	p["locale"], p["speaks"] = c.locale(), chatcfg.VisitorLocale(c.language())
	// The colours as they can be read: the text's on the primary one, and the accent on
	// the surfaces of ui/src/app/app.css (R6.6).
	primary := c.chat.PrimaryColor
	p["textColor"] = chatcfg.Readable(primary, c.chat.TextColor)
	p["accent"] = map[string]string{"light": chatcfg.Accent(primary, "#ffffff"), "dark": chatcfg.Accent(primary, "#1a1d23")}
	// form: who starts a conversation now gets the contact form (R6.2).
	p["available"], p["form"] = status.Available, status.Form
	if entry, ok := p["entry"].(map[string]any); ok {
		form, providers := !c.chat.SocialOnly(), c.h.providers(c.chat)
		entry["form"], entry["providers"] = form, providers
		if !form && len(providers) == 0 { // only whom the page identifies can enter
			p["identificationMessage"] = words["nobody"].in(c.locale())
		}
	}
	if image := c.info.Picture; image != nil {
		p["picture"] = c.imagePath("picture", image)
	}
	if image := c.info.Logo; image != nil {
		p["logo"] = c.imagePath("logo", image)
	}
	if size, types := c.h.desk.FileLimits(); size > 0 {
		p["files"] = map[string]any{"maxBytes": size, "types": types}
	}
	return p, nil
}

// providers returns the social logins that the account has on and the host offers, sorted.
func (h *Handler) providers(chat *chatcfg.Chat) []string {
	list := []string{}
	for _, login := range h.o.Logins {
		if p := login.Provider(); p == "google" && chat.Google.Enabled || p == "facebook" && chat.Facebook.Enabled {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return list
}

// imagePath returns the path of an image of the account, which changes with its content.
func (c *call) imagePath(name string, image *chatcfg.Image) string {
	return fmt.Sprintf("v1/%s/%s?v=%.16s", c.info.Key, name, image.SHA256)
}

// tagged answers with JSON and an ETag, or with 304 if the browser has it. It fails if body
// cannot be written as JSON.
func (c *call) tagged(body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	c.w.Header().Set("Content-Type", "application/json")
	c.cached(raw, hex.EncodeToString(sum[:12]))
	return nil
}

// cached answers with a body and an ETag, or with 304 if the browser has it; to HEAD
// without the body.
func (c *call) cached(body []byte, tag string) {
	h := c.w.Header()
	tag = `"` + tag + `"`
	h.Set("ETag", tag)
	for known := range strings.SplitSeq(c.r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == tag {
			h.Del("Content-Type")
			c.w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body)
	}
}

// picture answers with the account's picture. It fails as image does.
func (c *call) picture() error { return c.image(c.info.Picture, charla.ImagePicture) }

// logo answers with the account's logo. It fails as image does.
func (c *call) logo() error { return c.image(c.info.Logo, charla.ImageLogo) }

// image answers with an image of the account. It fails with errNotFound if there is
// none, if too many large answers are under way, or if the desk does.
func (c *call) image(image *chatcfg.Image, kind charla.ImageKind) error {
	if image == nil {
		return errNotFound
	}
	body, err := c.account.Image(c.r.Context(), kind)
	if errors.Is(err, charla.ErrNotFound) {
		return errNotFound
	} else if err != nil {
		return err
	}
	if len(body) > largeAnswer {
		leave, err := c.enterBulk()
		if err != nil {
			return err
		}
		defer leave()
	}
	h := c.w.Header()
	h.Set("Content-Type", image.Type) // one of four, checked when it was stored
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, no-cache")
	if v := c.r.URL.Query().Get("v"); v != "" && strings.HasPrefix(image.SHA256, v) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.cached(body, image.SHA256[:min(24, len(image.SHA256))])
	return nil
}
