import assert from 'node:assert/strict'
import { test } from 'node:test'
import en from '../src/locale/en'
import es from '../src/locale/es'
import more from '../src/locale/es-extras'
import pt from '../src/locale/pt'

const spanish: Record<string, string> = { ...es, ...more }

test('R6.9 every language says everything, and nothing else', () => {
  for (const language of [en, pt] as Record<string, string>[]) {
    assert.deepEqual(Object.keys(language), Object.keys(spanish), 'in one order: the build has places for names')
    for (const [key, text] of Object.entries(language)) {
      assert.ok(text.trim(), key)
      assert.doesNotMatch(text, /[|"\\]/, key)
      assert.equal(text.endsWith('…'), spanish[key]!.endsWith('…'), key)
      assert.equal(text.endsWith('.'), spanish[key]!.endsWith('.'), key)
    }
  }
})
