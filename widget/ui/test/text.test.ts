import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onlyEmoji, parts } from '../src/chunks/text'

const links = (s: string) => parts(s).flatMap((p) => (p.href ? [p.href] : []))

test('links are found where a reader would end them', () => {
  const cases: Record<string, string[]> = {
    'mira https://tienda.cl/a?b=1#c.': ['https://tienda.cl/a?b=1#c'],
    '(https://es.wikipedia.org/wiki/Sal_(mineral))': ['https://es.wikipedia.org/wiki/Sal_(mineral)'],
    'www.tienda.cl, o http://otra.cl!': ['https://www.tienda.cl/', 'http://otra.cl/'],
    'HTTPS://TIENDA.CL': ['https://tienda.cl/'],
    'sin enlace: tienda.cl, a@tienda.cl, xhttps://tienda.cl': [],
    'https://': [],
    'http://localhost': [],
  }
  for (const [text, want] of Object.entries(cases)) assert.deepEqual(links(text), want, text)
})

test('only http and https, and no host that hides behind a name', () => {
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'https://banco.cl@malo.example/',
    'http://a:b@c.example',
    'vbscript:x ftp://tienda.cl file:///etc/passwd',
  ])
    assert.deepEqual(links(text), [], text)
  for (const text of ['https://a.cl/"onmouseover="x', 'https://a.cl/<img src=x onerror=alert(1)>'])
    assert.deepEqual(links(text), ['https://a.cl/'], text)
})

test('no part of the text is lost', () => {
  for (const text of ['', 'hola', 'https://a.cl https://b.cl', 'a\nb www.c.cl)', 'x'.repeat(1000) + ' http://z.cl'])
    assert.equal(
      parts(text)
        .map((p) => p.text)
        .join(''),
      text,
    )
})

test('long texts made to be slow', () => {
  const big = 1 << 18
  assert.deepEqual(links('https://'.repeat(big)), [])
  assert.deepEqual(links('http://a.cl/' + '.'.repeat(big)), ['http://a.cl/'])
  assert.deepEqual(links('http://a.cl/' + ')'.repeat(big)), ['http://a.cl/'])
  assert.equal(links('http://a.cl/' + '('.repeat(big)).length, 1)
  assert.equal(links('http://a.cl '.repeat(1 << 12)).length, 1 << 12)
})

test('emoji alone', () => {
  for (const s of ['🎉', '👍🏽 👨‍👩‍👧', '❤️', '🇨🇱']) assert.ok(onlyEmoji(s), s)
  for (const s of ['', ' ', '1', 'a🎉', '🎉!', '🎉'.repeat(20)]) assert.ok(!onlyEmoji(s), s)
})
