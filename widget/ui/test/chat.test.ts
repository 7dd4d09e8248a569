import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reading } from '../src/app/reading'
import type { Message } from '../src/types'
import type { Rules, Tab } from './world'
import { install, pass, world } from './world'

install()

const texts = (list: { text?: string }[]) => list.map((m) => m.text)

/**
 * Plays a random history of three tabs of one visitor: both sides write; the server
 * refuses, loses requests and answers, goes away and comes back; tabs hang, hide, log
 * in and are loaded again. In the end every tab shows what is stored. With logouts a
 * visitor follows another, who gets nothing of what the one before has not sent.
 */
async function play(seed: number, rules: Rules = {}, logouts = false) {
  const w = world(seed, rules)
  const { chance, server } = w
  const shown = new Set<number>()
  const tabs: Tab[] = [w.open(), w.open(), w.open()]
  /** What was written, and in which session. */
  const written = new Map<string, string | undefined>()
  const stolen: string[] = []
  /** Sessions whose visitor the host has named, and tabs in which it has: the session that such a tab begins is meant, too. */
  const named = new Set<unknown>()
  const began = new Map<Tab, string>()
  /** The sessions that were logged out, and how much had been written. */
  const ended = new Map<string | undefined, number>()
  /** When the last logout is seen in all tabs: until then it may take back what a tab writes that knew no session. */
  let seen = 0
  server.marked = (seq) => {
    const missing = w.stored().filter((m) => m.from !== 'customer' && m.seq <= seq && !shown.has(m.seq))
    assert.deepEqual(texts(missing), [], `${seed}: marked as read and never shown`)
  }
  server.wrote = (text, id) => {
    const of = written.get(text)
    if (of && of !== id) stolen.push(`${text} of ${of} by ${id}`)
  }
  server.begun = (id, by) => {
    began.set(by, id)
    if (named.has(by)) named.add(id)
  }
  server.loggedIn = (id) => void (named.has(id) || stolen.push(`login of ${id}`))
  const running = () => tabs.filter((t) => !t.hung)
  let n = 0
  const steps: ((t: Tab, at: number) => unknown)[] = [
    () => w.agent('agent ' + ++n),
    () => w.agent('agent ' + ++n),
    (t) => {
      const text = `visitor ${++n}${n > 1 && !chance(6) ? '!' : ''}`
      written.set(text, t.store.session().id)
      if (Date.now() <= seen) ended.set('late', written.size)
      w.in(t, () => t.chat.send(text))
    },
    () => pass(chance(3000)),
    () => pass(chance(20_000)),
    () => (server.down = !chance(3)),
    () => (server.lossy = chance(3) ? 0 : 30),
    w.cut,
    (t, at) => {
      // The token of a login that is cut off is lost, and the session with it.
      if (t === w.logging()) return
      tabs[at] = w.reload(t)
    },
    (t) => (t.hidden = !t.hidden),
    (_, at) => w.hang(tabs[at]!, !tabs[at]!.hung),
    (t) => {
      t.chat.state().messages.forEach((m: Message) => shown.add(m.seq))
      w.in(t, () => t.chat.see())
    },
    (t) => {
      if (chance(3)) return
      named.add(t).add(t.store.session().id || began.get(t))
      void w.in(t, () => t.chat.identify('x.e30.y'))
    },
    (t) => {
      if (!logouts || chance(3)) return
      ended.set(t.store.session().id, written.size)
      named.delete(t)
      seen = Date.now() + 50
      void w.in(t, () => t.chat.logout())
    },
  ]
  steps[2]!(tabs[0]!, 0) // there is a session
  await pass(1000)
  for (let i = 0; i < 40; i++) {
    const at = chance(3)
    if (tabs[at]!.hung && chance(4)) continue
    const step = steps[chance(steps.length)]!
    if (tabs[at]!.hung) {
      w.hang(tabs[at]!, false)
      if (ended.size) seen = Math.max(seen, Date.now()) // a logout that it slept through reaches it now
    }
    await step(tabs[at]!, at)
    w.beat()
  }
  server.down = false
  server.lossy = 0
  // One tab may hang to the end: those that are seen do without it.
  const hung = tabs.find((t) => t.hung && t !== w.logging())
  for (const t of tabs) {
    if (t === hung) continue
    w.hang(t, false)
    t.hidden = false
  }
  const idle = async (seconds: number) => {
    for (let s = 0; s < seconds; s += 5) {
      await pass(5000)
      w.beat()
      // What failed because others got through while it did not: the visitor tries again.
      for (const t of running())
        for (const i of t.chat.state().items)
          if (i.state === 'failed' && !i.text.includes('!')) w.in(t, () => t.chat.retry(i))
    }
  }
  await idle(100)
  const [any] = running()
  if (!any!.store.session().token) {
    w.in(any!, () => any!.chat.send('somebody else'))
    await idle(60)
  }
  w.agent('the last')
  await pass(15_000)
  for (const t of running()) {
    const state = t.chat.state()
    assert.deepEqual(texts(state.messages), texts(w.stored()), `${seed}: shown in order, once`)
    assert.deepEqual(state.items.filter((i) => i.state === 'sending').map((i) => i.text), [], `${seed}: still waiting`)
    for (const i of state.items) {
      assert.match(i.text, /!/, `${seed}: failed`)
      const of = written.get(i.text)
      if (of && of !== t.store.session().id) stolen.push(`${i.text} of ${of} is shown to ${t.store.session().id}`)
    }
  }
  const leading = running().filter((t) => t.chat.transport() === 'stream')
  assert.equal(leading.length, 1, `${seed}: one tab leads`)
  const stored: string[] = []
  for (const list of Object.values(w.conversations)) {
    const own = texts(list.filter((m) => m.from === 'customer')) as string[]
    assert.equal(new Set(own).size, own.length, `${seed}: what was written is stored once`)
    stored.push(...own)
  }
  assert.deepEqual(stolen, [], `${seed}: sent for somebody else`)
  // Who logs out takes back what is not sent; what a tab holds that hangs is on its way still.
  const taken = Math.max(0, ...ended.values())
  const lost = [...written].filter(([t, of], i) => !t.includes('!') && !stored.includes(t) && !ended.has(of) && (of || i >= taken))
  if (!hung) assert.deepEqual(lost, [], `${seed}: what was written is stored`)
  tabs.forEach(w.end)
}

const histories = Number(process.env.HISTORIES || 40)
const first = Number(process.env.FIRST || 1)
async function all(rules?: Rules, logouts?: boolean) {
  for (let seed = first; seed < first + histories; seed++) await play(seed, rules, logouts)
}

test('R8.3 whatever happens to server and tabs, what is stored is shown in order and once, and nothing is read that was not shown', () => all())

test('what waits when somebody logs out is not sent by whoever comes next', () => all({}, true))

test('reading on after the highest sequence known loses messages', async () => {
  const highest = () => {
    const r = reading()
    return { ...r, add: (list: Message[]) => r.told(list, r.cursor()) }
  }
  await assert.rejects(all({ read: highest }), /shown/)
})

test('where no tab takes the lead from one that hangs, messages are missing', () => assert.rejects(all({ takes: false }), /shown/))

test('a tab that hangs while it starts the session does not hold up the others for good', async () => {
  for (const takes of [true, false]) {
    const w = world(1, { takes })
    const [a, b] = [w.open(), w.open()]
    w.in(a, () => a.chat.send('from the first'))
    await pass(10)
    w.hang(a, true)
    w.in(b, () => b.chat.send('from the second'))
    await pass(60_000)
    assert.equal(texts(w.stored()).includes('from the second'), takes)
    // When it runs again it goes on with the session that the other one has begun.
    w.hang(a, false)
    await pass(60_000)
    assert.equal(new Set([a, b].map((t) => t.store.session().id)).size, 1)
    assert.deepEqual(texts(w.stored()).filter((t) => t!.startsWith('from')).sort(), ['from the first', 'from the second'])
    ;[a, b].forEach(w.end)
  }
})
