package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// visitor is a customer with the chat open: one goroutine writes, one reads.
type visitor struct {
	*people
	n     int
	token string
	said  []said
	// got is what the stream said, last how far it came, again what it said twice.
	got   map[int64]string
	last  int64
	again int
}

// message is what the widget's protocol says of one.
type message struct {
	Seq  int64  `json:"seq"`
	Text string `json:"text"`
}

// enter begins a session, and reports whether it could.
func (v *visitor) enter(ctx context.Context) bool {
	var begun struct {
		Token string `json:"token"`
	}
	who := map[string]string{"name": fmt.Sprint("Visitor ", v.n), "email": fmt.Sprintf("v%d@example.com", v.n)}
	_, ok := v.post(ctx, v.page+"/sessions", "", who, &begun)
	v.token = begun.Token
	return ok
}

// write writes, in bursts, with silences in which tickets are closed, until people end.
func (v *visitor) write(ctx context.Context) {
	for n := 1; v.pause(ctx, silence()); n++ {
		var stored struct {
			Message message `json:"message"`
		}
		text := fmt.Sprintf("visitor %d, message %d", v.n, n)
		s, ok := v.post(ctx, v.page+"/messages", v.token, map[string]string{"key": fmt.Sprint(n), "text": text}, &stored)
		if ok {
			s.seq, s.text = stored.Message.Seq, text
			v.said = append(v.said, s)
		}
	}
}

// silence returns how long to wait before the next message: mostly short, sometimes
// longer than auto-close.
func silence() time.Duration {
	if rand.IntN(12) == 0 {
		return time.Duration(1500+rand.IntN(1000)) * time.Millisecond
	}
	return time.Duration(20+rand.IntN(200)) * time.Millisecond
}

// follow reads the stream until ctx ends; if it breaks off, it goes on after the last
// message.
func (v *visitor) follow(ctx context.Context) {
	for ctx.Err() == nil {
		answer, err := v.send(ctx, http.MethodGet, fmt.Sprintf("%s/stream?after=%d", v.page, v.last), v.token, nil)
		if err == nil {
			if answer.StatusCode == http.StatusOK {
				v.listen(bufio.NewScanner(answer.Body))
			}
			answer.Body.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// listen reads server-sent events until there are no more.
func (v *visitor) listen(lines *bufio.Scanner) {
	event := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "event":
			event = value
		case name == "data" && event == "message":
			var m message
			if json.Unmarshal([]byte(value), &m) != nil {
				return // it was cut here
			}
			if _, found := v.got[m.Seq]; found || m.Seq <= v.last {
				v.again++
			}
			v.got[m.Seq], v.last = m.Text, m.Seq
			v.heard.Add(1)
		}
	}
}
