// The conversation as this tab knows it: what is stored, what is on its way, and
// who has read what. It draws nothing.

import type { Client } from './api'
import { Refused } from './api'
import { backoff, waiter } from './backoff'
import type { Sent } from './outbox'
import { outbox } from './outbox'
import { reading } from './reading'
import type { Kept, Store } from './store'
import { newKey } from './store'
import type { Events, Tell } from './stream'
import { follow } from './stream'
import { alone, channel, leader } from './tabs'
import type { login as Login } from '../chunks/login'
import type { Core, Marks, Message, Session } from '../types'

interface Page {
  messages: Message[]
  more?: boolean
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

export function chat(core: Core, store: Store, api: Client, on: Listener, open = reading) {
  const pause = waiter()
  let session: Session | undefined
  let read = open()
  let typing = false
  let typed = 0
  let timer = 0
  let link = true
  let loaded = false
  let earlier = false
  let welcome = false
  let identity = ''
  let admitting: Promise<boolean> | undefined
  let stopped = false
  let follower: ReturnType<typeof leader> | undefined
  let stream: ReturnType<typeof follow> | undefined

  const name = 'charla:' + core.base + core.key
  const signing = async () => (await core.chunk<{ login: typeof Login }>('forms')).login(store, api, name)
  const tabs = channel(name, heard)

  function changed() {
    if (stopped) return
    on.changed()
  }

  const tell: Tell = (event, data) => {
    if (event !== 'link') tabs.say({ event, data, after: read.cursor(), id: store.get().id })
    take(event, data)
  }

  /** Takes an event; a message is the next one after a sequence. */
  function take<K extends keyof Events>(event: K, data: Events[K], after = read.cursor()) {
    if (stopped) return
    if (event === 'message') {
      const m = data as Message
      // Our own message may be here before the answer to its request. Its file's name is the server's.
      const own =
        m.from === 'customer' &&
        box
          .items()
          .find((i) => !i.seq && i.state === 'sending' && (i.file ? m.file?.size === i.file.size : (m.text || '') === i.text))
      if (own) {
        own.seq = m.seq
        m.key = own.key
      }
      if (m.from !== 'customer') typing = false
      if (session) session.ongoing = true
      if (after > read.cursor()) catchUp()
      told([m], after)
    } else if (event === 'typing') {
      typing = data as boolean
      clearTimeout(timer)
      if (typing) timer = window.setTimeout(() => take('typing', false), 8000)
    } else if (event === 'read') {
      read.mark(data as Marks)
    } else if (event === 'link') {
      if (data && !link) box.wake()
      link = data as boolean
    } else if (event === 'ready') {
      loaded = true
    } else if (event === 'end') {
      void (data ? check() : reset())
    }
    changed()
  }

  /** Adds what the server told after a sequence, and says what of it the visitor has not seen. */
  function told(list: Message[], after: number) {
    const before = read.cursor()
    read.told(list, after).forEach((m) => core.emit('message', m))
    read.unread().forEach((m) => m.seq > before && on.arrived(m))
  }

  function heard(what: { event?: keyof Events; data?: never; after?: number; id?: string; seen?: number; session?: boolean; sent?: Message[]; key?: string }) {
    if (what.session) {
      const before = session?.id
      store.reread()
      if (store.get().id === before) return
      // What one has not sent is not for the next to send.
      if (before) box.clear()
      forget()
      if (store.get().token) start()
      else changed()
    } else if (what.id === store.get().id) {
      if (what.sent) {
        read.add(what.sent)
        box.drop(what.key!)
      } else if (what.seen) {
        read.saw(what.seen)
        if (!read.unread().length) on.seen()
      } else if (what.event) return take(what.event, what.data as never, what.after)
      changed()
    }
  }

  /** Asks for what the other tabs may have been told while this one slept. */
  async function catchUp() {
    if (!session || document.hidden) return
    stream?.wake()
    if (follower?.leads()) return
    const now = read
    const after = now.cursor()
    try {
      const page = await api.json<Page>('GET', 'messages?limit=200&after=' + after)
      if (now !== read) return
      told(page.messages, after)
      changed()
      if (page.more) void catchUp()
    } catch (e) {
      if (gone(e)) void check()
    }
  }

  function listen() {
    follower?.stop()
    follower = leader(name + store.get().id, () => {
      stream = follow(api, core.chunk, read.cursor, () => ({ ...read.marks, typing }), tell)
      return () => {
        stream?.stop()
        stream = undefined
      }
    })
  }

  /** Takes up the session that is kept. */
  async function start(): Promise<void> {
    const now = read
    for (let tries = 0; store.get().token && now === read; tries++) {
      try {
        const s = await api.json<Session>('GET', 'session')
        if (now !== read) return
        session = s
        if (s.read) now.mark(s.read)
        if (s.level === 'anonymous' && !s.ongoing && s.lastSeq && !box.items().length) return await logout()
        const page = await api.json<Page>('GET', 'messages?before=0&limit=50')
        if (now !== read) return
        now.told(page.messages, 0)
        earlier = page.more!
        loaded = link = true
        listen()
        changed()
        // What came while no page was open.
        now.unread().forEach(on.arrived)
        return void box.flush()
      } catch (e) {
        if (now !== read) return
        if (gone(e)) return void check()
        link = false
        changed()
        await pause.wait(backoff(tries, Math.random(), (e as Refused).after))
      }
    }
    if (box.items().length && free()) void box.flush()
  }

  /** Starts a session, or moves the one there is to who has logged in. */
  async function enter(body: Record<string, unknown>): Promise<void> {
    if (session && (body.identity || body.login)) {
      const s = await (await signing()).login(body)
      if (s) keepSession(s, body)
      // To the other tabs the session is as it was, but for its token and conversation.
      tabs.say({ event: 'end', id: store.get().id })
      return reset()
    }
    const made = await api.json<{ token: string; session: Session }>('POST', 'sessions', {
      ...body,
      locale: core.config.speaks,
    })
    session = made.session
    read = open()
    store.act()
    store.set({ token: made.token, form: undefined })
    keepSession(made.session, body)
    if (made.session.level === 'verified') return void start()
    loaded = true
    listen()
    changed()
    void box.flush()
  }

  /**
   * Whether the session goes on although a token was refused: a login, here or in
   * another tab, has replaced it. If not, the session is lost.
   */
  async function renewed(): Promise<boolean> {
    const { id } = store.get()
    const goesOn = await (await signing()).ongoing(() => stopped)
    if (stopped) return false
    if (!goesOn) lost()
    return store.get().id === id
  }

  const check = async () => (await renewed()) && reset()

  function keepSession(s: Session, body: Record<string, unknown>) {
    const kept: Kept = { id: s.id, level: s.level, name: s.name, email: s.email }
    if (body.identity) kept.subject = (body.identity as string).split('.')[1]
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
    read = open()
    typing = loaded = earlier = false
  }

  /** Begins anew with the conversation of the session, which may be another. */
  function reset() {
    forget()
    void start()
  }

  function lost() {
    box.clear()
    forget()
    tabs.say({ session: true })
    core.emit('error', { code: 'session', message: '' })
    on.lost()
    changed()
  }

  async function logout() {
    const bye = store.get().token ? api.json('DELETE', 'session').catch(() => {}) : undefined
    box.clear()
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
    if (!kept.token || (await signing()).same(kept.subject, token)) return
    if (kept.subject) {
      await logout()
      identity = token
    } else {
      if (!session) await start()
      await enter({ identity }).catch((e) => core.emit('error', { code: e.code, message: e.message }))
    }
  }

  const box = outbox(store, {
    async admit() {
      const may = await admit()
      if (!may) on.entry()
      return may
    },
    async post(item) {
      const { key, text, file } = item
      const to = read
      const sent = file
        ? await api.json<Sent>(
            'POST',
            `files?key=${key}&name=${encodeURIComponent(file.name)}${item.welcome ? '&welcome=true' : ''}`,
            file,
            { timeout: 180 },
          )
        : await api.json<Sent>('POST', 'messages', { key, text, ...(item.welcome && { welcome: true }) })
      sent.message.key = key
      const list = [sent.message, ...(sent.also || [])]
      to.add(list).forEach((m) => core.emit('message', m))
      if (item.welcome) welcome = false
      // Another object: what was asked before this is not the last word on it.
      session = session && { ...session, ongoing: true }
      link = true
      tabs.say({ sent: to === read ? list : [], key, id: store.get().id })
      return sent.message.seq
    },
    async reached() {
      link = await api.json('GET', 'session', undefined, { timeout: 10 }).then(
        () => true,
        () => false,
      )
      changed()
      return link
    },
    refused(why, item) {
      if (gone(why)) {
        item.state = 'sending' // once the session goes on
        void check()
      } else if (why.code === 'contact_form') {
        drop(item.key)
        session = session && { ...session, ongoing: false, form: true }
        on.form(item.text)
      } else {
        core.emit('error', { code: why.code, message: why.message })
        return true
      }
      return false
    },
    changed,
  })

  function drop(key: string) {
    box.drop(key)
    box.keep()
    tabs.say({ sent: [], key, id: store.get().id })
  }

  function send(text: string, file?: File) {
    store.act()
    const after = read.messages().at(-1)?.seq || 0
    box.add({ key: newKey(), text, at: Date.now(), after, state: 'sending', file, welcome: welcome || undefined })
  }

  const wake = () => {
    pause.wake()
    box.wake()
  }
  const offline = () => {
    link = navigator.onLine
    if (link) wake()
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
    retry: box.retry,
    flush: box.flush,
    /** Reads older messages. */
    async older(): Promise<void> {
      const now = read
      const [first] = now.messages()
      if (!earlier || !first) return
      earlier = false
      try {
        const page = await api.json<Page>('GET', `messages?limit=50&before=${first.seq}`)
        now.add(page.messages)
        earlier = page.more!
      } catch {
        earlier = true
      }
      changed()
    },
    /** Asks whether a conversation goes on, and whether the form stands in its place. */
    async refresh() {
      const before = session
      if (!before) return
      try {
        const now = await api.json<Session>('GET', 'session')
        if (before !== session) return
        session = { ...before, ...now }
        changed()
      } catch (e) {
        if (gone(e)) void check()
      }
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
      tabs.say({ seen: seq, id: store.get().id })
      api.json('POST', 'read', { seq }).catch(() => {})
      changed()
    },
    greet(shown: boolean) {
      welcome = shown
      changed()
    },
    state: () => ({
      messages: read.messages(),
      items: box.items(),
      session,
      marks: read.marks,
      typing,
      link,
      loaded,
      earlier,
      welcome,
      unread: read.unread().length,
    }),
    free,
    identified: () => !!identity,
    transport: () => (stream ? (stream.polling() ? 'poll' : 'stream') : follower ? 'another tab' : 'none'),
    stop() {
      stopped = true
      forget()
      clearTimeout(timer)
      pause.wake()
      box.stop()
      tabs.stop()
      api.stop()
      removeEventListener('online', offline)
      removeEventListener('offline', offline)
      document.removeEventListener('visibilitychange', catchUp)
    },
  }
}

/** Reports whether a refusal says that the token is good for nothing. */
const gone = (e: unknown) => (e as Refused).code === 'session'
