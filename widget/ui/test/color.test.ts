import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accent } from '../src/accent'
import * as color from '../src/color'

const { contrast, parse, readable } = color
const random = (() => {
  let s = 20260302
  return () => (s = (s * 1664525 + 1013904223) >>> 0) / 2 ** 32
})()
const any = () => '#' + [0, 0, 0].map(() => Math.floor(random() * 256).toString(16).padStart(2, '0')).join('')

test('R6.6 contrast as WCAG counts it', () => {
  assert.equal(contrast(parse('#000'), parse('#fff')), 21)
  assert.equal(contrast(parse('#777'), parse('#777777')), 1)
  assert.equal(contrast(parse('#777777'), parse('#FFF')).toFixed(2), '4.48')
})

test('R6.6 a pair with contrast stays as it is configured', () => {
  assert.equal(readable('#FFFFFF', '#0055AA'), '#FFFFFF')
  assert.equal(readable('#123', '#FC0'), '#123')
})

test('R6.6 a pair without contrast is corrected', () => {
  assert.equal(readable('#FFFFFF', '#FFCC00'), '#000')
  assert.equal(readable('#333', '#222'), '#fff')
  for (let i = 0; i < 3000; i++) {
    const [text, background] = [any(), any()]
    const got = readable(text, background)
    assert.ok(contrast(parse(got), parse(background)) >= 4.5, `${text} on ${background}: ${got}`)
  }
})

test('R6.6 the accent can be read on both themes', () => {
  for (const surface of ['#ffffff', '#1a1d23'])
    for (const ratio of [3, 4.5])
      for (let i = 0; i < 1000; i++) {
        const c = any()
        const got = accent(color, c, surface, ratio)
        assert.ok(contrast(parse(got), parse(surface)) >= ratio, `${c} on ${surface}: ${got}`)
      }
  assert.equal(accent(color, '#0055aa', '#ffffff'), '#0055aa')
})
