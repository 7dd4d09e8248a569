import assert from 'node:assert/strict'
import { test } from 'node:test'
import cases from '../../../chatcfg/testdata/identifiers.json'
import { parseRUT } from '../src/chunks/rut'
import { clean } from '../src/clean'

// The server's tests read the same file.
test('R6.4 what is pasted is read as what it shows', () => {
  for (const [s, want] of Object.entries(cases.clean)) assert.equal(clean(s), want, JSON.stringify(s))
  for (const [s, want] of Object.entries(cases.rut)) assert.equal(parseRUT(s) || '', want, JSON.stringify(s))
  assert.ok(Object.keys(cases.rut).length > 30)
})
