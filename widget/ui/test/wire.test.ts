import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoff } from '../src/app/backoff'
import { newKey } from '../src/app/store'
import { parser } from '../src/app/stream'

test('waits grow, are jittered, bounded, and never below what the server asked', () => {
  assert.equal(backoff(0, 0), 500)
  assert.equal(backoff(0, 1), 1000)
  for (let tries = 0; tries < 60; tries++)
    for (const chance of [0, 0.3, 1]) {
      const ms = backoff(tries, chance)
      assert.ok(ms >= 500 && ms <= 30_000, `${tries}: ${ms}`)
      assert.ok(backoff(tries, chance, 45) >= 45_000)
    }
  assert.equal(backoff(60, 1), 30_000)
})

test('events come whole, however the stream is cut', () => {
  const text =
    ': hello\n\nid: 3\nevent: message\ndata: {"seq":3}\n\nevent: typing\r\ndata: {"agent":true}\r\n\r\ndata: a\ndata:b\n\nevent: nothing\n\nevent: cut\ndata: 1'
  const want = [
    ['message', '{"seq":3}'],
    ['typing', '{"agent":true}'],
    ['message', 'a\nb'],
  ]
  for (let size = 1; size <= text.length; size++) {
    const got: string[][] = []
    const feed = parser((name, data) => got.push([name, data]))
    for (let i = 0; i < text.length; i += size) feed(text.slice(i, i + size))
    assert.deepEqual(got, want, `in pieces of ${size}`)
  }
})

test('keys are random', () => {
  const made = new Set(Array.from({ length: 500 }, newKey))
  assert.equal(made.size, 500)
  for (const key of made) assert.match(key, /^\d+-\d+-\d+-\d+$/)
})
