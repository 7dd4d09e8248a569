// What this tab has read of one conversation: its messages, and how far the
// visitor and the agent have read them.

import type { Marks, Message } from '../types'

export type Reading = ReturnType<typeof reading>

export function reading() {
  let messages: Message[] = []
  let cursor = 0
  let seen = 0
  const marks: Marks = { agent: 0, customer: 0 }

  /** Puts messages in their order and returns those that were not there. It moves no cursor. */
  function add(list: Message[]): Message[] {
    const fresh = list.filter((m) => {
      const known = messages.find((k) => k.seq === m.seq)
      if (known) known.key ||= m.key
      else messages = [...messages, m].sort((a, b) => a.seq - b.seq)
      return !known
    })
    return fresh
  }

  const unread = () =>
    messages.filter((m) => /^[ar]/.test(m.from) && m.seq <= cursor && m.seq > Math.max(seen, marks.customer))

  return {
    add,
    unread,
    messages: () => messages,
    marks,
    /** Where to read on: the server has told everything up to here, whatever gaps the sequence has. */
    cursor: () => cursor,
    /** Adds what the server told as everything that follows a sequence; after a gap the cursor stays. */
    told(list: Message[], after: number): Message[] {
      for (const m of list) if (after <= cursor) cursor = Math.max(cursor, m.seq)
      return add(list)
    },
    mark(to: Marks) {
      marks.agent = Math.max(marks.agent, to.agent)
      marks.customer = Math.max(marks.customer, to.customer)
    },
    /** Takes what was told as seen by the visitor; returns how far, or 0 if nothing was unread. */
    see: () => (unread().length ? (seen = cursor) : 0),
    /** Takes messages as seen in another tab. */
    saw(seq: number) {
      seen = Math.max(seen, seq)
    },
  }
}
