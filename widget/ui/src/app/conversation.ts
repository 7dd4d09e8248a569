// What this tab knows of the conversation of one session: what is stored in it, and
// how the server and the other tabs tell more. A login begins another.

import type { Client } from './api'
import { gone } from './api'
import type { Refused } from './api'
import { backoff, waiter } from './backoff'
import type { Sent } from './outbox'
import { reading } from './reading'
import type { Entered } from './store'
import type { Events, Tell } from './stream'
import { follow } from './stream'
import { channel, leader } from './tabs'
import type { Closed, Core, Marks, Message, Session } from '../types'

interface Page {
  messages: Message[]
  more?: boolean
}

/** What the tabs of one session tell each other. */
interface Said {
  token?: string
  event?: keyof Events
  data?: never
  after?: number
  seen?: number
  sent?: Message[]
  key?: string
}

export interface Hearer {
  changed(): void
  /** A message that the visitor has not seen. */
  arrived(m: Message): void
  /** Another tab has shown the visitor everything. */
  seen(): void
  /** Gives a message its key, if it is one that waits here. */
  own(m: Message): void
  /** What waits under a key is stored, or shall not be sent. */
  dropped(key: string): void
  /** Whether the server is reached. */
  link(up: boolean): void
  /** Ends a session that is good for nothing more, and reports whether it does. */
  over(s: Session): boolean
  /** The session is taken up. */
  loaded(): void
  /** The token is refused. */
  gone(): void
}

export type Conversation = ReturnType<typeof conversation>

export function conversation(core: Core, api: Client, name: string, { id, token }: Entered, on: Hearer, open = reading) {
  const pause = waiter()
  const read = open()
  let session: Session | undefined
  let typing = false
  let typed = 0
  let timer = 0
  let loaded = false
  let earlier = false
  let stopped = false
  let follower: ReturnType<typeof leader> | undefined
  let stream: ReturnType<typeof follow> | undefined

  const tabs = channel(`${name}:${id}`, heard)
  const say = (what: Said) => tabs.say({ ...what, token })
  const changed = () => stopped || on.changed()

  const tell: Tell = (event, data) => {
    if (event !== 'link') say({ event, data: data as never, after: read.cursor() })
    take(event, data)
  }

  /** Takes an event; a message is the next one after a sequence. */
  function take<K extends keyof Events>(event: K, data: Events[K], after = read.cursor()) {
    if (event === 'message') {
      const m = data as Message
      // Our own message may be here before the answer to its request.
      if (m.from === 'customer') on.own(m)
      else typing = false
      if (session) session.ongoing = true
      if (after > read.cursor()) void catchUp()
      told([m], after)
    } else if (event === 'typing') {
      typing = data as boolean
      clearTimeout(timer)
      if (typing) timer = window.setTimeout(() => take('typing', false), 8000)
    } else if (event === 'read') read.mark(data as Marks)
    else if (event === 'closed') session && (session.closed = data as Closed)
    else if (event === 'link') on.link(data as boolean)
    else if (event === 'ready') loaded = true
    else on.gone()
    changed()
  }

  /** Adds what the server told after a sequence, and says what of it the visitor has not seen. */
  function told(list: Message[], after: number) {
    const before = read.cursor()
    read.told(list, after).forEach((m) => core.emit('message', m))
    read.unread().forEach((m) => m.seq > before && on.arrived(m))
  }

  function heard(what: Said) {
    if (what.key) on.dropped(what.key)
    // The same session may have had another conversation, before a login.
    if (what.token !== token) return
    if (what.sent) read.add(what.sent)
    else if (what.seen) {
      read.saw(what.seen)
      if (!read.unread().length) on.seen()
    } else if (what.event) return take(what.event, what.data as never, what.after)
    changed()
  }

  /** Asks something about the conversation; reports whether there was an answer. Nothing comes of one that is late. */
  async function ask<T>(path: string, f: (answer: T) => void): Promise<boolean> {
    try {
      const answer = await api.json<T>('GET', path)
      if (!stopped) f(answer)
      return true
    } catch (e) {
      if (!stopped && gone(e)) on.gone()
      return false
    }
  }

  /** Asks for what the other tabs may have been told while this one slept. */
  async function catchUp() {
    if (!session || document.hidden) return
    stream?.wake()
    if (follower?.leads()) return
    const after = read.cursor()
    await ask<Page>('messages?limit=200&after=' + after, (page) => {
      told(page.messages, after)
      changed()
      if (page.more) void catchUp()
    })
  }

  function listen() {
    loaded = true
    follower = leader(name + id, () => {
      stream = follow(api, core.chunk, read.cursor, () => ({ ...read.marks, typing }), tell)
      return () => {
        stream?.stop()
        stream = undefined
      }
    })
    changed()
  }

  return {
    /** Begins with a session that has just been made. */
    begin(made: Session) {
      session = made
      listen()
    },
    /** Takes up a session that is kept. */
    async load(): Promise<void> {
      for (let tries = 0; !stopped; tries++) {
        try {
          const s = await api.json<Session>('GET', 'session')
          if (stopped || on.over(s)) return
          session = s
          if (s.read) read.mark(s.read)
          const page = await api.json<Page>('GET', 'messages?before=0&limit=50')
          if (stopped) return
          read.told(page.messages, 0)
          earlier = page.more!
          on.link(true)
          listen()
          // What came while no page was open.
          read.unread().forEach(on.arrived)
          return on.loaded()
        } catch (e) {
          if (stopped) return
          if (gone(e)) return on.gone()
          on.link(false)
          await pause.wait(backoff(tries, Math.random(), (e as Refused).after))
        }
      }
    },
    wake() {
      pause.wake()
      stream?.wake()
    },
    catchUp,
    /** Reads older messages. */
    async older(): Promise<void> {
      const [first] = read.messages()
      if (!earlier || !first) return
      earlier = false
      const answered = await ask<Page>(`messages?limit=50&before=${first.seq}`, (page) => {
        read.add(page.messages)
        earlier = page.more!
      })
      earlier ||= !answered
      changed()
    },
    /** Asks whether the conversation goes on, and whether the form stands in its place. */
    async refresh() {
      const before = session
      if (!before) return
      await ask<Session>('session', (now) => {
        if (before === session) session = { ...before, closed: undefined, ...now }
        changed()
      })
    },
    type() {
      if (!session || Date.now() - typed < 4000) return
      typed = Date.now()
      api.json('POST', 'typing', {}).catch(() => {})
    },
    /** The visitor sees everything that has been told. */
    see() {
      const seq = session && read.see()
      if (!seq) return
      say({ seen: seq })
      api.json('POST', 'read', { seq }).catch(() => {})
      changed()
    },
    /** Adds what has been stored, here and in the other tabs; what is of no use to anybody has no messages. */
    sent(key: string, { message, also = [] }: Partial<Sent> = {}) {
      const list = message ? [message, ...also] : []
      read.add(list).forEach((m) => core.emit('message', m))
      say({ sent: list, key })
    },
    /** Changes what is known of the session. What was asked before this is not the last word on it. */
    know(change: Partial<Session>) {
      session = session && { ...session, ...change }
    },
    last: () => read.messages().at(-1)?.seq || 0,
    state: () => ({
      messages: read.messages(),
      session,
      marks: read.marks,
      typing,
      loaded,
      earlier,
      unread: read.unread().length,
    }),
    transport: () => (stream ? (stream.polling() ? 'poll' : 'stream') : follower ? 'another tab' : 'none'),
    stop() {
      stopped = true
      follower?.stop()
      clearTimeout(timer)
      pause.wake()
      tabs.stop()
    },
  }
}
