package widget

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// dist is what the browser's part is built into; see ui/.
//
//go:embed ui/dist
var dist embed.FS

// asset is a file of the browser's part.
type asset struct {
	kind      string // Content-Type
	tag       string
	immutable bool
	plain     []byte
	// gzip and brotli are the same compressed; nil: not.
	gzip, brotli []byte
}

// manifest says what was built.
type manifest struct {
	Loader string   `json:"loader"`
	App    string   `json:"app"`
	Chunks []string `json:"chunks"`
	// Integrity has the digests of files, as pages write them.
	Integrity map[string]string `json:"integrity"`
}

// built is the browser's part, by the names it is served under, and its manifest.
type built struct {
	manifest
	files map[string]*asset
}

// assets reads the browser's part once. It is part of the program, so that
// anything wrong with it is a panic.
var assets = sync.OnceValue(func() *built {
	b := &built{files: make(map[string]*asset)}
	raw, err := dist.ReadFile("ui/dist/manifest.json")
	if err == nil {
		err = json.Unmarshal(raw, &b.manifest)
	}
	if err != nil {
		panic("widget: manifest: " + err.Error())
	}
	for _, name := range append([]string{b.Loader, b.App}, b.Chunks...) {
		b.files[name] = readAsset(name)
	}
	stable := *b.files[b.Loader] // the same bytes under a name that stays
	stable.immutable = false
	b.files["loader.js"] = &stable
	return b
})

// readAsset returns an embedded file with its compressed forms. It panics if there is no
// such file.
func readAsset(name string) *asset {
	file := func(suffix string) []byte {
		body, err := dist.ReadFile("ui/dist/" + name + suffix)
		if err != nil && suffix == "" {
			panic("widget: " + err.Error())
		}
		return body
	}
	a := &asset{immutable: true, plain: file(""), gzip: file(".gz"), brotli: file(".br")}
	if a.kind = mime.TypeByExtension(path.Ext(name)); path.Ext(name) == ".js" {
		a.kind = "text/javascript; charset=utf-8" // whatever the machine believes
	}
	sum := sha256.Sum256(a.plain)
	a.tag = hex.EncodeToString(sum[:12])
	if a.gzip == nil {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		_, _ = z.Write(a.plain)
		_ = z.Close()
		a.gzip = b.Bytes()
	}
	return a
}

// asset answers with a file of the browser's part, which pages of any origin may load.
// It fails with errNotFound if there is no such file, and for a method other than GET,
// HEAD and OPTIONS.
func (c *call) asset(name string) error {
	a := assets().files[name]
	switch {
	case a == nil:
		return errNotFound
	case c.r.Method == http.MethodOptions: // of a page that adds headers to every request
		c.w.Header().Set("Access-Control-Allow-Origin", "*")
		c.preflight("GET, HEAD")
		return nil
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodHead:
		return &failure{status: http.StatusMethodNotAllowed, code: codeMethod, allow: "GET, HEAD, OPTIONS"}
	}
	h := c.w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=300")
	if a.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	accepts := c.r.Header.Get("Accept-Encoding")
	switch {
	case a.brotli != nil && accepted(accepts, "br"):
		h.Set("Content-Encoding", "br")
		c.cached(a.brotli, a.tag+"b")
	case accepted(accepts, "gzip"):
		h.Set("Content-Encoding", "gzip")
		c.cached(a.gzip, a.tag+"g")
	default:
		c.cached(a.plain, a.tag)
	}
	return nil
}

// accepted reports whether an Accept-Encoding header names an encoding and does not refuse
// it by q=0.
func accepted(header, encoding string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(params), "q="), 64)
		return err != nil || q > 0
	}
	return false
}
