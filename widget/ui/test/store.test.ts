import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, store } from '../src/app/store'

const kept = new Map<string, string>()
Object.defineProperty(globalThis, 'localStorage', {
  value: { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) },
})

test('of what is kept only what has its shape is taken', () => {
  const empty = { form: {}, outbox: [] }
  const item = { key: 'k', text: 'hola', at: 1 }
  for (const [text, want] of [
    ['null', empty],
    ['5', empty],
    ['"text"', empty],
    ['[]', empty],
    ['{"outbox":{}}', empty],
    ['{"outbox":"[]"}', empty],
    ['{"outbox":[null,5,{"key":1},{"key":"k","text":"x"},{"key":"k","text":"x","at":1e300}]}', empty],
    ['{"token":5,"draft":{},"muted":"yes","name":[],"form":null}', empty],
    ['{"token":"a\\nb"}', empty],
    ['{"token":"ñandú"}', empty],
    ['{"form":{"name":{"a":1},"email":"e"}}', { ...empty, form: { name: '[object Object]', email: 'e' } }],
    ['{"token":"a-1.b_2","id":"i","muted":true,"draft":"d"}', { ...empty, token: 'a-1.b_2', id: 'i', muted: true, draft: 'd' }],
    [JSON.stringify({ outbox: [item] }), { ...empty, outbox: [item] }],
  ] as [string, object][]) {
    kept.set('charla:k', text)
    assert.deepEqual(store('charla:k').get(), want, text)
  }
  kept.set('charla:k', '{')
  assert.deepEqual(store('charla:k').get(), {})
})

test('JSON is the same on pages that give all arrays and objects a toJSON', () => {
  const value = { a: [1, 'b"', null, true, { c: [] }], u: undefined, s: 'ñ\n', toString: 'own' }
  const want = JSON.stringify(value)
  const spoil = (of: object) => Object.defineProperty(of, 'toJSON', { value: () => 'spoilt', configurable: true })
  spoil(Array.prototype)
  spoil(Object.prototype)
  try {
    assert.equal(json(value), want)
    assert.notEqual(JSON.stringify(value), want)
  } finally {
    delete (Array.prototype as { toJSON?: unknown }).toJSON
    delete (Object.prototype as { toJSON?: unknown }).toJSON
  }
})

test('R6.5 the welcome message is not repeated before its minutes, whatever the clock did', () => {
  const s = store('charla:w')
  assert.equal(s.greeted(0), false)
  assert.equal(kept.has('charla:w:welcome'), false, 'nothing is kept for a message that is always shown')
  assert.equal(s.greeted(60), false)
  assert.equal(s.greeted(60), true)
  for (const at of [Date.now() - 61 * 60_000, Date.now() + 61 * 60_000, NaN, 'x']) {
    kept.set('charla:w:welcome', String(at))
    assert.equal(s.greeted(60), false, String(at))
  }
  assert.equal(kept.has('charla:w'), false)
})
