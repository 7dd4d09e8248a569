import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tab } from './world'
import { install, pass, world } from './world'

install()

const texts = (list: { text?: string }[] = []) => list.map((m) => m.text)
const all = (w: ReturnType<typeof world>) => Object.values(w.conversations).flatMap(texts).filter((t) => !t!.startsWith('auto'))
const waiting = (w: ReturnType<typeof world>) =>
  [...w.kept()].filter(([k]) => k.startsWith('charla:key:out:')).map(([, v]) => JSON.parse(v).text)
const send = (w: ReturnType<typeof world>, tab: Tab, text: string) => w.in(tab, () => tab.chat.send(text))

test('what waits in two tabs goes out once, in one session', async () => {
  const w = world(1)
  const a = w.open()
  w.server.down = true
  send(w, a, 'hola')
  await pass(1000)
  const b = w.open() // it finds what waits
  w.server.down = false
  void w.in(b, () => b.chat.flush())
  send(w, b, 'otra')
  await pass(10_000)
  assert.equal(w.sessions.length, 1)
  assert.deepEqual(all(w), ['hola', 'otra'])
  assert.deepEqual(waiting(w), [])
})

test('what two tabs keep at one moment stays kept', async () => {
  const w = world(1)
  const [a, b] = [w.open(), w.open()]
  w.server.down = true
  send(w, a, 'one')
  send(w, b, 'two')
  w.in(b, () => b.store.set({ draft: 'three' }))
  w.in(a, () => a.store.set({ muted: true }))
  w.in(a, () => a.chat.drop(a.chat.state().items[0]!.key))
  await pass(100)
  assert.deepEqual(waiting(w), ['two'])
  const c = w.open()
  assert.deepEqual([c.store.get().draft, c.store.get().muted], ['three', true])
})

test('a draft stays in its tab when another tab sends its own', async () => {
  const w = world(1)
  const [a, b] = [w.open(), w.open()]
  for (const t of [a, b]) w.in(t, () => t.store.act())
  w.in(a, () => a.store.set({ draft: 'half a sentence' }))
  await pass(100)
  w.in(b, () => b.store.set({ draft: 'hello' }))
  w.in(b, () => b.store.set({ draft: undefined }))
  await pass(100)
  assert.equal(w.in(a, () => w.reload(a)).store.get().draft, 'half a sentence')
})

test('what waits when somebody logs out is not sent by whoever comes next', async () => {
  const w = world(1)
  const a = w.open()
  await w.in(a, () => Promise.all([a.chat.admit(), pass(1000)]))
  const b = w.open()
  await pass(1000)
  w.server.down = true
  send(w, b, 'a secret')
  await pass(20)
  w.server.down = false
  void w.in(a, () => a.chat.logout())
  await pass(200)
  assert.deepEqual(b.chat.state().items, [])
  send(w, a, 'hello') // somebody else
  await pass(2000)
  assert.deepEqual(all(w), ['hello'])
})

test('a login in one tab brings its conversation to the others', async () => {
  const w = world(1)
  w.conversations.verified = [1, 2, 3].map((seq) => ({ seq, at: '2026-01-05T12:00:00Z', from: 'agent', text: 'older ' + seq }))
  const [a, b] = [w.open(), w.open()]
  send(w, a, 'hola')
  await pass(2000)
  assert.equal(texts(b.chat.state().messages)[0], 'hola')
  void w.in(a, () => a.chat.enter({ identity: 'x.e30.y' }))
  await pass(2000)
  for (const tab of [a, b]) assert.deepEqual(texts(tab.chat.state().messages), ['older 1', 'older 2', 'older 3'])
})

test('a tab that keeps what it has at the moment of a login leaves the token alone', async () => {
  const w = world(1)
  const [a, b] = [w.open(), w.open()]
  send(w, a, 'hola')
  await pass(2000)
  w.server.down = true
  w.in(b, () => b.store.set({ draft: 'x' }))
  const made = { token: 'the-new-one', session: { id: 's0', level: 'verified' } }
  w.in(a, () => a.store.enter(made, {}))
  send(w, b, 'meanwhile')
  assert.equal(b.store.session().token, 't0', 'the control: it still sees the old one')
  await pass(100)
  assert.equal(JSON.parse(w.kept().get('charla:key')!).token, 'the-new-one')
  assert.equal(b.store.session().token, 'the-new-one')
})

test('a login that ends after a logout brings nobody back', async () => {
  const w = world(1)
  const [a, b] = [w.open(), w.open()]
  send(w, a, 'hola')
  await pass(2000)
  void w.in(a, () => a.chat.identify('x.e30.y'))
  void w.in(b, () => b.chat.logout())
  await pass(5000)
  assert.equal(w.kept().get('charla:key'), '{}')
  for (const tab of [a, b]) assert.deepEqual(texts(tab.chat.state().messages), [])
})
