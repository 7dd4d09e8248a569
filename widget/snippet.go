package widget

import (
	"fmt"
	"html"
	"net/url"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// Snippet is the HTML that an administrator pastes into a page, before </body>,
// to have the account's chat on it (R1.5). It holds the account's public key and
// nothing secret. baseURL is where the widget is served: an absolute http or
// https URL without query, fragment or user.
func Snippet(baseURL string, a chatcfg.Account) (string, error) {
	u, err := url.Parse(baseURL)
	switch {
	case err != nil:
		return "", fmt.Errorf("widget: base URL: %w", err)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("widget: base URL %q is not an absolute http or https URL", u.Redacted())
	}
	loader := strings.TrimSuffix(u.String(), "/") + "/loader.js"
	return fmt.Sprintf(`<script async src="%s" data-charla="%s"></script>`,
		html.EscapeString(loader), html.EscapeString(a.Key)), nil
}
