package console

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// thread is one conversation, as seen from one of its tickets.
type thread struct {
	Ref tickets.Ref
	// URL is where it is shown, and Back the same as a path below the root.
	URL, Back string
	Ticket    tickets.Ticket
	Name      string
	Wait      *waitView
	// Latest says that the ticket can still be written in and moved.
	Latest   bool
	Can      map[string]bool
	Messages []messageView
	Older    int64
	LastSeq  int64
	Marks    tickets.Marks
	Previous []ticketRow
	Fields   []pair
	Metadata []pair
	Why      []automation.Explanation
	// Key names the one reply that the form sends.
	Key    string
	Assign assignView
	Draft  draft
	Quick  []chatcfg.QuickReply
	// Categories are the account's; none: any may be typed.
	Categories []string
	Dry        *dryRun
	Files      fileView
}

type pair struct{ Name, Value string }

// messageView is a message with what stands above it.
type messageView struct {
	tickets.Message
	// NewDay and NewTicket say that it is the first one of its day, its ticket.
	NewDay, NewTicket bool
	// Follows says that the one above is of the same author.
	Follows bool
	Image   bool
}

// dryRun is what would happen if the customer wrote a text.
type dryRun struct {
	Text, Problem string
	Outcome       charla.Outcome
	Why           []automation.Explanation
}

const messagesPerPage = 100

// thread returns a ticket with its conversation, history and earlier tickets. It fails
// with [charla.ErrNotFound].
func (v *visit) thread(ref tickets.Ref, form url.Values) (*thread, error) {
	ctx, inbox := v.r.Context(), v.account.Inbox()
	t, err := inbox.Ticket(ctx, ref)
	if err != nil {
		return nil, err
	}
	latest, err := inbox.Ticket(ctx, tickets.Ref{Conversation: ref.Conversation})
	if err != nil {
		return nil, err
	}
	th := &thread{
		Ref: ref, Ticket: t, Name: v.nameOf(&t.Customer), Wait: waiting(&t, v.now()), Key: randomText(),
		Latest: latest.Number == t.Number, Can: map[string]bool{},
		URL: v.link(ticketPath(ref)), Back: ticketPath(ref),
	}
	th.Files = v.fileView()
	for name, kind := range map[string]tickets.CommandKind{
		"reply": tickets.CommandReply, "close": tickets.CommandClose, "ignore": tickets.CommandIgnore, "open": tickets.CommandOpen,
	} {
		_, ok := tickets.Next(t.Status, kind)
		th.Can[name] = ok && th.Latest
	}
	people, err := v.colleagues()
	if err != nil {
		return nil, err
	}
	th.Assign = v.assignment(&t, people)
	th.Draft = v.draft
	cfg, _, err := v.account.Config(ctx)
	if err != nil {
		return nil, err
	}
	if th.Categories = slices.Clone(cfg.General.Categories); len(th.Categories) > 0 && t.Typification != nil && !slices.Contains(th.Categories, t.Typification.Category) {
		th.Categories = append(th.Categories, t.Typification.Category)
	}
	if th.Quick, err = v.quickReplies(); err != nil {
		return nil, err
	}
	th.Can["assign"] = th.Latest
	th.Can["take"] = th.Latest && t.Status != tickets.StatusClosed && t.Assignee.Agent == ""
	th.Can["pause"] = th.Latest && t.Status == tickets.StatusOpen && !t.Paused
	th.Can["resume"] = th.Latest && t.Paused
	if t.Typification != nil {
		th.Fields = pairsFrom(t.Typification.Fields)
	}
	th.Metadata = pairsFrom(t.Metadata)
	before, _ := strconv.ParseInt(form.Get("before"), 10, 64)
	if err := v.messages(inbox, th, before); err != nil {
		return nil, err
	}
	if th.Marks, err = inbox.Marks(ctx, ref); err != nil {
		return nil, err
	}
	why, err := inbox.Explain(ctx, ref, v.prefs.Lang, charla.PageQuery{})
	if err != nil {
		return nil, err
	}
	th.Why = why.Items
	slices.Reverse(th.Why)
	page, err := inbox.Tickets(ctx, charla.TicketQuery{Conversation: ref.Conversation, PageQuery: charla.PageQuery{Limit: 20}})
	if err != nil {
		return nil, err
	}
	for _, one := range page.Items {
		if one.Number != t.Number {
			th.Previous = append(th.Previous, v.row(&one))
		}
	}
	return th, nil
}

// fileView is what may be attached, and what is said of anything else.
type fileView struct {
	// Max is the most bytes; zero: nothing may be attached.
	Max     int
	Types   []string
	Endings string
	// TooLarge and OfType are what the library says of a file that is too large, or of
	// another type.
	TooLarge, OfType string
}

// fileView returns what may be attached.
func (v *visit) fileView() fileView {
	said := func(code chatcfg.Code, args ...any) string {
		p := chatcfg.Problem{Path: "file", Code: code, Args: args}
		return p.Message(v.prefs.Lang)
	}
	f := fileView{}
	f.Max, f.Types = v.fileLimits()
	var endings []string
	for _, kind := range f.Types {
		endings = append(endings, chatcfg.FileEndings(kind)...)
	}
	f.Endings = strings.Join(endings, " ")
	f.TooLarge, f.OfType = said(chatcfg.CodeFileTooLarge, f.Max), said(chatcfg.CodeFileType)
	return f
}

// messages adds a page of messages to th: the last ones, or those before a sequence.
func (v *visit) messages(inbox *charla.Inbox, th *thread, before int64) error {
	zone, err := v.zone()
	if err != nil {
		return err
	}
	page, err := inbox.Messages(v.r.Context(), th.Ref, charla.MessageQuery{
		Before: before, Newest: true, PageQuery: charla.PageQuery{Limit: messagesPerPage},
	})
	if err != nil {
		return err
	}
	list := page.Items
	for i, m := range list {
		view := messageView{Message: m, NewDay: true, NewTicket: i == 0}
		if i > 0 {
			last := &list[i-1]
			view.NewDay = last.At.In(zone).Format(time.DateOnly) != m.At.In(zone).Format(time.DateOnly)
			view.NewTicket = last.Ticket != m.Ticket
			view.Follows = !view.NewDay && !view.NewTicket && last.From == m.From && last.Name == m.Name && last.Level == m.Level && last.Rule == m.Rule
		}
		view.Image = m.File != nil && m.File.Inline
		th.Messages = append(th.Messages, view)
		th.LastSeq = m.Seq
	}
	if page.Next != "" {
		th.Older = list[0].Seq
	}
	return nil
}

// pairsFrom returns a map's pairs, sorted by name.
func pairsFrom(m map[string]string) []pair {
	var list []pair
	for name, value := range m {
		list = append(list, pair{name, value})
	}
	slices.SortFunc(list, func(a, b pair) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

// dryRun shows what would happen if the customer wrote a text, and writes nothing.
func (v *visit) dryRun(ref tickets.Ref) error {
	dry := &dryRun{Text: unix(v.r.PostFormValue("text"))}
	var err error
	dry.Outcome, err = v.account.Inbox().DryRun(v.r.Context(), ref, dry.Text)
	var problems chatcfg.Problems
	switch {
	case errors.As(err, &problems):
		_, dry.Problem = v.failure(err)
	case errors.Is(err, charla.ErrSession):
		dry.Problem = v.t("La sesión del cliente terminó: ya no puede escribir.")
	case err != nil:
		return err
	}
	zone, err := v.zone()
	if err != nil {
		return err
	}
	for _, e := range dry.Outcome.Entries {
		dry.Why = append(dry.Why, automation.Explain(e, v.prefs.Lang, zone))
	}
	return v.showInbox(dry, nil)
}

// upload returns the file that goes with a reply; nil: none was chosen.
func (v *visit) upload() (*charla.Upload, error) {
	if v.r.MultipartForm == nil {
		return nil, nil
	}
	file, head, err := v.r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	} else if err != nil {
		return nil, statusError(http.StatusBadRequest)
	}
	defer func() { _ = file.Close() }()
	body, err := io.ReadAll(file)
	if err != nil {
		return nil, statusError(http.StatusBadRequest)
	}
	if len(body) == 0 && head.Filename == "" {
		return nil, nil
	}
	return &charla.Upload{Name: head.Filename, Body: body}, nil
}

// file serves an attachment: a picture that may be shown as one, anything else as a
// download.
func (v *visit) file() error {
	ref, err := v.ref()
	if err != nil {
		return err
	}
	seq, err := parseNumber(v.r.PathValue("seq"))
	if err != nil {
		return err
	}
	f, body, err := v.account.Inbox().File(v.r.Context(), ref, seq)
	if err != nil {
		return err
	}
	how := "attachment"
	kind := "application/octet-stream"
	if f.Inline {
		how, kind = "inline", f.Type
	}
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": f.Name}))
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = v.w.Write(body)
	return nil
}
