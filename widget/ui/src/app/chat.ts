// The conversation as this tab knows it: what is stored, what is on its way, and
// who has read what. It draws nothing.

import type { Client } from './api'
import { Refused } from './api'
import { backoff, waiter } from './backoff'
import type { Kept, Store, Waiting } from './store'
import { uuid } from './store'
import type { Events, Tell } from './stream'
import { follow } from './stream'
import { alone, channel, leader } from './tabs'
import type { Core, Marks, Message, Session } from '../types'

export interface Item extends Waiting {
  state: 'sending' | 'failed'
  /** The message of the refusal, where there is one. */
  reason?: string
  /** Sending goes on by itself when the connection is back. */
  later?: boolean
  file?: File
  /** The stream has already brought it. */
  seq?: number
}

interface Sent {
  message: Message
  also?: Message[]
}

export interface Listener {
  changed(): void
  /** A message that the visitor has not seen. */
  arrived(m: Message): void
  /** The session is gone; what was on its way is in the draft. */
  lost(): void
  /** Nobody is available: the text belongs into the contact form. */
  form(text: string): void
  /** Another tab has shown the visitor everything. */
  seen(): void
  /** A session is needed that only the visitor can start. */
  entry(): void
}

export type Chat = ReturnType<typeof chat>

export function chat(core: Core, store: Store, api: Client, on: Listener) {
  const pause = waiter()
  const keys = new Map<number, string>()
  const ours = new Set<string>()
  let messages: Message[] = []
  let items: Item[] = (store.get().outbox || []).map((w) => ({ ...w, state: 'sending' }))
  let session: Session | undefined
  let marks: Marks = { agent: 0, customer: 0 }
  let typing = false
  let typed = 0
  let timer = 0
  let link = true
  let loaded = false
  let earlier = false
  let welcome = false
  let identity = ''
  let flushing = false
  let admitting: Promise<boolean> | undefined
  let stopped = false
  let follower: ReturnType<typeof leader> | undefined
  let stream: ReturnType<typeof follow> | undefined

  const name = 'charla:' + core.base + core.key
  const tabs = channel(name, heard)
  const last = () => messages[messages.length - 1]?.seq || 0
  const unseen = (m: Message) => m.from !== 'customer' && m.seq > marks.customer
  const unread = () => messages.filter(unseen).length

  /** Keeps what waits, beside what other tabs keep there. */
  function keep() {
    items.forEach((i) => ours.add(i.key))
    store.reread()
    store.set({
      outbox: [
        ...(store.get().outbox || []).filter((w) => !ours.has(w.key)),
        ...items.filter((i) => !i.file).map(({ key, text, at, welcome }) => ({ key, text, at, welcome })),
      ],
    })
  }

  function changed() {
    if (stopped) return
    on.changed()
  }

  /** Puts messages where they belong and says which were not there. */
  function add(list: Message[]): Message[] {
    const known = new Set(messages.map((m) => m.seq))
    const fresh = list.filter((m) => !known.has(m.seq) && known.add(m.seq))
    if (fresh.length) messages = [...messages, ...fresh].sort((a, b) => a.seq - b.seq)
    return fresh
  }

  const tell: Tell = (event, data) => {
    if (event !== 'link') tabs.say({ event, data, id: store.get().id })
    take(event, data)
  }

  function take<K extends keyof Events>(event: K, data: Events[K]) {
    if (stopped) return
    if (event === 'message') {
      const m = data as Message
      // Our own message may be here before the answer to its request.
      const own = m.from === 'customer' && items.find((i) => !i.seq && i.state === 'sending' && same(i, m))
      if (own) {
        own.seq = m.seq
        keys.set(m.seq, own.key)
      }
      if (!add([m]).length) return
      if (m.from !== 'customer') typing = false
      if (unseen(m)) on.arrived(m)
      if (session) session.ongoing = true
      core.emit('message', m)
    } else if (event === 'typing') {
      typing = data as boolean
      clearTimeout(timer)
      if (typing) timer = window.setTimeout(() => take('typing', false), 8000)
    } else if (event === 'read') {
      const r = data as Marks
      marks = { agent: Math.max(marks.agent, r.agent), customer: Math.max(marks.customer, r.customer) }
    } else if (event === 'link') {
      link = data as boolean
      if (link) resume()
    } else if (event === 'ready') {
      loaded = true
    } else if (event === 'end') {
      if (data === 'session') lost()
      else reset()
    }
    changed()
  }

  const same = (i: Item, m: Message) => (i.file ? m.file?.name === i.file.name : (m.text || '') === i.text)

  function heard(what: { event?: keyof Events; data?: never; id?: string; session?: boolean; sent?: Sent; key?: string }) {
    if (what.session) {
      const before = session?.id
      store.reread()
      if (store.get().id === before) return
      // What one has not sent is not for the next to send.
      if (before) items = []
      forget()
      if (store.get().token) start()
      else changed()
    } else if (what.id === store.get().id) {
      if (what.sent) {
        add([what.sent.message, ...(what.sent.also || [])])
        items = items.filter((i) => i.key !== what.key)
        changed()
      } else if (what.event) {
        take(what.event, what.data as never)
        if (what.event === 'read' && !unread()) on.seen()
      }
    }
  }

  /** Asks for what the other tabs may have been told while this one slept. */
  async function catchUp() {
    if (!session || document.hidden) return
    stream?.wake()
    if (follower?.leads()) return
    try {
      const page = await api.json<{ messages: Message[]; more?: boolean }>('GET', 'messages?limit=200&after=' + last())
      page.messages.forEach((m) => take('message', m))
      if (page.more) catchUp()
    } catch (e) {
      if (e instanceof Refused && e.status === 401) lost()
    }
  }

  function listen() {
    follower?.stop()
    follower = leader(name + store.get().id, () => {
      stream = follow(api, last, () => ({ ...marks, typing }), tell)
      return () => {
        stream?.stop()
        stream = undefined
      }
    })
  }

  async function history(): Promise<void> {
    const page = await api.json<{ messages: Message[]; more?: boolean }>('GET', 'messages?before=0&limit=50')
    add(page.messages)
    earlier = page.more!
    loaded = true
  }

  /** Takes up the session that is kept. */
  async function start(): Promise<void> {
    for (let tries = 0; store.get().token && !stopped; tries++) {
      try {
        const s = await api.json<Session>('GET', 'session')
        if (stopped) return
        session = s
        if (s.read) marks = s.read
        if (s.level === 'anonymous' && !s.ongoing && s.lastSeq && !items.length) return await logout()
        await history()
        listen()
        link = true
        changed()
        // What came while no page was open.
        messages.filter(unseen).forEach(on.arrived)
        return void flush()
      } catch (e) {
        if (stopped) return
        if (!(e instanceof Refused) || !e.later) {
          if (e instanceof Refused && e.status === 401) lost()
          return
        }
        link = false
        changed()
        await pause.wait(backoff(tries, Math.random(), e.after))
      }
    }
    if (items.length && free()) void flush()
  }

  /** Starts a session, or moves the one there is to who has logged in. */
  async function enter(body: Record<string, unknown>): Promise<void> {
    const login = body.identity || body.login
    if (session && login) {
      const s = await api.json<Session>('POST', 'session/login', body)
      session = { ...session, ...s }
      keepSession(session, body)
      // To the other tabs the session is as it was, but for its conversation.
      tabs.say({ event: 'end', id: s.id })
      return reset()
    }
    const made = await api.json<{ token: string; session: Session }>('POST', 'sessions', {
      ...body,
      locale: core.config.locale,
    })
    session = made.session
    marks = { agent: 0, customer: 0 }
    store.act()
    store.set({ token: made.token, form: undefined })
    keepSession(made.session, body)
    if (made.session.level === 'verified') await history().catch(() => {})
    loaded = true
    listen()
    changed()
    void flush()
  }

  function keepSession(s: Session, body: Record<string, unknown>) {
    const kept: Kept = { id: s.id, level: s.level, name: s.name, email: s.email }
    if (body.identity) kept.subject = subject(String(body.identity))
    store.set(kept)
    tabs.say({ session: true })
  }

  /** Starts a session if it can be done without asking the visitor. */
  const admit = () =>
    store.get().token ? Promise.resolve(true) : (admitting ||= alone(name, begin).finally(() => (admitting = undefined)))

  async function begin(): Promise<boolean> {
    // Another tab may have been first: two sessions would be two customers.
    store.reread()
    if (store.get().token) return true
    try {
      if (identity) {
        await enter({ identity })
        return true
      }
    } catch (e) {
      // The host's word is not good: the visitor is asked like any other.
      if (!(e instanceof Refused) || e.status !== 422) throw e
      identity = ''
      core.emit('error', { code: e.code, message: e.message })
    }
    if (!free()) return false
    await enter({ anonymous: true })
    return true
  }

  /** Whether nothing has to be asked before one writes (R7.3). */
  function free(): boolean {
    const { entry } = core.config
    return !!identity || (entry.anonymous && !entry.rut && !entry.email)
  }

  function forget() {
    follower?.stop()
    follower = stream = session = undefined
    messages = []
    keys.clear()
    marks = { agent: 0, customer: 0 }
    typing = loaded = earlier = false
  }

  async function reset() {
    forgetMessages()
    await history().catch(() => {})
    listen()
    changed()
  }
  function forgetMessages() {
    messages = []
    keys.clear()
  }

  function lost() {
    store.reread()
    const kept = store.get() // what waits in the other tabs, too
    const draft = [...(kept.outbox || []).map((i) => i.text), kept.draft].filter(Boolean).join('\n')
    const { name = '', email = '' } = kept
    items = []
    forget()
    store.clear()
    store.set({ draft, form: { name, email } })
    tabs.say({ session: true })
    core.emit('error', { code: 'session', message: '' })
    on.lost()
    changed()
  }

  async function logout() {
    const bye = store.get().token ? api.json('DELETE', 'session').catch(() => {}) : undefined
    items = []
    identity = ''
    forget()
    store.clear()
    tabs.say({ session: true })
    changed()
    await bye
  }

  async function identify(token: string) {
    identity = token
    const kept = store.get()
    if (!kept.token || (kept.level === 'verified' && kept.subject === subject(token))) return
    if (kept.subject) {
      await logout()
      identity = token
    } else {
      if (!session) await start()
      await enter({ identity }).catch((e) => core.emit('error', { code: e.code, message: e.message }))
    }
  }

  function send(text: string, file?: File) {
    store.act()
    items.push({ key: uuid(), text, at: Date.now(), state: 'sending', file, welcome: welcome || undefined })
    keep()
    changed()
    void flush()
  }

  /** Sends what waits, in its order, each with its key until it is answered. */
  async function flush(): Promise<void> {
    if (flushing || stopped) return
    flushing = true
    let tries = 0
    try {
      for (;;) {
        const item = items.find((i) => i.state === 'sending')
        if (!item || stopped) return
        try {
          if (!(await admit())) return on.entry()
          const { key, text, file } = item
          const sent = file
            ? await api.json<Sent>(
                'POST',
                `files?key=${key}&name=${encodeURIComponent(file.name)}${item.welcome ? '&welcome=true' : ''}`,
                file,
                { timeout: 180 },
              )
            : await api.json<Sent>('POST', 'messages', { key, text, ...(item.welcome && { welcome: true }) })
          tries = 0
          answered(item, sent)
        } catch (e) {
          if (stopped) return
          const r = e instanceof Refused ? e : new Refused(0, 'network', String(e))
          if (r.status === 401) return lost()
          if (r.code === 'contact_form') {
            drop(item)
            return on.form(item.text)
          }
          if (r.later && (tries < 5 || !navigator.onLine)) {
            await pause.wait(backoff(tries++, Math.random(), r.after))
            continue
          }
          if (r.code === 'key_reused') item.key = uuid()
          for (const i of r.later ? items : [item]) {
            i.state = 'failed'
            i.later = r.later
            i.reason = r.problems[0]?.message || r.message
          }
          core.emit('error', { code: r.code, message: r.message })
          keep()
          changed()
        }
      }
    } finally {
      flushing = false
    }
  }

  function answered(item: Item, sent: Sent) {
    keys.set(sent.message.seq, item.key)
    items = items.filter((i) => i !== item)
    if (item.welcome) welcome = false
    const fresh = add([sent.message, ...(sent.also || [])])
    if (session) session.ongoing = true
    keep()
    tabs.say({ sent, key: item.key, id: store.get().id })
    for (const m of fresh) {
      core.emit('message', m)
      if (m.from !== 'customer' && m.from !== 'welcome') on.arrived(m)
    }
    changed()
  }

  function drop(item: Item) {
    items = items.filter((i) => i !== item)
    keep()
    changed()
  }

  /** What the connection's loss kept back goes out. */
  function resume() {
    for (const i of items) {
      if (i.later) {
        i.state = 'sending'
        i.later = false
      }
    }
    pause.wake()
    void flush()
  }
  const offline = () => {
    link = navigator.onLine
    if (link) resume()
    changed()
  }
  addEventListener('online', offline)
  addEventListener('offline', offline)
  document.addEventListener('visibilitychange', catchUp)

  return {
    start,
    enter,
    admit,
    send,
    logout,
    identify,
    drop,
    retry(item: Item) {
      item.state = 'sending'
      changed()
      pause.wake()
      void flush()
    },
    flush,
    /** Reads older messages; says whether there may be more. */
    async older(): Promise<void> {
      if (!earlier || !messages.length) return
      earlier = false
      try {
        const page = await api.json<{ messages: Message[]; more?: boolean }>(
          'GET',
          `messages?limit=50&before=${messages[0]!.seq}`,
        )
        add(page.messages)
        earlier = page.more!
      } catch {
        earlier = true
      }
      changed()
    },
    /** Asks whether a conversation goes on, and whether the form stands in its place. */
    async refresh() {
      if (!session) return
      try {
        session = { ...session, ...(await api.json<Session>('GET', 'session')) }
        changed()
      } catch (e) {
        if (e instanceof Refused && e.status === 401) lost()
      }
    },
    type() {
      if (!session || Date.now() - typed < 4000) return
      typed = Date.now()
      api.json('POST', 'typing', {}).catch(() => {})
    },
    /** The visitor sees everything that is there. */
    see() {
      const seq = last()
      if (!session || !unread()) return
      marks.customer = seq
      tabs.say({ event: 'read', data: marks, id: store.get().id })
      api.json('POST', 'read', { seq }).catch(() => {})
      changed()
    },
    greet(shown: boolean) {
      welcome = shown
      changed()
    },
    state: () => ({ messages, items, session, marks, typing, link, loaded, earlier, welcome, unread: unread() }),
    key: (m: Message) => keys.get(m.seq),
    free,
    identified: () => !!identity,
    transport: () => (stream ? (stream.polling() ? 'poll' : 'stream') : follower ? 'another tab' : 'none'),
    stop() {
      stopped = true
      forget()
      clearTimeout(timer)
      pause.wake()
      tabs.stop()
      api.stop()
      removeEventListener('online', offline)
      removeEventListener('offline', offline)
      document.removeEventListener('visibilitychange', catchUp)
    },
  }
}

/** The subject of a signed identity; its signature is the server's to check. */
function subject(token: string): string {
  try {
    return String(JSON.parse(atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))).sub)
  } catch {
    return ''
  }
}
