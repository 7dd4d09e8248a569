package widget

// Streams is how many streams and long polls a handler has open.
func Streams(h *Handler) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams)
}
