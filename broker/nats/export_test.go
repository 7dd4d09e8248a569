package charlanats

// Idle says that nothing waits to be sent and nobody sends.
func (b *Broker) Idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.sending
}
