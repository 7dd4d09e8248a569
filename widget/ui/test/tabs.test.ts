import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Client } from '../src/app/api'
import { Refused } from '../src/app/api'
import { chat } from '../src/app/chat'
import { store } from '../src/app/store'
import { login } from '../src/chunks/login'
import type { Core } from '../src/types'

const kept = new Map<string, string>()
const queues = new Map<string, Promise<unknown>>()
const nothing = () => {}
const locks = {
  request(name: string, ...rest: unknown[]) {
    const run = rest.pop() as () => Promise<unknown>
    const turn = (queues.get(name) || Promise.resolve()).then(run)
    queues.set(name, turn.catch(nothing))
    return turn
  },
}
for (const [name, value] of Object.entries({
  localStorage: { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) },
  navigator: { locks, onLine: true },
  document: { hidden: false, addEventListener: nothing, removeEventListener: nothing },
  window: globalThis,
  isSecureContext: true,
  addEventListener: nothing,
  removeEventListener: nothing,
}))
  Object.defineProperty(globalThis, name, { value, configurable: true })

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

interface Stored {
  seq: number
  at: string
  from: string
  text: string
  key?: string
}

/** As much of a server as tabs need: sessions, and the messages of conversations. */
function server() {
  const sessions: { token: string; id: string; level: string; of: string }[] = []
  const conversations: Record<string, Stored[]> = {}
  const online = { now: true }
  const tab = (name: string): { api: Client; of: ReturnType<typeof store> } => {
    const of = store(name)
    const json = async (method: string, path: string, body?: unknown): Promise<unknown> => {
      await pause(2)
      if (!online.now) throw new Refused(0, 'network', '')
      if (path === 'sessions') {
        const n = sessions.length
        const s = { token: 't' + n, id: 's' + n, level: 'anonymous', of: 'c' + n }
        sessions.push(s)
        return { token: s.token, session: { id: s.id, level: s.level } }
      }
      const s = sessions.find((one) => one.token === of.get().token)
      if (!s) throw new Refused(401, 'session', '')
      const list = (conversations[s.of] ||= [])
      if (path === 'session/login') {
        Object.assign(s, { token: s.token + '-new', level: 'verified', of: 'verified' })
        return { token: s.token, session: { id: s.id, level: s.level } }
      }
      if (path === 'session' && method === 'DELETE') return void sessions.splice(sessions.indexOf(s), 1)
      if (path === 'session') return { id: s.id, level: s.level, ongoing: true, lastSeq: list.length, read: { agent: 0, customer: 0 } }
      if (method === 'POST' && path === 'messages') {
        const { key, text } = body as { key: string; text: string }
        let message = list.find((m) => m.key === key)
        if (!message) list.push((message = { seq: list.length + 1, at: '2026-01-05T12:00:00Z', from: 'customer', text, key }))
        return { message, also: [] }
      }
      if (path.startsWith('messages')) return { messages: list, more: false }
      return undefined
    }
    const raw = (_: string, __: string, ___: unknown, call: { signal?: AbortSignal }) =>
      new Promise((_, no) => call.signal!.addEventListener('abort', () => no(new Refused(0, 'network', ''))))
    return { api: { json, raw, stop: nothing } as unknown as Client, of }
  }
  return { tab, sessions, conversations, online }
}

function open(s: ReturnType<typeof server>, key: string) {
  const { api, of } = s.tab('charla:' + key)
  const chunk = () => Promise.resolve({ login })
  const core = { base: 'https://chat.example/', key, emit: nothing, chunk, config: { locale: 'es', entry: { anonymous: true } } }
  const on = { changed: nothing, arrived: nothing, lost: nothing, form: nothing, seen: nothing, entry: nothing }
  const tab = chat(core as unknown as Core, of, api, on)
  tabs.push(tab)
  return tab
}

const tabs: { stop(): void }[] = []
afterEach(() => tabs.splice(0).forEach((tab) => tab.stop()))

const texts = (list: { text?: string }[] = []) => list.map((m) => m.text)

test('what waits in two tabs goes out once, in one session', async () => {
  const s = server()
  const a = open(s, 'once')
  s.online.now = false
  a.send('hola')
  const b = open(s, 'once') // it finds what waits
  s.online.now = true
  await Promise.all([a.flush(), b.start()])
  b.send('otra')
  await pause(1200)
  assert.equal(s.sessions.length, 1)
  assert.deepEqual(texts(s.conversations.c0), ['hola', 'otra'])
})

test('what another tab has begun to keep stays kept', () => {
  const s = server()
  s.online.now = false
  const a = open(s, 'kept')
  const b = open(s, 'kept')
  a.send('one')
  b.send('two')
  a.drop(a.state().items[0]!.key)
  assert.deepEqual(texts(JSON.parse(kept.get('charla:kept')!).outbox), ['two'])
})

test('what waits when somebody logs out is not sent by whoever comes next', async () => {
  const s = server()
  const a = open(s, 'next')
  await a.admit()
  const b = open(s, 'next')
  await b.start()
  s.online.now = false
  b.send('a secret')
  await pause(20)
  s.online.now = true
  await a.logout()
  await pause(20)
  assert.deepEqual(b.state().items, [])
  a.send('hello') // somebody else
  await pause(1200)
  assert.deepEqual(Object.values(s.conversations).flatMap(texts).filter((t) => t === 'a secret'), [])
})

test('a login in one tab brings its conversation to the others', async () => {
  const s = server()
  s.conversations.verified = [1, 2, 3].map((seq) => ({ seq, at: '2026-01-05T12:00:00Z', from: 'agent', text: 'older ' + seq }))
  const a = open(s, 'login')
  await a.admit()
  const b = open(s, 'login')
  await b.start()
  a.send('hola')
  await pause(50)
  assert.deepEqual(texts(b.state().messages), ['hola'])
  await a.enter({ identity: 'x.e30.y' })
  await pause(50)
  for (const tab of [a, b]) assert.deepEqual(texts(tab.state().messages), ['older 1', 'older 2', 'older 3'])
})
