import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tab } from './world'
import { install, pass, world } from './world'

install()

const texts = (list: { text?: string }[] = []) => list.map((m) => m.text).filter((t) => !t!.startsWith('auto'))
const claims = (sub: string) => `x.${btoa(JSON.stringify({ sub }))}.y`
const send = (tab: Tab, w: ReturnType<typeof world>, text: string) => w.in(tab, () => tab.chat.send(text))
const identify = (tab: Tab, w: ReturnType<typeof world>, jwt = claims('ana')) => void w.in(tab, () => tab.chat.identify(jwt))
const logout = (tab: Tab, w: ReturnType<typeof world>) => void w.in(tab, () => tab.chat.logout())

/** A visitor with a session, in tabs. */
async function begun(tabs: number, seed = 1) {
  const w = world(seed)
  const list = Array.from({ length: tabs }, () => w.open())
  send(list[0]!, w, 'hola')
  await pass(1000)
  return { w, tabs: list }
}

test('a login that waits for the server logs nobody in who comes after a logout', async () => {
  for (const gone of [true, false]) {
    const { w, tabs } = await begun(2)
    w.server.down = true
    identify(tabs[1]!, w)
    await pass(1000)
    if (gone) {
      logout(tabs[0]!, w)
      await pass(1000)
      send(tabs[0]!, w, 'somebody else')
    }
    w.server.down = false
    await pass(60_000)
    assert.deepEqual(w.sessions.map((s) => s.level), gone ? ['claimed', 'claimed'] : ['verified'])
    for (const t of tabs) assert.deepEqual(texts(t.chat.state().messages), gone ? ['somebody else'] : [], 'the tabs show what is kept')
  }
})

test('a login that has not begun when somebody logs out never does', async () => {
  const { w, tabs: [a] } = await begun(1)
  identify(a!, w)
  logout(a!, w)
  send(a!, w, 'somebody else')
  await pass(60_000)
  assert.deepEqual(w.sessions.map((s) => s.level), ['claimed', 'claimed'])
  assert.deepEqual(texts(w.stored()), ['somebody else'])
})

test('a login that has waited for another one clears nothing that is written after the logout', async () => {
  const { w, tabs: [a, b, c] } = await begun(3)
  w.server.down = true
  for (const t of [a, c]) identify(t!, w)
  await pass(1000)
  logout(b!, w)
  await pass(1000)
  send(c!, w, 'somebody else')
  w.reload(a!)
  await pass(1000)
  assert.deepEqual(c!.chat.state().items.map((i) => i.text), ['somebody else'])
})

test('a session that begins while somebody logs out is not kept, nor is the text sent that began it', async () => {
  for (const named of [true, false]) {
    const w = world(1)
    const a = w.open()
    if (named) identify(a, w)
    send(a, w, 'hola')
    await pass(5)
    logout(a, w)
    await pass(1000)
    assert.equal(a.store.session().token, undefined)
    send(a, w, 'somebody else')
    await pass(60_000)
    assert.deepEqual(Object.values(w.conversations).flatMap(texts), ['somebody else'])
    assert.equal(w.sessions.at(-1)!.level, 'claimed')
  }
})

test('whom the host names while a session begins is logged in', async () => {
  const w = world(1)
  const a = w.open()
  send(a, w, 'hola')
  await pass(5)
  identify(a, w)
  await pass(60_000)
  assert.deepEqual([w.sessions.length, w.sessions[0]!.level, a.store.session().level], [1, 'verified', 'verified'])
})

test('of two whom the host names while the first is logged in, the second is', async () => {
  const { w, tabs: [a] } = await begun(1)
  w.server.down = true
  identify(a!, w)
  await pass(1000)
  identify(a!, w, claims('bea'))
  await pass(1000)
  w.server.down = false
  await pass(60_000)
  send(a!, w, 'soy bea')
  await pass(60_000)
  assert.equal(a!.store.session().subject, claims('bea').split('.')[1])
})

test('what is refused after a logout is not shown to whoever comes next', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { w, tabs: [a] } = await begun(1, seed)
    send(a!, w, 'too long!')
    await pass(5)
    logout(a!, w)
    await pass(1000)
    send(a!, w, 'somebody else')
    await pass(60_000)
    for (const t of [a!, w.open()]) assert.deepEqual(t.chat.state().items, [], String(seed))
    // Without a logout it stays, to be edited.
    send(a!, w, 'too long, too!')
    await pass(60_000)
    assert.deepEqual(w.open().chat.state().items.map((i) => i.text), ['too long, too!'])
  }
})

test('a tab that hangs in its login holds up nobody whose token is good', async () => {
  const { w, tabs: [a, b] } = await begun(2)
  w.server.down = true
  identify(b!, w)
  await pass(1000)
  w.hang(b!, true)
  w.server.down = false
  let over = false
  // As after a refusal that came for an older token.
  void w.in(a!, () => a!.chat.check().then(() => (over = true)))
  await pass(5000)
  assert.ok(over)
  assert.deepEqual(texts(a!.chat.state().messages), ['hola'])
})

test('a tab that asks about a session while it is logged out leaves alone what the next one writes', async () => {
  const { w, tabs: [a, b] } = await begun(2)
  w.server.down = true
  void w.in(b!, () => b!.chat.check())
  await pass(1000)
  logout(a!, w)
  await pass(1000)
  send(a!, w, 'somebody else')
  w.hang(a!, true)
  w.server.down = false
  await pass(60_000)
  assert.equal(b!.store.get().draft, undefined)
  w.hang(a!, false)
  await pass(60_000)
  assert.deepEqual(texts(w.stored()), ['somebody else'])
})
