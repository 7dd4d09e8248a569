import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '../src/app/api'
import { follow } from '../src/app/stream'

Object.assign(globalThis, { window: globalThis })

/** A stream of one session, whose events come when the test says so. */
function source() {
  const text = new TextEncoder()
  let give = (_: { done: boolean; value: Uint8Array }) => {}
  const reader = { read: () => new Promise((done) => (give = done)) }
  const res = { headers: { get: () => 'text/event-stream' }, body: { getReader: () => reader } }
  const raw = (_: string, __: string, ___: unknown, ____: unknown, take: (r: unknown) => Promise<unknown>) => take(res)
  return { api: { raw } as unknown as Client, send: (s: string) => give({ done: false, value: text.encode(s) }) }
}
const message = (seq: number) => `event: message\ndata: {"seq":${seq}}\n\n`

test('what was on its way when a stream was stopped is told to nobody: another conversation may have begun', async () => {
  for (const stops of [false, true]) {
    const heard: unknown[] = []
    const s = source()
    const stream = follow(s.api, (() => {}) as never, () => 0, () => ({ agent: 0, customer: 0, typing: false }), (event, data) => {
      heard.push(event === 'message' ? (data as { seq: number }).seq : event)
    })
    await null
    s.send(message(1))
    await new Promise(setImmediate)
    s.send(message(2) + message(3))
    if (stops) stream.stop()
    await new Promise(setImmediate)
    assert.deepEqual(heard, stops ? [1] : [1, 2, 3])
    stream.stop()
  }
})
