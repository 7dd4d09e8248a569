import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Refused } from '../src/app/api'
import { backoff } from '../src/app/backoff'
import type { Item } from '../src/app/outbox'
import { outbox } from '../src/app/outbox'
import type { Store, Waiting } from '../src/app/store'

mock.timers.enable({ apis: ['setTimeout'] })

/** A store that keeps what waits, as its caller gave it. */
function shelf(...list: Waiting[]) {
  const kept = new Map(list.map((w) => [w.key, w]))
  const store = { waiting: () => [...kept.values()], wait: (w: Waiting) => kept.set(w.key, w), drop: (key: string) => kept.delete(key) }
  return { kept, store: store as unknown as Store }
}

/** Sends texts and files (in capitals) by a way that fails as refuse says; returns what was tried and how it ended. */
async function send(list: string[], refuse: (text: string, n: number) => Refused | undefined, reached = true) {
  const tried: string[] = []
  const taken: string[] = []
  const end = new AbortController()
  const box = outbox(shelf().store, end.signal, {
    admit: async () => true,
    async post({ text }) {
      tried.push(text)
      const e = refuse(text, tried.length)
      if (e) throw e
      taken.push(text)
      return 1
    },
    reached: async () => reached,
    refused: () => true,
    changed() {},
  })
  for (const text of list) {
    const item: Item = { key: text, text, at: 0, state: 'sending' }
    if (text < 'a') item.file = new File([], text)
    box.add(item)
  }
  for (let n = 0; n < 100; n++) {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    mock.timers.tick(60_000)
  }
  end.abort()
  box.wake()
  return { tried, taken, failed: box.items().filter((i) => i.state === 'failed').map((i) => i.text) }
}

const lost = new Refused(0, 'network')

test('a file that fails while others get through fails for good, behind the texts', async () => {
  const { tried, taken, failed } = await send(['FILE', 'a', 'b'], (text) => (text === 'FILE' ? lost : undefined))
  assert.deepEqual(tried, ['FILE', 'a', 'b', 'FILE', 'FILE', 'FILE'])
  assert.deepEqual([taken, failed], [['a', 'b'], ['FILE']])
})

test('a text that fails while others get through fails for good, and the next ones follow in order', async () => {
  const { tried, taken, failed } = await send(['a', 'b', 'c'], (text) => (text === 'a' ? lost : undefined))
  assert.deepEqual([taken, failed], [['b', 'c'], ['a']])
  assert.equal(tried.filter((t) => t === 'a').length, 4)
})

test('in an outage nothing fails, and the order stays', async () => {
  const { taken, failed } = await send(['a', 'FILE', 'b'], (_, n) => (n < 30 ? lost : undefined), false)
  assert.deepEqual([taken, failed], [['a', 'FILE', 'b'], []])
})

test('a text that the server asks to send later waits as long as that takes', async () => {
  for (const busy of [new Refused(503, 'busy', 'later', 1), new Refused(429, 'rate', 'later', 1)]) {
    const { taken, failed } = await send(['a', 'b'], (_, n) => (n < 30 ? busy : undefined))
    assert.deepEqual([taken, failed], [['a', 'b'], []])
  }
})

test('a refusal by the server is not tried again', async () => {
  for (const no of [new Refused(422, 'invalid', 'no'), new Refused(413, 'too_large', 'no'), new Refused(413, 'network')]) {
    const { tried, failed } = await send(['a'], () => no)
    assert.deepEqual([tried, failed], [['a'], ['a']])
  }
})

test('what was refused stays so when the page is loaded again, where it was written, until it is sent again', async () => {
  const { store, kept } = shelf({ key: 'a', text: 'a', at: 1, after: 3, state: 'failed' }, { key: 'b', text: 'b', at: 2 })
  const tried: string[] = []
  const box = outbox(store, new AbortController().signal, {
    admit: async () => true,
    post: async ({ key, text }) => {
      tried.push(key === text ? text : `${text} anew`)
      return 10
    },
    reached: async () => true,
    refused: () => true,
    changed() {},
  })
  await box.flush()
  assert.deepEqual(tried, ['b'])
  assert.deepEqual(box.items().map((i) => [i.text, i.state, i.after]), [['a', 'failed', 3]])
  box.retry(box.items()[0]!, 'c')
  for (let turn = 0; turn < 20; turn++) await null
  assert.deepEqual(tried, ['b', 'c anew'])
  assert.deepEqual([box.items(), [...kept]], [[], []])
})

test('a text that arrived too slowly is sent again', () => assert.ok(new Refused(408, 'timeout').later))

test('no proxy makes the widget wait for longer than five minutes, or not at all', () => {
  for (const asked of [86_400, 1e10, Infinity]) {
    const ms = backoff(0, 0.5, asked)
    assert.ok(ms >= 300_000 && ms <= 330_000, `${asked}: ${ms}`)
  }
})
