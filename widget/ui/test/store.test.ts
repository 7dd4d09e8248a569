import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, store } from '../src/app/store'
import type { Session } from '../src/types'
import { storage } from './storage'

const tab = {}
const disk = storage(() => tab, (_, f) => f(), () => {})
const { kept } = disk
Object.assign(globalThis, { window: globalThis, localStorage: disk.face })

test('of what is kept only what has its shape is taken', () => {
  for (const [text, want] of [
    ['null', {}],
    ['5', {}],
    ['"text"', {}],
    ['[]', {}],
    ['{', {}],
    ['{"token":5,"name":[]}', {}],
    ['{"token":"a\\nb"}', {}],
    ['{"token":"ñandú","id":"i"}', {}],
    ['{"token":"a-1.b_2","id":"i","email":5}', { token: 'a-1.b_2', id: 'i' }],
  ] as [string, object][]) {
    disk.face.setItem('charla:k', text)
    assert.deepEqual(store('charla:k').session(), want, text)
  }
  for (const [part, text, want] of [
    ['draft', '"d"', { draft: 'd' }],
    ['draft', '{}', {}],
    ['draft', '{', {}],
    ['muted', 'true', { muted: true }],
    ['muted', '"yes"', {}],
    ['form', 'null', {}],
    ['form', '"text"', {}],
    ['form', '{"name":{"a":1},"email":"e"}', { form: { email: 'e' } }],
  ] as [string, string, object][]) {
    disk.face.setItem('charla:k:' + part, text)
    assert.deepEqual(store('charla:k').get(), { muted: false, form: {}, ...want }, part + text)
    disk.face.removeItem('charla:k:' + part)
  }
  for (const [key, text] of [
    ['a', 'null'],
    ['b', '5'],
    ['c', '{"text":1,"at":1}'],
    ['d', '{"text":"x"}'],
    ['e', '{"text":"x","at":1e300}'],
    ['f', '{"text":"of another","at":1,"of":"j"}'],
    ['g', '{"text":"later","at":2,"of":"i"}'],
    ['h', '{"text":"sooner","at":1,"key":"g"}'],
  ])
    disk.face.setItem('charla:k:out:' + key, text!)
  assert.deepEqual(store('charla:k').waiting(), [
    { text: 'sooner', at: 1, key: 'h' },
    { text: 'later', at: 2, of: 'i', key: 'g' },
  ])
  store('charla:k').clear()
  assert.deepEqual([...kept], [['charla:k', '{}']], 'whatever was there is gone')
})

test('a page that slept while another one began a session does not write over it', () => {
  const [asleep, awake] = [store('charla:s'), store('charla:s')]
  awake.act()
  awake.enter({ token: 't', session: { id: 'i', level: 'claimed' } as Session }, {})
  asleep.act()
  asleep.set({ draft: 'd' })
  assert.deepEqual(store('charla:s').session(), { id: 'i', level: 'claimed', token: 't' })
  asleep.clear()
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
    disk.face.setItem('charla:w:welcome', String(at))
    assert.equal(s.greeted(60), false, String(at))
  }
  assert.equal(kept.has('charla:w'), false)
})
