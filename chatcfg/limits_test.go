package chatcfg_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frames is a GIF of the size that has so many frames, and nothing in them.
func frames(width, height uint16, n int) []byte {
	size := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, width), height)
	frame := slices.Concat([]byte{0x2c, 0, 0, 0, 0}, size, []byte{0, 2, 1, 0, 0})
	return slices.Concat([]byte("GIF89a"), size, []byte{0, 0, 0}, bytes.Repeat(frame, n), []byte{0x3b})
}

// R3.10: a picture at the limits is shown beside its message, one over them is not.
func TestInlineLimits(t *testing.T) {
	t.Parallel()
	pad := func(b []byte, size int) []byte { return slices.Concat(b, make([]byte, size-len(b))) }
	dot := pngOf(t, 2, 2)
	for name, c := range map[string]struct {
		file   string
		body   []byte
		inline bool
	}{
		"one megapixel":                 {"a.png", claim(dot, 1024, 1024), true},
		"more than that":                {"a.png", claim(dot, 1025, 1024), false},
		"16 megapixels":                 {"a.png", pad(claim(dot, 4096, 4096), 1<<24), true},
		"more than 16":                  {"a.png", pad(claim(dot, 4097, 4096), 1<<24), false},
		"1024 pixels a byte":            {"a.png", pad(claim(dot, 4096, 4096), 4096*4), true},
		"a byte less":                   {"a.png", pad(claim(dot, 4096, 4096), 4096*4-1), false},
		"64 megapixels in all frames":   {"a.gif", pad(frames(4096, 4096, 4), 1<<24), true},
		"more than 64":                  {"a.gif", pad(frames(4096, 4096, 5), 1<<24), false},
		"as many frames as there may":   {"a.gif", frames(8, 8, chatcfg.MaxImageFrames), true},
		"one more":                      {"a.gif", frames(8, 8, chatcfg.MaxImageFrames+1), false},
		"a frame as wide as its screen": {"a.gif", frames(9, 7, 1), true},
	} {
		got, err := chatcfg.CheckFile(c.file, c.body)
		if assert.NoError(t, err, name) {
			assert.Equal(t, c.inline, got.Inline, name)
		}
	}
}

// R1.2: a picture without a side is broken; the first frame of an animation may stand anywhere
// within its canvas, and not beyond.
func TestPictureEdges(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{frames(0, 0, 1), frames(0, 9, 1), frames(9, 0, 1)} {
		_, err := chatcfg.CheckPicture(b)
		assert.Equal(t, []string{"image_broken"}, found(t, err))
	}
	at := func(x, y byte) []byte {
		b := animatedWebP(48, 48, 1)
		canvas := bytes.Index(b, []byte("VP8X")) + 8 + 4
		b[canvas], b[canvas+3] = 50-1, 50-1
		frame := bytes.Index(b, []byte("ANMF")) + 8
		b[frame], b[frame+3] = x, y // in twos
		return b
	}
	for _, place := range [][2]byte{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
		_, err := chatcfg.CheckPicture(at(place[0], place[1]))
		assert.NoError(t, err, place)
	}
	for _, place := range [][2]byte{{2, 0}, {0, 2}} {
		_, err := chatcfg.CheckPicture(at(place[0], place[1]))
		assert.Equal(t, []string{"image_broken"}, found(t, err), place)
	}
}

// R6.6: the short form of a colour is the long one with each digit twice; nothing else is a
// colour.
func TestShortColors(t *testing.T) {
	t.Parallel()
	for short, long := range map[string]string{"#123": "#112233", "#fa0": "#ffaa00", "#0f8": "#00ff88", "#80f": "#8800ff"} {
		for _, other := range []string{"#000000", "#ffffff", "#777777"} {
			assert.InDelta(t, chatcfg.Contrast(long, other), chatcfg.Contrast(short, other), 1e-12, short)
		}
	}
	for _, bad := range []string{"", "#", "#12", "#1234", "#12345", "#1234567", "123", "#+12345", "#-12345", "#1_2345", "#gggggg", "#ggg"} {
		assert.Zero(t, chatcfg.Contrast(bad, "#ffffff"), bad)
	}
}

// R1.4: of what cannot be read nothing more is said, also not of what it holds and the stored
// configuration has wrong; of what only begins alike, it is.
func TestProblemsOnce(t *testing.T) {
	t.Parallel()
	base := valid()
	base.Quality.SLA = &chatcfg.Duration{Value: 0, Unit: chatcfg.UnitMinutes}
	base.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"x"}}
	_, err := chatcfg.Apply(base, []byte(`{}`))
	stored := []string{"quality.sla.value invalid", "general.notify.to[0] invalid_email"}
	require.Len(t, found(t, err), len(stored))
	for patch, want := range map[string][]string{
		`{"quality": {"sla": 5}}`:                                   {"quality.sla not_object", "general.notify.to[0]"},
		`{"general": {"notify": {"to": 5}}}`:                        {"general.notify.to not_list", "quality.sla.value"},
		`{"quality": {"sla": 5}, "general": {"notify": {"to": 5}}}`: {"quality.sla not_object", "general.notify.to not_list"},
		`{"quality": {"slaa": 5}}`:                                  {"quality.slaa unknown_key", "quality.sla.value", "general.notify.to[0]"},
	} {
		_, err := chatcfg.Apply(base, []byte(patch))
		got := found(t, err)
		require.Len(t, got, len(want), "%s: %v", patch, got)
		for i := range want {
			assert.True(t, strings.HasPrefix(got[i], want[i]), "%s: %v", patch, got)
		}
	}
}

// R4.9: a day that there is not makes no other day wrong.
func TestUnknownDayIsOne(t *testing.T) {
	t.Parallel()
	c := valid()
	c.Hours = chatcfg.Hours{Timezone: "America/Santiago", Exceptions: []chatcfg.Exception{}, Weekly: []chatcfg.Interval{
		{Day: "someday", Open: "09:00", Close: "18:00"}, {Day: chatcfg.Sunday, Open: "10:00", Close: "12:00"},
		{Day: chatcfg.Monday, Open: "x", Close: "18:00"}, {Day: chatcfg.Monday, Open: "00:00", Close: "01:00"},
	}}
	assert.Equal(t, []string{"hours.weekly[0].day unknown_day", "hours.weekly[2].open bad_time"}, found(t, c.Validate()))
}

// R11.5: the text of a quick reply is checked in each of its languages, and its bytes count.
func TestQuickReplyTexts(t *testing.T) {
	t.Parallel()
	reply := func(text chatcfg.Words) chatcfg.QuickReply {
		return chatcfg.QuickReply{Shortcut: "a", Title: "A", Text: text}
	}
	for _, tt := range []struct {
		text chatcfg.Words
		want []string
	}{
		{chatcfg.Words{Any: "Hola {customer}"}, nil},
		{chatcfg.Words{Any: "Hola {nobody}"}, []string{"replies[0].text unknown_variable"}},
		{chatcfg.Words{ES: "Hola", EN: " "}, []string{"replies[0].text.en blank"}},
		{chatcfg.Words{ES: "Hola", PT: strings.Repeat("x", chatcfg.MaxText+1)}, []string{"replies[0].text.pt too_long"}},
	} {
		assert.Equal(t, tt.want, found(t, chatcfg.CheckQuickReplies([]chatcfg.QuickReply{reply(tt.text)})))
	}
}

// R11.1, R12.3: what an account begins with: who replies takes a ticket, and a bot has half a minute.
func TestTeamDefaults(t *testing.T) {
	t.Parallel()
	general := chatcfg.Default(chatcfg.Spanish).General
	assert.True(t, general.Assignment.OnReply)
	assert.False(t, general.Bot.Enabled)
	assert.Equal(t, &chatcfg.Duration{Value: 30, Unit: chatcfg.UnitSeconds}, general.Bot.Timeout)
	assert.False(t, general.CreateIgnored)
}
