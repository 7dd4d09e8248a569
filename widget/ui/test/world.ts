// A browser with tabs, and a server, as much of both as a conversation needs. Time
// passes when the test says so, and everything random comes from one seed.

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Client } from '../src/app/api'
import { Refused } from '../src/app/api'
import type { reading } from '../src/app/reading'
import { chat } from '../src/app/chat'
import { store } from '../src/app/store'
import { login } from '../src/chunks/login'
import { poll } from '../src/chunks/poll'
import { storage } from './storage'
import type { Core, Message } from '../src/types'

/** Random numbers below n, the same for the same seed. */
export function random(seed: number) {
  return (n: number) => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

export interface Tab {
  chat: ReturnType<typeof chat>
  store: ReturnType<typeof store>
  life: AbortController
  hidden: boolean
  /** It runs nothing: what happens to it waits. */
  hung: boolean
  gone: boolean
  late: (() => void)[]
  /** Its sessionStorage. */
  own: Map<string, string>
}

const inside = new AsyncLocalStorage<Tab>()
const none: Tab = { hidden: false, hung: false, gone: false, late: [], own: new Map() } as unknown as Tab
const here = () => inside.getStore() || none

let clock = 0
let timers: { id: number; at: number; every: number; tab: Tab; f: () => void }[] = []
let lines: { name: string; tab: Tab; onmessage?: (e: { data: unknown }) => void }[] = []
let locks = new Map<string, { held: Held[]; queue: { shared: boolean; grant(): void }[] }>()
let listeners: { type: string; tab: Tab; f: (e: unknown) => void }[] = []
let disk: ReturnType<typeof storage<Tab>>
let steals = true
let ids = 0
let chance = random(1)

/** Has something happen to a tab: later, while it hangs. */
function reach(tab: Tab, f: () => void) {
  if (tab.gone) return
  if (tab.hung) tab.late.push(f)
  else inside.run(tab, f)
}

function timer(f: () => void, ms = 0, every = 0) {
  timers.push({ id: ++ids, at: clock + ms, every, tab: here(), f })
  return ids
}
/** Has something happen later that is in no tab. */
const away = (f: () => void, ms: number) => inside.run(none, () => timer(f, ms))
let cleared = new Set<number>()
function clear(id: number) {
  cleared.add(id)
  timers = timers.filter((t) => t.id !== id)
}

class Line {
  onmessage?: (e: { data: unknown }) => void
  private closed = false
  readonly tab = here()
  constructor(readonly name: string) {
    lines.push(this)
  }
  postMessage(data: unknown) {
    if (this.closed) throw new DOMException('', 'InvalidStateError')
    const copy = structuredClone(data)
    for (const l of lines) if (l !== this && l.name === this.name && l.tab !== this.tab) reach(l.tab, () => l.closed || l.onmessage?.({ data: copy }))
  }
  close() {
    this.closed = true
    lines = lines.filter((l) => l !== this)
  }
}

interface Held {
  tab: Tab
  shared: boolean
  lose(): void
  over(): void
}

function request(name: string, ...rest: unknown[]): Promise<unknown> {
  const f = rest.pop() as () => unknown
  const { signal, steal, mode } = (rest[0] || {}) as LockOptions
  const tab = here()
  const shared = mode === 'shared'
  let lock = locks.get(name)
  if (!lock) locks.set(name, (lock = { held: [], queue: [] }))
  const one = lock
  const next = () => {
    while (one.queue[0] && one.held.every((h) => h.shared && one.queue[0]!.shared)) one.queue.shift()!.grant()
  }
  return new Promise((done, fail) => {
    const lost = () => fail(new DOMException('', 'AbortError'))
    const grant = () => {
      const over = () => {
        if (!one.held.includes(held)) return
        one.held = one.held.filter((h) => h !== held)
        next()
      }
      const held = { tab, shared, lose: () => reach(tab, lost), over }
      one.held.push(held)
      if (tab.gone) return over()
      reach(tab, () => void Promise.resolve(f()).finally(over).then(done, fail))
    }
    if (steal && !steals) return
    if (steal) {
      one.held.splice(0).forEach((h) => h.lose())
      return grant()
    }
    const waiting = { shared, grant }
    one.queue.push(waiting)
    next()
    signal?.addEventListener('abort', () => {
      one.queue = one.queue.filter((w) => w !== waiting)
      lost()
    })
  })
}

const listen = (type: string, f: (e: unknown) => void) => void listeners.push({ type, tab: here(), f })
const unlisten = (type: string, f: (e: unknown) => void) => void (listeners = listeners.filter((l) => l.f !== f || l.type !== type))

export function install() {
  const nothing = () => {}
  const own = {
    getItem: (key: string) => here().own.get(key) ?? null,
    setItem: (key: string, value: string) => void here().own.set(key, value),
    removeItem: (key: string) => void here().own.delete(key),
  }
  Object.defineProperty(globalThis, 'sessionStorage', { value: own, configurable: true })
  Object.defineProperty(globalThis, 'localStorage', { get: () => disk.face, configurable: true })
  for (const [name, value] of Object.entries({
    origin: 'https://tienda.cl',
    navigator: { locks: { request }, onLine: true },
    document: { addEventListener: nothing, removeEventListener: nothing, get hidden() { return here().hidden } },
    window: globalThis,
    isSecureContext: true,
    addEventListener: listen,
    removeEventListener: unlisten,
    BroadcastChannel: Line,
    setTimeout: (f: (...args: unknown[]) => void, ms: number, ...args: unknown[]) => timer(() => f(...args), ms),
    clearTimeout: clear,
    setInterval: (f: () => void, ms: number) => timer(f, ms, ms),
    clearInterval: clear,
  }))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  Date.now = () => clock
  Math.random = () => chance(1000) / 1000
}

/** Lets everything happen that happens at once: node's own turn comes when no promise is left to settle. */
const settle = () => new Promise((done) => setImmediate(done))

export async function pass(ms: number) {
  const end = clock + ms
  await settle()
  for (;;) {
    const next = timers.reduce<(typeof timers)[0] | undefined>((a, b) => (b.at <= end && (!a || b.at < a.at) ? b : a), undefined)
    if (!next) break
    clock = Math.max(clock, next.at)
    if (next.every && !next.tab.gone) next.at = clock + next.every
    else timers = timers.filter((t) => t !== next)
    reach(next.tab, () => cleared.has(next.id) || next.f())
    await settle()
  }
  clock = end
}

interface Session {
  token: string
  /** The one that a login has replaced. */
  old: string
  id: string
  level: string
  /** Its conversation. */
  of: string
}

export interface Rules {
  /** How a tab reads. */
  read?: typeof reading
  /** False: no tab takes the lead from another. */
  takes?: boolean
  /** What another tab keeps is seen at most so many milliseconds later. */
  lag?: number
}

/** A world of its own for a history. */
export function world(seed: number, { read, takes = true, lag = 50 }: Rules = {}) {
  steals = takes
  clock = 1e12
  timers = []
  cleared = new Set()
  lines = []
  locks = new Map()
  listeners = []
  chance = random(seed)
  disk = storage<Tab>(
    here,
    (tab, f) => inside.run(tab, () => timer(f, lag && chance(lag))),
    (tab, key) => listeners.forEach((l) => l.type === 'storage' && l.tab === tab && l.f({ key })),
  )
  const conversations: Record<string, (Message & { key?: string })[]> = {}
  const of = (name: string) => (conversations[name] ||= [])
  const sessions: Session[] = []
  const streams = new Set<{ tab: Tab; session: Session; of: string; push(text?: string): void }>()
  const server = { down: false, lossy: 0, seq: 0, customer: 0, marked: (_: number) => {}, wrote: (_text: string, _id: string) => {}, begun: (_id: string, _by: Tab) => {}, loggedIn: (_id: string) => {} }

  function keep(to: string, from: Message['from'], text: string, key?: string) {
    server.seq += chance(4) ? 1 : 2 + chance(3) // what is of another session leaves a gap (R7.2)
    const m = { seq: server.seq, at: '2026-01-05T12:00:00Z', from, text, key }
    of(to).push(m)
    const { key: _, ...told } = m
    for (const s of streams) if (s.of === to) s.push(`event: message\ndata: ${JSON.stringify(told)}\n\n`)
    return m
  }
  /** Ends the streams of a session that has ended, or has another token. */
  function end(s: Session) {
    for (const one of streams) if (one.session === s) one.push('event: end\ndata: {"code":"session"}\n\n')
  }
  const tell = ({ key: _, ...m }: Message) => m as Message

  function answer(tab: Tab, method: string, path: string, body: Record<string, string>, token?: string): unknown {
    const url = new URL(path, 'http://x/')
    if (path === 'sessions') {
      const n = sessions.length
      const made = { token: 't' + n, old: '', id: 's' + n, level: body.identity ? 'verified' : 'claimed', of: body.identity ? 'verified' : 'c' + n }
      sessions.push(made)
      server.begun(made.id, tab)
      return { token: made.token, session: { id: made.id, level: made.level } }
    }
    if (path === 'session/login') {
      // Where the answer was lost, it is asked for again.
      const s = sessions.find((one) => token && (one.token === token || one.old === token))
      if (!s) throw new Refused(401, 'session', '')
      if (s.token === token) {
        server.loggedIn(s.id)
        Object.assign(s, { token: token + '-new', old: token, level: 'verified', of: 'verified' })
        end(s)
      }
      return { token: s.token, session: { id: s.id, level: s.level } }
    }
    const s = sessions.find((one) => one.token === token)
    if (!s) throw new Refused(401, 'session', '')
    const stored = of(s.of)
    if (path === 'session' && method === 'DELETE') {
      Object.assign(s, { token: '', old: '' })
      return end(s)
    }
    if (url.pathname === '/session') return { id: s.id, level: s.level, ongoing: true, lastSeq: server.seq, read: { agent: 0, customer: server.customer } }
    if (url.pathname === '/read') {
      server.marked(Number(body.seq))
      server.customer = Math.max(server.customer, Number(body.seq))
      return undefined
    }
    if (url.pathname === '/messages' && method === 'POST') {
      const before = stored.find((m) => m.key === body.key)
      if (!before && body.text!.includes('!')) throw new Refused(422, 'invalid', 'no')
      if (!before) server.wrote(body.text!, s.id)
      const own = before || keep(s.of, 'customer', body.text!, body.key)
      const also = before || chance(4) ? [] : [keep(s.of, 'rule', 'auto ' + body.text)]
      return { message: tell(own), also: also.map(tell) }
    }
    if (url.pathname === '/messages') {
      const limit = Number(url.searchParams.get('limit') || 50)
      const after = Number(url.searchParams.get('after') || 0)
      const before = url.searchParams.get('before')
      const list = before === null ? stored.filter((m) => m.seq > after) : stored.filter((m) => before === '0' || m.seq < Number(before)).slice(-limit)
      const page = before === null ? list.slice(0, limit) : list
      return { messages: page.map(tell), more: before === null && list.length > page.length, read: { agent: 0, customer: server.customer }, typing: { agent: false } }
    }
    return undefined
  }

  /** A tab's way to the server: requests and answers get lost, and take their time. */
  function client(tab: Tab): Client {
    const json = (method: string, path: string, body?: unknown) =>
      new Promise((done, fail) => {
        const { token } = tab.store.session()
        const lost = () => reach(tab, () => fail(new Refused(0, 'network')))
        away(() => {
          if (server.down || chance(100) < server.lossy) return lost()
          let result: unknown
          let refused: unknown
          try {
            result = structuredClone(answer(tab, method, path, body as Record<string, string>, token))
          } catch (e) {
            refused = e
          }
          if (chance(100) < server.lossy) return lost() // done, and the answer is lost
          away(() => reach(tab, () => (refused ? fail(refused) : done(result))), chance(200))
        }, chance(50))
      })
    const raw = (_: string, path: string, __: unknown, call: { signal?: AbortSignal }, take: (res: unknown) => Promise<unknown>) => {
      if (server.down) return Promise.reject(new Refused(0, 'network'))
      const { token } = tab.store.session()
      const session = sessions.find((one) => token && one.token === token)
      if (!session) return Promise.reject(new Refused(401, 'session'))
      const after = Number(new URL(path, 'http://x/').searchParams.get('after'))
      const chunks: (string | undefined)[] = []
      let waiting: ((c: { done: boolean; value?: Uint8Array }) => void) | undefined
      let cut: ((e: unknown) => void) | undefined
      const next = () => {
        if (!waiting || !chunks.length) return
        const text = chunks.shift()
        const w = waiting
        waiting = undefined
        reach(tab, () => w(text === undefined ? { done: true } : { done: false, value: Buffer.from(text) }))
      }
      const one = {
        tab,
        session,
        of: session.of,
        push(text?: string) {
          chunks.push(text)
          next()
        },
      }
      for (const m of of(one.of)) if (m.seq > after) one.push(`event: message\ndata: ${JSON.stringify(tell(m))}\n\n`)
      one.push('event: ready\ndata: {}\n\n')
      streams.add(one)
      call.signal!.addEventListener('abort', () => {
        streams.delete(one)
        cut?.(new Refused(0, 'network'))
      })
      const read = () =>
        new Promise((done, fail) => {
          if (call.signal!.aborted) return fail(new Refused(0, 'network'))
          waiting = done
          cut = fail
          next()
        })
      return take({ headers: { get: () => 'text/event-stream' }, body: { getReader: () => ({ read }) } }).finally(() => streams.delete(one))
    }
    return { json, raw } as unknown as Client
  }

  /** The conversation of the session that is kept. */
  function current() {
    const { token } = JSON.parse(disk.kept.get('charla:key') || '{}')
    return (sessions.find((s) => token && s.token === token) || sessions[sessions.length - 1])?.of || ''
  }

  return {
    server,
    sessions,
    /** What is stored of the conversation of the session that is kept. */
    stored: () => of(current()),
    conversations,
    streams,
    chance,
    agent: (text: string) => keep(current(), 'agent', text),
    cut: () => streams.forEach((s) => s.push()),
    beat: () => streams.forEach((s) => s.push(':\n\n')),
    kept: () => disk.kept,
    /** The tab that logs in. */
    logging: () => locks.get('charla:https://chat.example/key:login')?.held.find((h) => !h.shared)?.tab,
    open(own = new Map<string, string>()): Tab {
      const tab = { hidden: false, hung: false, gone: false, late: [], own } as unknown as Tab
      inside.run(tab, () => {
        tab.store = store('charla:key')
        const nothing = () => {}
        const chunk = async () => ({ poll, login })
        tab.life = new AbortController()
        const core = { signal: tab.life.signal, base: 'https://chat.example/', key: 'key', emit: nothing, chunk, config: { locale: 'es', entry: { anonymous: true } } }
        const on = { changed: nothing, arrived: nothing, lost: nothing, form: nothing, seen: nothing, entry: nothing }
        tab.chat = chat(core as unknown as Core, tab.store, client(tab), on, read)
        void tab.chat.start()
      })
      return tab
    },
    /** Ends a tab as a browser does: its locks are free, nothing of it runs any more. */
    end(tab: Tab) {
      tab.hung = false
      inside.run(tab, () => tab.life.abort())
      tab.gone = true
      for (const lock of locks.values()) lock.held.filter((h) => h.tab === tab).forEach((h) => h.over())
      disk.close(tab)
      for (const s of streams) if (s.tab === tab) streams.delete(s)
      lines = lines.filter((l) => l.tab !== tab)
      listeners = listeners.filter((l) => l.tab !== tab)
    },
    /** Loads a tab again. */
    reload(tab: Tab): Tab {
      this.end(tab)
      return this.open(tab.own)
    },
    in: <T>(tab: Tab, f: () => T): T => inside.run(tab, f),
    hang(tab: Tab, hung: boolean) {
      tab.hung = hung
      if (!hung) tab.late.splice(0).forEach((f) => reach(tab, f))
    },
  }
}
