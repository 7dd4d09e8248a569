import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reading } from '../src/app/reading'
import type { Message } from '../src/types'

/** Random numbers below n, the same for the same seed. */
function random(seed: number) {
  return (n: number) => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

const texts = (list: Message[]) => list.map((m) => `${m.seq} ${m.from}`)

/**
 * Plays a random history: three tabs of one session, of which one has the stream
 * and tells the others, before a server whose stream, answers and broadcasts fail.
 */
function play(seed: number, open: typeof reading) {
  const chance = random(seed)
  const stored: Message[] = []
  const shown = new Set<number>()
  const tabs = [0, 1, 2].map(() => ({ read: open(), asleep: false, answers: [] as Message[][] }))
  let leader = tabs[0]!
  let streams = true
  let seq = 0
  let mark = 0

  const look = () => tabs.forEach((t) => t.read.messages().forEach((m) => shown.add(m.seq)))
  const store = (from: Message['from']) => {
    seq += 1 + (chance(4) ? 0 : 1 + chance(3)) // what is of another session leaves a gap (R7.2)
    const m: Message = { seq, at: '', from }
    stored.push(m)
    return m
  }
  const catchUp = (t: (typeof tabs)[0]) => {
    for (let more = true; more; ) {
      const after = t.read.cursor()
      const page = stored.filter((m) => m.seq > after)
      t.read.told(page.slice(0, 3), after)
      more = page.length > 3
    }
  }
  const stream = (most: number) => {
    for (const m of stored.filter((m) => m.seq > leader.read.cursor()).slice(0, most)) {
      const after = leader.read.cursor()
      leader.read.told([m], after)
      for (const t of tabs) {
        if (t === leader || t.asleep) continue
        const gap = after > t.read.cursor()
        t.read.told([m], after)
        if (gap && streams) catchUp(t)
      }
    }
  }
  const answer = (t: (typeof tabs)[0]) => {
    for (const list of t.answers.splice(0)) for (const o of tabs) if (o === t || !o.asleep) o.read.add(list)
  }
  const steps = [
    () => store('agent'),
    () => streams && stream(1 + chance(3)),
    (t: (typeof tabs)[0]) => {
      const list = [store('customer')]
      if (!chance(3)) list.push(store('rule'))
      t.answers.push(list)
      if (chance(3)) answer(t)
    },
    answer,
    () => (streams = !chance(3)),
    () => (leader = tabs[chance(3)]!),
    (t: (typeof tabs)[0]) => {
      t.asleep = !t.asleep
      if (!t.asleep && streams && t !== leader) catchUp(t)
    },
    (t: (typeof tabs)[0]) => {
      if (!streams) return
      t.read = open() // a new page
      t.answers = []
      t.read.mark({ agent: 0, customer: mark })
      t.read.told(stored.slice(-50), 0)
    },
    (t: (typeof tabs)[0]) => {
      look()
      const seen = t.read.see()
      if (!seen) return
      mark = Math.max(mark, seen)
      const missing = stored.filter((m) => m.from !== 'customer' && m.seq <= mark && !shown.has(m.seq))
      assert.deepEqual(texts(missing), [], 'marked as read and never shown')
      tabs.forEach((o) => o.asleep || o.read.saw(seen))
    },
  ]
  for (let n = 0; n < 40; n++) steps[chance(steps.length)]!(tabs[chance(3)]!)

  streams = true
  tabs.forEach(answer)
  stream(stored.length)
  for (const t of tabs) {
    if (t !== leader) catchUp(t)
    assert.deepEqual(texts(t.read.messages()), texts(stored), 'shown in order, once')
    t.read.mark({ agent: 0, customer: mark })
    const unread = stored.filter((m) => m.from !== 'customer' && m.seq > mark)
    assert.deepEqual(texts(t.read.unread()), texts(unread), 'unread')
  }
}

const histories = Number(process.env.HISTORIES || 4000)
const all = (open: typeof reading) => {
  for (let seed = 1; seed <= histories; seed++) play(seed, open)
}

test('R8.3 whatever happens, every message is shown in order and once, and none is read that was not shown', () => all(reading))

test('reading on after the highest sequence known loses messages', () => {
  const highest = () => {
    const r = reading()
    return { ...r, add: (list: Message[]) => r.told(list, r.cursor()) }
  }
  assert.throws(() => all(highest), /shown/)
})

test('moving the cursor over what another tab was told loses messages', () => {
  const trusting = () => {
    const r = reading()
    return { ...r, told: (list: Message[]) => r.told(list, 0) }
  }
  assert.throws(() => all(trusting), /shown/)
})
