import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digit, formatRUT, parseRUT } from '../src/chunks/rut'

// R6.4: the check digit, in any usual spelling, kept canonical.
test('R6.4 any usual spelling of a RUT', () => {
  for (const s of ['12.345.678-5', '12345678-5', '123456785', ' 12 345 678 – 5 ', '012.345.678-5', '12.345.678‑5'])
    assert.equal(parseRUT(s), '12345678-5', s)
  for (const s of ['10.000.013-K', '10000013-k', '10000013k']) assert.equal(parseRUT(s), '10000013-K', s)
})

test('R6.4 what is not a RUT', () => {
  for (const s of ['', '-', '5', '0-0', '12.345.678-4', '12.345.678-K', '123.456.789-2', 'K2345678-5', '12a345678-5', '1234567851234'])
    assert.equal(parseRUT(s), undefined, s)
})

test('R6.4 each digit is tied to its number', () => {
  for (let n = 1; n < 20_000; n += 7) {
    const body = String(n * 937)
    const good = [...'0123456789K'].filter((d) => parseRUT(body + d))
    assert.deepEqual(good, [digit(body)], body)
  }
})

test('R6.4 dots and dash come as one types', () => {
  let shown = ''
  const seen = [...'12345678k'].map((c) => (shown = formatRUT(shown + c)))
  assert.deepEqual(seen, ['1', '1-2', '12-3', '123-4', '1.234-5', '12.345-6', '123.456-7', '1.234.567-8', '12.345.678-K'])
  assert.equal(formatRUT('12.345.678-5'), '12.345.678-5')
  assert.equal(formatRUT('1-'), '1')
  for (const s of ['', 'x', '0', '007', '1k2', '99.999.999-99', 'RUT']) assert.equal(formatRUT(formatRUT(s)), formatRUT(s), s)
})

test('R6.4 what is pasted becomes that RUT, or stays as it is: no other', () => {
  for (const [s, want] of [
    ['RUT: 12.000.006-3', '12.000.006-3'],
    ['RUN 12 . 000 . 006 - 3', '12.000.006-3'],
    ['\u202a12000006\u20143\u202c', '12.000.006-3'],
    ['１２０００００６－３', '12.000.006-3'],
  ] as const)
    assert.equal(formatRUT(s), want)
  for (const s of ['112.000.006-3', '12.000.006-33', '12.000.006-3 / 6-K', 'K12', '12K3', 'pasaporte 12345', 'RUT: 12.000.006-3 (Ana)']) {
    assert.equal(formatRUT(s), s)
    assert.equal(parseRUT(s), undefined, s)
  }
})
