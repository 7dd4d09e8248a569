package widget

import (
	"context"
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

// publicConfig is what everybody may know of a configuration: what the widget
// needs to look and behave as configured. A field must be put here to leave the
// server.
type publicConfig struct {
	Name   string         `json:"name"`
	Locale chatcfg.Locale `json:"locale"`
	// Speaks is the visitor's language; empty: none of ours.
	Speaks    chatcfg.Locale `json:"speaks"`
	Available bool           `json:"available"`
	// Form: who starts a conversation now gets the contact form (R6.2).
	Form         bool             `json:"form"`
	Picture      string           `json:"picture,omitempty"`
	Logo         string           `json:"logo,omitempty"`
	PrimaryColor string           `json:"primaryColor"`
	TextColor    string           `json:"textColor"`
	Position     chatcfg.Position `json:"position"`
	LongButton   string           `json:"longButton,omitempty"`
	Sound        bool             `json:"sound"`
	Company      bool             `json:"company"`
	Entry        publicEntry      `json:"entry"`
	OpenOnLoad   *publicOpen      `json:"openOnLoad,omitempty"`

	Notification publicNotification `json:"notification"`
	Welcome      *publicWelcome     `json:"welcome,omitempty"`

	IdentificationMessage string `json:"identificationMessage"`
	HeaderMessage         string `json:"headerMessage"`

	Contact *publicContact `json:"contact,omitempty"`
	Files   *publicFiles   `json:"files,omitempty"`
}

type publicEntry struct {
	Anonymous bool     `json:"anonymous"`
	Email     bool     `json:"email"`
	RUT       bool     `json:"rut"`
	Phone     bool     `json:"phone"`
	Form      bool     `json:"form"`
	Providers []string `json:"providers"`
}

type publicOpen struct {
	DelaySeconds int64           `json:"delaySeconds"`
	Devices      chatcfg.Devices `json:"devices"`
}

type publicNotification struct {
	Reply bool  `json:"reply"`
	Count int64 `json:"count"`
}

type publicWelcome struct {
	DelaySeconds  int64           `json:"delaySeconds"`
	RepeatMinutes int64           `json:"repeatMinutes"`
	Existing      bool            `json:"existing"`
	Devices       chatcfg.Devices `json:"devices"`
	Text          string          `json:"text"`
	Author        string          `json:"author,omitempty"`
}

type publicContact struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	Success     string `json:"success"`
	Error       string `json:"error"`
}

type publicFiles struct {
	MaxBytes int      `json:"maxBytes"`
	Types    []string `json:"types"`
}

// config answers the public configuration. It may be kept, but is asked for again
// each time: who is available changes by itself.
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

func (c *call) public() (*publicConfig, error) {
	chat := c.chat
	status, err := c.h.desk.Availability(c.r.Context(), c.account.ID)
	if err != nil {
		return nil, err
	}
	p := &publicConfig{
		Name: chat.Name, Locale: c.locale(), Speaks: chatcfg.VisitorLocale(c.language()), Available: status.Available, Form: status.Form,
		PrimaryColor: chat.PrimaryColor, TextColor: chat.TextColor, Position: chat.Position,
		Sound: chat.Sound, Company: chat.WriteAsCompany,
		Entry: publicEntry{
			Anonymous: chat.Anonymous, Email: chat.EmailAsIdentifier, RUT: chat.AskRUT, Phone: chat.AskPhone,
			Form: !chat.SocialOnly(), Providers: c.h.providers(chat),
		},
		Notification:          publicNotification(chat.Notification),
		IdentificationMessage: c.words(chat.IdentificationMessage), HeaderMessage: c.words(chat.HeaderMessage),
		Picture: c.imagePath("picture", c.account.Picture), Logo: c.imagePath("logo", c.account.Logo),
	}
	if b := chat.LongButton; b.Enabled {
		p.LongButton = c.words(b.Text)
	}
	if o := chat.OpenOnLoad; o.Enabled {
		p.OpenOnLoad = &publicOpen{o.DelaySeconds, o.Devices}
	}
	if w := chat.Welcome; w.Enabled {
		p.Welcome = &publicWelcome{w.DelaySeconds, w.RepeatMinutes, w.Existing, w.Devices, c.words(w.Text), w.Author}
	}
	if chat.ContactForm.Enabled {
		contact := c.contactTexts()
		p.Contact = &contact
	}
	if size, types := c.h.desk.FileLimits(); size > 0 {
		p.Files = &publicFiles{size, types}
	}
	return p, nil
}

func (c *call) contactTexts() publicContact {
	f := &c.chat.ContactForm
	return publicContact{c.words(f.Title), c.words(f.Description), c.words(f.Success), c.words(f.Error)}
}

// providers are the social logins that the account has on and the host offers.
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

func (c *call) imagePath(name string, image *chatcfg.Image) string {
	if image == nil {
		return ""
	}
	return fmt.Sprintf("v1/%s/%s?v=%.16s", c.account.Key, name, image.SHA256)
}

// tagged answers JSON with an ETag, or that it is as before.
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

// cached answers a body under an ETag.
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

// picture and logo answer the account's images.
func (c *call) picture() error { return c.image(c.account.Picture, c.h.desk.Picture) }

func (c *call) logo() error { return c.image(c.account.Logo, c.h.desk.Logo) }

func (c *call) image(image *chatcfg.Image, load imageOf) error {
	if image == nil {
		return errNotFound
	}
	body, err := load(c.r.Context(), c.account.ID)
	if errors.Is(err, charla.ErrNotFound) {
		return errNotFound
	} else if err != nil {
		return err
	}
	if len(body) > largeAnswer {
		leave, err := c.h.bulk.enter(c.address)
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

// imageOf is Desk.Picture or Desk.Logo.
type imageOf func(context.Context, chatcfg.AccountID) ([]byte, error)
