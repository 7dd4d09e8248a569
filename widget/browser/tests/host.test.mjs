// The widget among what ordinary pages do to everything on them.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {hosted} from '../lib/host.mjs'

const w = hosted({before, after})

// getsentry/sentry-javascript#6077, PostHog/posthog#9639
for (const headers of [{traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`}, {baggage: 'a=b', 'sentry-trace': '1-2', 'x-posthog-session': '3'}]) {
  test(`monitoring that adds ${Object.keys(headers)} to every fetch of the page does not shut the chat out`, async () => {
    const a = await w.account()
    w.page('/tracing', `<script>
      const plain = window.fetch
      window.fetch = (url, o = {}) => {
        const headers = new Headers(o.headers)
        for (const [name, value] of Object.entries(${JSON.stringify(headers)})) headers.set(name, value)
        return plain(url, {...o, headers})
      }</script>${w.snippet(a)}`)
    const v = await w.visit('/tracing')
    await v.enter()
    await v.say('hola')
    await a.reply('buenas')
    await v.log.getByText('buenas').waitFor()
    assert.deepEqual(v.errors, [])
    await v.close()
  })
}

/** A service worker that answers every GET from what it has kept. */
const cacheFirst = `
  self.addEventListener('install', () => self.skipWaiting())
  self.addEventListener('activate', (e) => e.waitUntil(clients.claim()))
  self.addEventListener('fetch', (e) => {
    if (e.request.method !== 'GET') return
    e.respondWith(caches.match(e.request).then((hit) => hit || fetch(e.request).then((res) => {
      const copy = res.clone()
      caches.open('all').then((c) => c.put(e.request, copy)).catch(() => {})
      return res
    })))
  })`

// glzr-io/zebar#286, home-assistant/frontend#392
test('behind a worker that answers from its cache the next visitor of a browser chats, and everybody sees what is new', async () => {
  const a = await w.account()
  w.script('/sw.js', cacheFirst)
  w.page('/worker', `<script>navigator.serviceWorker.register('/sw.js')</script>${w.snippet(a)}`)
  const v = await w.visit('/worker')
  await v.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))
  await v.page.reload()
  await v.enter({name: 'Ana', email: 'ana@example.com'})
  await v.say('soy Ana')
  await v.page.reload()
  await v.log.getByText('soy Ana').waitFor()
  await v.page.evaluate(() => Chat('logout'))
  await v.dialog.getByLabel('Nombre').waitFor()
  await v.page.reload()
  await v.dialog.getByLabel('Nombre').fill('Beto')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.box.waitFor()
  await v.say('soy Beto')
  await v.page.reload()
  await v.log.getByText('soy Beto').waitFor()
  assert.equal(await v.log.getByText('soy Ana').count(), 0)
  await v.say('y algo más')
  for (let i = 0; i < 3; i++) await v.page.reload()
  await v.log.getByText('y algo más').waitFor()
  await v.close()
})
