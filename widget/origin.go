package widget

import (
	"net/http"
	"net/url"
	"strings"
)

// originOf returns the origin of a URL as browsers write it.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}

// asking returns the origin of the page that asks; empty: unknown. Browsers
// write it on every request to another origin and on every one that changes
// something. On reading requests of pages of the server's own origin they do
// not, and Sec-Fetch-Site says so instead, or over plain http the Referer. What
// a program that is no browser writes there cannot be checked: this keeps pages
// out, not programs.
func (c *call) asking() string {
	h := c.r.Header
	if origins := h.Values("Origin"); len(origins) > 0 {
		if len(origins) > 1 || len(origins[0]) > maxOrigin {
			return ""
		}
		return origins[0]
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return ""
	}
	if site := h.Get("Sec-Fetch-Site"); site != "" {
		switch {
		case site != "same-origin":
			return ""
		case c.h.origin != "":
			return c.h.origin
		}
		return "https://" + c.r.Host
	}
	u, err := url.Parse(h.Get("Referer"))
	if err != nil || u.Host == "" || len(u.Host) > maxOrigin {
		return ""
	}
	return originOf(u)
}

// maxOrigin is longer than any origin: a name has up to 253 bytes.
const maxOrigin = 300

// allowed reports whether a page of an origin may use the account (R6.8): a page of one
// of the account's domains, or of own, our own pages' origin, if the account has a
// domain.
func (p *profile) allowed(origin, own string) bool {
	if own != "" && origin == own {
		return p.chat.Domain != "" || len(p.chat.ExtraDomains) > 0
	}
	return p.chat.Allows(origin)
}

// grant sets the headers by which browsers let a page of an origin read the answer.
func (c *call) grant(origin string) {
	h := c.w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
}

// preflight answers a CORS preflight with 204 and the methods allowed. The caller has
// checked the origin and set Access-Control-Allow-Origin.
func (c *call) preflight(methods string) {
	h := c.w.Header()
	h.Set("Access-Control-Allow-Methods", methods)
	// Monitoring on a page adds headers of its own to every request. The star allows
	// them: no credentials of the browser are taken. It does not stand for Authorization.
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, *")
	h.Set("Access-Control-Max-Age", "7200")
	h.Set("Cache-Control", "no-store")
	c.w.WriteHeader(http.StatusNoContent)
}

// vary sets the header Vary to what answers below v1/ depend on, also for the caches of
// service workers, which keep what may not be stored.
func (c *call) vary() { c.w.Header().Set("Vary", "Origin, Authorization") }

// hint lets a page read a refusal for which the account is not looked up, if a
// remembered profile allows the page: so a page that asks too often learns that.
func (c *call) hint(path string) {
	c.vary()
	key, _, _ := strings.Cut(path, "/")
	if p, ok := c.h.profiles.kept.find(key); ok {
		if origin := c.asking(); p.allowed(origin, c.h.origin) {
			c.grant(origin)
		}
	}
}
