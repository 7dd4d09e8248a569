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
  hidden: boolean
  /** It runs nothing: what happens to it waits. */
  hung: boolean
  gone: boolean
  late: (() => void)[]
}

type Open = typeof reading
const inside = new AsyncLocalStorage<Tab>()
const none: Tab = { hidden: false, hung: false, gone: false, late: [] } as unknown as Tab
const here = () => inside.getStore() || none

let clock = 0
let timers: { id: number; at: number; every: number; tab: Tab; f: () => void }[] = []
let lines: { name: string; tab: Tab; onmessage?: (e: { data: unknown }) => void }[] = []
let locks = new Map<string, { held?: { tab: Tab; lose(): void }; queue: (() => void)[] }>()
let kept = new Map<string, string>()
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
const clear = (id: number) => (timers = timers.filter((t) => t.id !== id))

class Line {
  onmessage?: (e: { data: unknown }) => void
  readonly tab = here()
  constructor(readonly name: string) {
    lines.push(this)
  }
  postMessage(data: unknown) {
    const copy = structuredClone(data)
    for (const l of lines) if (l !== this && l.name === this.name && l.tab !== this.tab) reach(l.tab, () => l.onmessage?.({ data: copy }))
  }
  close() {
    lines = lines.filter((l) => l !== this)
  }
}

function request(name: string, ...rest: unknown[]): Promise<unknown> {
  const f = rest.pop() as () => unknown
  const { signal, steal } = (rest[0] || {}) as { signal?: AbortSignal; steal?: boolean }
  const tab = here()
  let lock = locks.get(name)
  if (!lock) locks.set(name, (lock = { queue: [] }))
  const one = lock
  return new Promise((done, fail) => {
    const lost = () => fail(new DOMException('', 'AbortError'))
    const grant = () => {
      const held = { tab, lose: () => reach(tab, lost) }
      one.held = held
      const over = () => {
        if (one.held !== held) return
        one.held = undefined
        one.queue.shift()?.()
      }
      if (tab.gone) return over()
      reach(tab, () => void Promise.resolve(f()).finally(over).then(done, fail))
    }
    if (steal && !steals) return
    if (steal) {
      one.held?.lose()
      return grant()
    }
    if (!one.held) return grant()
    one.queue.push(grant)
    signal?.addEventListener('abort', () => {
      one.queue = one.queue.filter((g) => g !== grant)
      lost()
    })
  })
}

export function install() {
  const nothing = () => {}
  for (const [name, value] of Object.entries({
    localStorage: { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) },
    navigator: { locks: { request }, onLine: true },
    document: { addEventListener: nothing, removeEventListener: nothing, get hidden() { return here().hidden } },
    window: globalThis,
    isSecureContext: true,
    addEventListener: nothing,
    removeEventListener: nothing,
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

/** Lets everything happen that happens at once. */
async function settle() {
  for (let n = 0; n < 40; n++) await null
}

export async function pass(ms: number) {
  const end = clock + ms
  await settle()
  for (;;) {
    const next = timers.reduce<(typeof timers)[0] | undefined>((a, b) => (b.at <= end && (!a || b.at < a.at) ? b : a), undefined)
    if (!next) break
    clock = Math.max(clock, next.at)
    if (next.every && !next.tab.gone) next.at = clock + next.every
    else clear(next.id)
    reach(next.tab, next.f)
    await settle()
  }
  clock = end
}

/** A world of its own for a history; in one where takes is false no tab takes the lead from another. */
export function world(seed: number, open?: Open, takes = true) {
  steals = takes
  clock = 1e12
  timers = []
  lines = []
  locks = new Map()
  kept = new Map()
  chance = random(seed)
  const stored: (Message & { key?: string })[] = []
  const sessions: { token: string; id: string }[] = []
  const streams = new Set<{ tab: Tab; push(text?: string): void }>()
  const server = { down: false, lossy: 0, seq: 0, customer: 0, marked: (_: number) => {}, requests: 0 }

  function keep(from: Message['from'], text: string, key?: string) {
    server.seq += chance(4) ? 1 : 2 + chance(3) // what is of another session leaves a gap (R7.2)
    const m = { seq: server.seq, at: '2026-01-05T12:00:00Z', from, text, key }
    stored.push(m)
    const { key: _, ...told } = m
    for (const s of streams) s.push(`event: message\ndata: ${JSON.stringify(told)}\n\n`)
    return m
  }
  const tell = ({ key: _, ...m }: Message) => m as Message

  function answer(method: string, path: string, body: Record<string, string>, token?: string): unknown {
    const url = new URL(path, 'http://x/')
    const s = sessions.find((one) => one.token === token)
    if (path === 'sessions') {
      sessions.push({ token: 't' + sessions.length, id: 's' + sessions.length })
      const made = sessions[sessions.length - 1]!
      return { token: made.token, session: { id: made.id, level: 'claimed' } }
    }
    if (!s) throw new Refused(401, 'session', '')
    if (url.pathname === '/session') return { id: s.id, level: 'claimed', ongoing: true, lastSeq: server.seq, read: { agent: 0, customer: server.customer } }
    if (url.pathname === '/read') {
      server.marked(Number(body.seq))
      server.customer = Math.max(server.customer, Number(body.seq))
      return undefined
    }
    if (url.pathname === '/messages' && method === 'POST') {
      const before = stored.find((m) => m.key === body.key)
      if (!before && body.text!.includes('!')) throw new Refused(422, 'invalid', 'no')
      const own = before || keep('customer', body.text!, body.key)
      const also = before || chance(4) ? [] : [keep('rule', 'auto ' + body.text)]
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
  function client(tab: Tab, of: ReturnType<typeof store>): Client {
    const json = (method: string, path: string, body?: unknown) =>
      new Promise((done, fail) => {
        server.requests++
        const { token } = of.get()
        const lost = () => reach(tab, () => fail(new Refused(0, 'network')))
        timer(() => {
          if (server.down || chance(100) < server.lossy) return lost()
          let result: unknown
          let refused: unknown
          try {
            result = structuredClone(answer(method, path, body as Record<string, string>, token))
          } catch (e) {
            refused = e
          }
          if (chance(100) < server.lossy) return lost() // done, and the answer is lost
          timer(() => reach(tab, () => (refused ? fail(refused) : done(result))), chance(200))
        }, chance(50))
      })
    const raw = (_: string, path: string, __: unknown, call: { signal?: AbortSignal }, take: (res: unknown) => Promise<unknown>) => {
      if (server.down) return Promise.reject(new Refused(0, 'network'))
      const after = Number(new URL(path, 'http://x/').searchParams.get('after'))
      const chunks: (string | undefined)[] = []
      let waiting: ((c: { done: boolean; value?: Uint8Array }) => void) | undefined
      let cut: ((e: unknown) => void) | undefined
      const next = () => {
        if (!waiting || !chunks.length) return
        const text = chunks.shift()
        const w = waiting
        waiting = undefined
        reach(tab, () => w(text === undefined ? { done: true } : { done: false, value: new TextEncoder().encode(text) }))
      }
      const one = {
        tab,
        push(text?: string) {
          chunks.push(text)
          next()
        },
      }
      for (const m of stored) if (m.seq > after) one.push(`event: message\ndata: ${JSON.stringify(tell(m))}\n\n`)
      one.push('event: ready\ndata: {}\n\n')
      streams.add(one)
      call.signal!.addEventListener('abort', () => {
        streams.delete(one)
        cut?.(new Refused(0, 'network'))
      })
      const read = () =>
        new Promise((done, fail) => {
          waiting = done
          cut = fail
          next()
        })
      return take({ headers: { get: () => 'text/event-stream' }, body: { getReader: () => ({ read }) } }).finally(() => streams.delete(one))
    }
    return { json, raw, stop() {} } as unknown as Client
  }

  return {
    server,
    stored,
    streams,
    chance,
    agent: (text: string) => keep('agent', text),
    cut: () => streams.forEach((s) => s.push()),
    beat: () => streams.forEach((s) => s.push(':\n\n')),
    kept: () => kept,
    open(): Tab {
      const tab = { hidden: false, hung: false, gone: false, late: [] } as unknown as Tab
      inside.run(tab, () => {
        const of = store('charla:key')
        const nothing = () => {}
        const chunk = async (name: string) => (name === 'poll' ? { poll } : { login })
        const core = { base: 'https://chat.example/', key: 'key', emit: nothing, chunk, config: { locale: 'es', entry: { anonymous: true } } }
        const on = { changed: nothing, arrived: nothing, lost: nothing, form: nothing, seen: nothing, entry: nothing }
        tab.chat = chat(core as unknown as Core, of, client(tab, of), on, open)
        of.act()
        void tab.chat.start()
      })
      return tab
    },
    /** Ends a tab as a browser does: its locks are free, nothing of it runs any more. */
    end(tab: Tab) {
      tab.hung = false
      inside.run(tab, () => tab.chat.stop())
      tab.gone = true
      for (const s of streams) if (s.tab === tab) streams.delete(s)
      lines = lines.filter((l) => l.tab !== tab)
    },
    in: <T>(tab: Tab, f: () => T): T => inside.run(tab, f),
    hang(tab: Tab, hung: boolean) {
      tab.hung = hung
      if (!hung) tab.late.splice(0).forEach((f) => reach(tab, f))
    },
  }
}
