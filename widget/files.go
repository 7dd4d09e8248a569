package widget

import (
	"errors"
	"mime"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// writeFile stores a message with an attachment and answers as write does: the body is
// the file, the rest is in the query. It fails with errNotFound if attachments are off,
// errMediaType if files of that type are not accepted, errRequest for an invalid query,
// if a limit is reached, and as read and write do.
func (c *call) writeFile() error {
	if err := c.loadSession(); err != nil { // before the file takes memory
		return err
	}
	if err := c.h.limits.message.take(c.token, c.now); err != nil {
		return err
	}
	maxBytes, _ := c.h.desk.FileLimits()
	if maxBytes == 0 {
		return errNotFound
	}
	q, err := c.query()
	if err != nil {
		return err
	}
	if c.r.Header.Get("Content-Encoding") != "" {
		return errMediaType
	}
	leave, err := c.enterBulk()
	if err != nil {
		return err
	}
	defer leave()
	// What it says to be does not matter: the type is known by the content.
	body, err := c.read(int64(maxBytes))
	if err != nil {
		return err
	}
	err = c.write(q.Get("text"), q.Get("welcome") == "true", &charla.WriteOptions{
		Key: q.Get("key"), File: &charla.Upload{Name: q.Get("name"), Body: body},
	})
	var problems chatcfg.Problems
	if errors.As(err, &problems) && slices.ContainsFunc(problems, isFileType) {
		return errMediaType
	}
	return err
}

// isFileType reports whether a problem is that files of this type are not accepted.
func isFileType(p chatcfg.Problem) bool { return p.Path == "file" && p.Code == chatcfg.CodeFileType }

// readFile answers with the attachment of a message, as a download: nothing that a
// visitor or an agent uploads is ever shown under this origin. It fails with
// errNotFound if the path has no sequence, if too many large answers are under way, and
// as [charla.Visitor.File] does.
func (c *call) readFile() error {
	seq, err := strconv.ParseInt(c.rest, 10, 64)
	if err != nil || seq < 1 {
		return errNotFound
	}
	leave, err := c.enterBulk()
	if err != nil {
		return err
	}
	defer leave()
	file, body, err := c.visitor.File(c.r.Context(), seq)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", file.Type)
	if strings.HasPrefix(file.Type, "text/") {
		h.Set("Content-Type", file.Type+"; charset=utf-8") // checked when it was stored
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "private, no-store")
	c.writeWithin(maxBodyTime) // slow readers may take their time
	_, _ = c.w.Write(body)
	return nil
}
