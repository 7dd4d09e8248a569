package widget

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
)

// Snippet returns the HTML that an administrator pastes into a page, before </body>,
// to have an account's chat on it (R1.5). key is the account's public key
// ([charla.AccountInfo]); nothing in the snippet is secret, and what it loads is always
// the server's newest. baseURL is where the widget is served: an absolute http or https
// URL without query, fragment or user. Snippet fails if baseURL is not, or if key cannot
// be a public key.
//
// The chat appears on pages of the account's domains only, of which www.tienda.cl and
// tienda.cl are two (R6.8; [chatcfg.WarnTwinDomain] says so at a save).
func Snippet(baseURL, key string) (string, error) {
	u, err := snippetBase(baseURL, key)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`<script async src="%s" data-charla="%s"></script>`, keyed(u, "loader.js", key), html.EscapeString(key)), nil
}

// PinnedSnippet is [Snippet] for pages that run nothing but what they know: it names
// this version's loader with its digest, and in an import map the digests of all that
// the loader brings, so that the browser refuses anything else (Chrome 127, Firefox
// 138, Safari 18; earlier ones check the loader only). It has to be pasted again after
// an update of the widget: a server has no files but its own. A Content-Security-Policy
// must allow the import map, which is an inline script, by its hash. It fails as
// Snippet does.
func PinnedSnippet(baseURL, key string) (string, error) {
	u, err := snippetBase(baseURL, key)
	if err != nil {
		return "", err
	}
	m := &assets().manifest
	digest := m.Integrity[m.Loader]
	if digest == "" {
		return "", errors.New("widget: the loader has no digest")
	}
	digests := map[string]string{}
	for file, digest := range m.Integrity {
		if file != m.Loader {
			digests[u.JoinPath(file).String()] = digest
		}
	}
	imports, err := json.Marshal(map[string]any{"integrity": digests}) // with < and > escaped
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`<script type="importmap">%s</script>
<script async src="%s" integrity="%s" crossorigin="anonymous" data-charla="%s"></script>`,
		imports, keyed(u, m.Loader, key), html.EscapeString(digest), html.EscapeString(key)), nil
}

// keyed returns a file's address with the key in it, escaped for HTML: tag managers
// make scripts anew, with their addresses and nothing else.
func keyed(base *url.URL, file, key string) string {
	u := base.JoinPath(file)
	u.RawQuery = url.Values{"key": {key}}.Encode()
	return html.EscapeString(u.String())
}

// snippetBase returns the base URL of a snippet. It fails if the key cannot be a public key,
// or the URL is not an absolute http or https URL.
func snippetBase(baseURL, key string) (*url.URL, error) {
	if !plausible(key) {
		return nil, errors.New("widget: this is no account's public key (AccountInfo.Key)") // it may be a secret: not shown
	}
	return parseBase(baseURL)
}
