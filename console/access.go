package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// route is a row of the access table. One whose pattern has {account} is about that
// account: only who sees it gets there, to any other it does not exist.
type route struct {
	pattern string
	// least is the least role that gets there; zero: anybody, without a login.
	least Role
	// all says that only somebody who sees every account gets there.
	all   bool
	serve func(*visit) error
	// api is what the row does in place of serve, as a part of the agents' API.
	api *operation
}

// routes is the access table: every address of the console, and who gets there. What
// is not in it answers as what does not exist, and another method with status 405.
var routes = []route{
	{pattern: "GET /assets/{hash}/{name}", serve: (*visit).asset},

	{pattern: "GET /{$}", least: RoleAgent, serve: (*visit).home},
	{pattern: "POST /preferences", least: RoleAgent, serve: (*visit).setPreferences},
	{pattern: "POST /presence", least: RoleAgent, serve: (*visit).setPresence},
	{pattern: "GET /a/{account}/events", least: RoleAgent, serve: (*visit).events},
	{pattern: "GET /inbox", least: RoleAgent, serve: (*visit).inbox},
	{pattern: "GET /a/{account}/inbox", least: RoleAgent, serve: (*visit).inbox},
	{pattern: "GET /a/{account}/inbox/{conversation}/{number}", least: RoleAgent, serve: (*visit).inbox},
	{pattern: "POST /a/{account}/next", least: RoleAgent, serve: (*visit).takeNext},
	{pattern: "POST /a/{account}/inbox/{conversation}/{number}/{action}", least: RoleAgent, serve: (*visit).act},
	{pattern: "GET /a/{account}/file/{conversation}/{number}/{seq}", least: RoleAgent, serve: (*visit).file},
	{pattern: "GET /a/{account}/contacts", least: RoleAgent, serve: (*visit).contacts},

	{pattern: "GET /a/{account}/replies", least: RoleSupervisor, serve: (*visit).replies},
	{pattern: "POST /a/{account}/replies", least: RoleSupervisor, serve: (*visit).saveReply},
	{pattern: "GET /a/{account}/outbox", least: RoleSupervisor, serve: (*visit).outbox},
	{pattern: "POST /a/{account}/outbox", least: RoleSupervisor, serve: (*visit).replay},
	{pattern: "GET /a/{account}/report", least: RoleSupervisor, serve: (*visit).report},
	{pattern: "GET /a/{account}/report.csv", least: RoleSupervisor, serve: (*visit).reportFile},

	{pattern: "GET /channels", least: RoleAdministrator, serve: (*visit).channels},
	{pattern: "POST /channels", least: RoleAdministrator, all: true, serve: (*visit).addChannel},
	{pattern: "GET /channels/{account}", least: RoleAdministrator, serve: (*visit).configure},
	{pattern: "POST /channels/{account}", least: RoleAdministrator, serve: (*visit).saveConfig},
	{pattern: "GET /channels/{account}/history", least: RoleAdministrator, serve: (*visit).history},
	{pattern: "POST /channels/{account}/history", least: RoleAdministrator, serve: (*visit).undo},
	{pattern: "POST /channels/{account}/preview", least: RoleAdministrator, serve: (*visit).makePreview},
	{pattern: "POST /channels/{account}/secret", least: RoleAdministrator, serve: (*visit).rotate},
	{pattern: "POST /channels/{account}/delete", least: RoleAdministrator, serve: (*visit).deleteChannel},
	{pattern: "POST /channels/{account}/purge", least: RoleAdministrator, serve: (*visit).purge},
	{pattern: "GET /channels/{account}/{image}", least: RoleAdministrator, serve: (*visit).image},
	{pattern: "POST /channels/{account}/{image}", least: RoleAdministrator, serve: (*visit).setImage},

	{pattern: "GET /api/openapi.json", least: RoleAgent, api: apiDocument},
	{pattern: "GET /api/me", least: RoleAgent, api: apiMe},
	{pattern: "POST /api/presence", least: RoleAgent, api: apiPresence},
	{pattern: "GET /api/accounts", least: RoleAgent, api: apiAccounts},
	{pattern: "GET /api/events", least: RoleAgent, api: apiEvents},
	{pattern: "GET /api/a/{account}/presence", least: RoleAgent, api: apiAvailable},
	{pattern: "GET /api/a/{account}/colleagues", least: RoleAgent, api: apiColleagues},
	{pattern: "GET /api/a/{account}/tickets", least: RoleAgent, api: apiTickets},
	{pattern: "GET /api/a/{account}/counts", least: RoleAgent, api: apiCounts},
	{pattern: "GET /api/a/{account}/contacts", least: RoleAgent, api: apiContacts},
	{pattern: "GET /api/a/{account}/customer", least: RoleAgent, api: apiCustomer},
	{pattern: "GET /api/a/{account}/quick-replies", least: RoleAgent, api: apiQuickReplies},
	{pattern: "GET /api/a/{account}/report", least: RoleSupervisor, api: apiReport},
	{pattern: "POST /api/a/{account}/start", least: RoleAgent, api: apiStart},
	{pattern: "POST /api/a/{account}/take-next", least: RoleAgent, api: apiTakeNext},
	{pattern: "GET " + apiTicketPath, least: RoleAgent, api: apiTicket},
	{pattern: "GET " + apiTicketPath + "/messages", least: RoleAgent, api: apiMessages},
	{pattern: "GET " + apiTicketPath + "/files/{seq}", least: RoleAgent, api: apiFile},
	{pattern: "GET " + apiTicketPath + "/history", least: RoleAgent, api: apiHistory},
	{pattern: "GET " + apiTicketPath + "/explain", least: RoleAgent, api: apiExplain},
	{pattern: "GET " + apiTicketPath + "/quick-reply", least: RoleAgent, api: apiQuickReply},
	{pattern: "POST " + apiTicketPath + "/reply", least: RoleAgent, api: apiReply},
	{pattern: "POST " + apiTicketPath + "/note", least: RoleAgent, api: apiNote},
	{pattern: "POST " + apiTicketPath + "/do", least: RoleAgent, api: apiDo},
	{pattern: "POST " + apiTicketPath + "/read", least: RoleAgent, api: apiRead},
	{pattern: "POST " + apiTicketPath + "/activity", least: RoleAgent, api: apiActivity},
	{pattern: "/api/", least: RoleAgent, api: &operation{do: (*visit).nowhere}},

	{pattern: "/", least: RoleAgent, serve: (*visit).nowhere},
}

// access is the desk behind the check of who may do what: no other file of the package
// touches it.
type access struct {
	desk *charla.Desk
	who  func(*http.Request) (Person, error)
}

var errPerson = errors.New("console: the host's person has no ID or an unknown role")

// admit returns who makes a request of a route, and the account that the route names; nil
// if it names none. It fails with [ErrNobody], with status 403 if the person's role is too
// low, and with [charla.ErrNotFound] for an account that they do not see or that does not
// exist: the role is checked first, so that nothing tells one from the other.
func (a *access) admit(to *route, r *http.Request) (Person, *account, error) {
	p, id, err := a.admitPerson(to, r)
	if err != nil || id.IsZero() {
		return p, nil, err
	}
	one, err := a.open(r.Context(), id)
	return p, one, err
}

// admitPerson is admit without a look at the store: it returns the ID of the account, which
// need not exist; zero: the route names none.
func (a *access) admitPerson(to *route, r *http.Request) (p Person, id chatcfg.AccountID, err error) {
	if to.least == 0 {
		return p, id, nil
	}
	switch p, err = a.who(r); {
	case err != nil:
		return Person{}, id, err
	case p.ID == "" || p.Role < RoleAgent || p.Role > RoleAdministrator:
		return Person{}, id, errPerson
	case p.Role < to.least || to.all && !p.AllAccounts:
		return p, id, statusError(http.StatusForbidden)
	case !strings.Contains(to.pattern, "{account}"):
		return p, id, nil
	}
	if id.UUID, err = parseID(r.PathValue("account")); err != nil || id.IsZero() || !p.sees(id) {
		return p, id, charla.ErrNotFound
	}
	return p, id, nil
}

// parseID reads an ID. It fails with [charla.ErrNotFound] for any other text.
func parseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.Nil, charla.ErrNotFound
	}
	return id, nil
}

// parseNumber reads a number of a ticket or a message, as addresses write it. It fails with
// [charla.ErrNotFound] for any other text.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0, charla.ErrNotFound
	}
	return n, nil
}

// account is an account that a visit may use, a deleted one too. Only [access] makes it.
type account struct {
	*charla.Account
	info charla.AccountInfo
	desk *charla.Desk
}

// open returns the handle of an account. It fails with [charla.ErrNotFound].
func (a *access) open(ctx context.Context, id chatcfg.AccountID) (*account, error) {
	handle := a.desk.Account(id)
	info, err := handle.Info(ctx)
	if err != nil {
		return nil, err
	}
	return &account{handle, info, a.desk}, nil
}

// domains returns where the chats of accounts are, as their settings say; an account whose
// settings only a newer version can read is left out. It fails if the store does.
func (a *access) domains(ctx context.Context, list []charla.AccountInfo) (map[chatcfg.AccountID]string, error) {
	found := map[chatcfg.AccountID]string{}
	for i := range list {
		cfg, _, err := a.desk.Account(list[i].ID).Config(ctx)
		switch {
		case err == nil:
			found[list[i].ID] = cfg.Chat.Domain
		case !errors.Is(err, charla.ErrNewerFormat) && !errors.Is(err, charla.ErrNotFound):
			return nil, err
		}
	}
	return found, nil
}

// sites returns what tells accounts of one name apart, beside the name: their domains, and if those
// are alike or not known the ends of their public keys. An account that is alone with its name has none.
func (a *access) sites(ctx context.Context, list []charla.AccountInfo) (map[chatcfg.AccountID]string, error) {
	named := map[string][]charla.AccountInfo{}
	for i := range list {
		name := strings.ToLower(list[i].Name)
		named[name] = append(named[name], list[i])
	}
	found := map[chatcfg.AccountID]string{}
	for _, alike := range named {
		if len(alike) < 2 {
			continue
		}
		domains, err := a.domains(ctx, alike)
		if err != nil {
			return nil, err
		}
		at := map[string]int{}
		for _, one := range alike {
			at[domains[one.ID]]++
		}
		for _, one := range alike {
			found[one.ID] = domains[one.ID]
			if at[domains[one.ID]] > 1 || domains[one.ID] == "" {
				found[one.ID] = strings.TrimSpace(domains[one.ID] + " …" + one.Key[max(len(one.Key)-6, 0):])
			}
		}
	}
	return found, nil
}

// accounts returns the accounts that a person sees, hidden ones too: those that exist,
// and those that are deleted and not purged.
func (a *access) accounts(ctx context.Context, p *Person) (live, deleted []charla.AccountInfo, err error) {
	if p.AllAccounts {
		if live, err = a.allAccounts(ctx); err != nil {
			return nil, nil, err
		}
	}
	for _, id := range p.Accounts {
		if slices.ContainsFunc(live, func(one charla.AccountInfo) bool { return one.ID == id }) {
			continue
		}
		info, err := a.desk.Account(id).Info(ctx)
		switch {
		case errors.Is(err, charla.ErrNotFound):
		case err != nil:
			return nil, nil, err
		case info.DeletedAt.IsZero():
			live = append(live, info)
		default:
			deleted = append(deleted, info)
		}
	}
	return live, deleted, nil
}

// allAccounts returns all accounts that are not deleted, page by page. It fails if the store
// does.
func (a *access) allAccounts(ctx context.Context) (list []charla.AccountInfo, err error) {
	q := charla.AccountQuery{Hidden: true}
	for {
		page, err := a.desk.Accounts(ctx, q)
		if list = append(list, page.Items...); err != nil || page.Next == "" {
			return list, err
		}
		q.Cursor = page.Next
	}
}

// inboxOf returns the inbox of an account that the person sees, as they see it.
func (a *access) inboxOf(id chatcfg.AccountID, p *Person) *charla.Inbox {
	return a.desk.Account(id).Agent(p.agent()).Inbox()
}

// sharedInbox returns the inbox of an account as nobody in particular sees it, for what all
// streams share.
func (a *access) sharedInbox(id chatcfg.AccountID) *charla.Inbox { return a.desk.Account(id).Inbox() }

// chat returns the account's settings of the chat. It fails as [charla.Account.Config] does.
func (a *access) chat(ctx context.Context, id chatcfg.AccountID) (chatcfg.Chat, error) {
	cfg, _, err := a.desk.Account(id).Config(ctx)
	return cfg.Chat, err
}

// accountsPage returns a page of the accounts that a person sees, hidden and deleted ones
// too: of all accounts, with the deleted ones that the person has on the last page; else of
// theirs, on one page. It fails as [charla.Desk.Accounts] does.
func (a *access) accountsPage(ctx context.Context, p *Person, q charla.PageQuery) (page charla.Page[charla.AccountInfo], err error) {
	if p.AllAccounts {
		page, err = a.desk.Accounts(ctx, charla.AccountQuery{Hidden: true, PageQuery: q})
		if err != nil || page.Next != "" {
			return page, err
		}
	} else if q.Cursor != "" {
		return page, charla.ErrCursor
	}
	for _, id := range p.Accounts {
		info, err := a.desk.Account(id).Info(ctx)
		switch {
		case errors.Is(err, charla.ErrNotFound), err == nil && p.AllAccounts && info.DeletedAt.IsZero():
		case err != nil:
			return page, err
		default:
			page.Items = append(page.Items, info)
		}
	}
	return page, nil
}

// heartbeat says in every account that a person sees whether they are there (R4.7). It fails if
// that went wrong in some of them, and says it in the others all the same.
func (a *access) heartbeat(ctx context.Context, p *Person, status tickets.Availability) error {
	live, _, err := a.accounts(ctx, p)
	if err != nil {
		return err
	}
	var failed []error
	for _, one := range live {
		if err := a.desk.Account(one.ID).Agent(p.agent()).Heartbeat(ctx, status); err != nil {
			failed = append(failed, fmt.Errorf("console: account %s: %w", one.ID, err))
		}
	}
	return errors.Join(failed...)
}

// create makes an account (R1.1). It fails as [charla.Desk.CreateAccount] does.
func (a *access) create(ctx context.Context, name, domain string, cfg chatcfg.Config) (charla.AccountInfo, charla.Secret, error) {
	made, secret, err := a.desk.CreateAccount(ctx, name, domain, &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return charla.AccountInfo{}, secret, err
	}
	info, err := made.Info(ctx)
	return info, secret, err
}

// now returns the desk's time.
func (a *access) now() time.Time { return a.desk.Now() }

// lint returns what is doubtful in a configuration on this host.
func (a *access) lint(cfg chatcfg.Config) []chatcfg.Problem { return a.desk.Lint(cfg) }

// fileLimits returns what may be attached.
func (a *access) fileLimits() (maxBytes int, types []string) { return a.desk.FileLimits() }

// deliveries lists the account's deliveries in a state.
func (a *account) deliveries(ctx context.Context, state charla.DeliveryState, q charla.PageQuery) (charla.Page[charla.Delivery], error) {
	return a.desk.Deliveries(ctx, charla.DeliveryQuery{Account: a.ID(), State: state, PageQuery: q})
}

// replay sends one of the account's deliveries again (R8.2).
func (a *account) replay(ctx context.Context, key string) error {
	return a.desk.Replay(ctx, a.ID(), key)
}

// purge removes the history of the account, if it is deleted (R1.6).
func (a *account) purge(ctx context.Context) (charla.Purged, error) {
	return a.desk.Purge(ctx, a.ID())
}
