// The widget among what ordinary pages do to everything on them.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
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

/** Shortcuts as pages and their libraries have them: each does something for "s" and "/" unless a field is typed into. */
const shortcuts = {
  'asks for the tag and whether it can be edited': `
    document.addEventListener('keydown', (e) => {
      if (/^(input|textarea|select)$/i.test(e.target.tagName) || e.target.isContentEditable) return
      steal(e)
    })`,
  'asks for nothing': `document.addEventListener('keydown', steal)`,
  'listens on window': `window.onkeydown = steal; window.addEventListener('keypress', steal)`,
  'listens first of all and asks whether the target can be edited': `
    window.addEventListener('keydown', (e) => {
      if (/^(input|textarea|select)$/i.test(e.target.tagName) || e.target.isContentEditable) return
      steal(e)
    }, true)`,
  'listens first of all and looks at the path': `
    window.addEventListener('keydown', (e) => {
      const first = e.composedPath()[0]
      if (/^(input|textarea|select)$/i.test(first.tagName) || first.isContentEditable) return
      steal(e)
    }, true)`,
  'asks which element has the focus': `
    window.addEventListener('keydown', (e) => { if (!document.activeElement.isContentEditable) steal(e) }, true)`,
}

// upstash/context7#3189, umbraco/Umbraco-CMS#13838
for (const [what, script] of Object.entries(shortcuts)) {
  test(`a shortcut of the page that ${what} takes no letter from who writes in the chat`, async () => {
    const a = await w.account({welcome: {enabled: true, delaySeconds: 0, repeatMinutes: 0, existing: true, devices: 'all', text: '¿Te ayudo?', author: 'Ana'}, notification: {reply: true, count: 1}})
    w.page('/keys', `<input id="search"><script>
      window.stolen = 0
      const steal = (e) => {
        if (e.key !== 's' && e.key !== '/') return
        window.stolen++
        e.preventDefault()
        document.getElementById('search').focus()
      }
      ${script}</script>${w.snippet(a)}`)
    const v = await w.visit('/keys')
    const answer = v.notice.getByRole('textbox')
    await answer.click()
    await v.page.keyboard.type('sí/no')
    assert.equal(await answer.inputValue(), 'sí/no')
    await v.open()
    await v.dialog.getByLabel('Nombre').click()
    await v.page.keyboard.type('Rosa s/n')
    assert.equal(await v.dialog.getByLabel('Nombre').inputValue(), 'Rosa s/n')
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    await v.box.click()
    await v.page.keyboard.type('casos y/o dudas')
    assert.equal(await v.box.inputValue(), 'casos y/o dudas')
    assert.equal(await v.page.evaluate(() => window.stolen), 0)
    // The page has its shortcuts as before.
    await v.page.keyboard.press('Escape')
    await v.dialog.waitFor({state: 'hidden'})
    await v.page.evaluate(() => document.activeElement.blur())
    await v.page.locator('body > h1').click()
    await v.page.keyboard.press('s')
    assert.ok(await v.page.evaluate(() => window.stolen) > 0)
    await v.close()
  })
}

test('what is pasted, composed and dropped in the chat, and where its focus is, stays in it', async () => {
  const a = await w.account()
  w.page('/leaks', `<p contenteditable id="field"></p><script>
    window.heard = []
    for (const type of ['keydown', 'keypress', 'keyup', 'beforeinput', 'input', 'paste', 'copy', 'cut', 'compositionstart', 'compositionupdate',
      'compositionend', 'focusin', 'focusout', 'dragenter', 'dragover', 'dragleave', 'drop'])
      document.addEventListener(type, (e) => window.heard.push(type + ' ' + e.target.tagName))
  </script>${w.snippet(a)}`)
  const v = await w.visit('/leaks')
  await v.enter()
  const fire = (where) => v.page.evaluate((where) => {
    const el = where === 'chat' ? document.querySelector('charla-chat').shadowRoot.querySelector('textarea') : document.getElementById('field')
    window.heard = []
    el.focus()
    const on = {bubbles: true, composed: true, cancelable: true}
    for (const e of [new KeyboardEvent('keydown', {...on, key: 'a'}), new InputEvent('input', {...on, data: 'a'}), new ClipboardEvent('paste', on),
      new ClipboardEvent('copy', on), new CompositionEvent('compositionstart', on), new CompositionEvent('compositionend', on)]) el.dispatchEvent(e)
    const files = new DataTransfer()
    files.items.add(new File(['a'], 'a.txt'))
    const kept = ['dragenter', 'dragover', 'drop'].map((type) => !el.dispatchEvent(new DragEvent(type, {...on, dataTransfer: files})))
    return [window.heard.length, kept[2]]
  }, where)
  assert.deepEqual(await fire('chat'), [0, true], 'nothing leaks, and a dropped file does not take the place of the page')
  assert.deepEqual(await fire('page'), [10, false])
  await v.close()
})

const names = (a) => ({
  'has a Chat of its own': [`<script>window.Chat = class Chat { static mine() { return 'mine' } }</script>${w.snippet(a)}`, 'Chat'],
  'has a Chat that is an object': [`<script>window.Chat = {q: undefined, mine: () => 'mine'}</script>${w.snippet(a)}`, 'Chat'],
  'sets its Chat later': [`${w.snippet(a)}<script>addEventListener('load', () => { window.Chat = {mine: () => 'mine'} })</script>`, 'Chat'],
  'names ours': [`<script>window.Chat = {mine: () => 'mine'}
    window.Soporte = window.Soporte || function () { (Soporte.q = Soporte.q || []).push(arguments) }
    Soporte('on', 'ready', () => { window.ready = true })</script>${w.snippet(a, ' data-charla-name="Soporte"')}`, 'Soporte'],
})

// odoo/odoo#105617
for (const what of ['has a Chat of its own', 'has a Chat that is an object', 'sets its Chat later', 'names ours']) {
  test(`a page that ${what}: both work, with the snippet twice, and a collision is said once`, async () => {
    const a = await w.account()
    const [inner, name] = names(a)[what]
    const twice = w.snippet(a, name === 'Chat' ? '' : ` data-charla-name="${name}"`)
    w.page('/names', `${inner}<script>addEventListener('load', () => setTimeout(() => {
      const again = document.createRange().createContextualFragment(${JSON.stringify(twice).replace('</', '<\\/')})
      document.body.append(again)
    }, 300))</script>`)
    const v = await w.visit('/names')
    await v.enter()
    await v.say('hola')
    assert.equal(await v.page.locator('charla-chat').count(), 1)
    assert.equal(await v.page.evaluate(() => window.Chat.mine()), 'mine')
    const warnings = v.said.filter((s) => /charla/.test(s))
    assert.equal(warnings.length, name === 'Chat' ? 1 : 0, JSON.stringify(v.said))
    if (name === 'Soporte') {
      assert.ok(await v.page.evaluate(() => window.ready))
      await v.page.evaluate(() => Soporte('close'))
      await v.dialog.waitFor({state: 'hidden'})
    }
    assert.deepEqual(v.errors, [])
    await v.close()
  })
}

test('calls before the script is there are done, whatever the page’s queue looks like', async () => {
  for (const queue of ['window.Chat = window.Chat || function () { (Chat.q = Chat.q || []).push(arguments) }', 'window.Chat = (...args) => Chat.q.push(args); Chat.q = []']) {
    for (const early of [true, false]) {
      const a = await w.account()
      w.page('/queue', `<script>${queue}; ${early ? "Chat('open')" : ''}</script>${w.snippet(a)}`)
      const v = await w.visit('/queue')
      await v.launcher.waitFor()
      if (!early) await v.page.evaluate(() => Chat('open'))
      await v.dialog.waitFor()
      assert.deepEqual(v.said.filter((s) => /charla/.test(s)), [])
      await v.close()
    }
  }
})

// umami-software/umami#430: tag managers keep a script's address and drop its data attributes.
test('a tag manager makes the script anew: with a key in its address the chat comes, without one the console says why not', async () => {
  const a = await w.account()
  for (const [query, there] of [[`?key=${a.key}`, true], [`?key=${a.key}&name=Soporte`, true], ['', false], ['?v=1', false]]) {
    w.page('/tags', `<script>
      const s = document.createElement('script'); s.async = true; s.src = ${JSON.stringify(w.loader() + query)}; document.body.append(s)
    </script>`)
    const v = await w.visit('/tags')
    if (there) {
      await v.enter()
      await v.say('hola')
    } else {
      await until('a word', () => v.said.some((s) => /charla/.test(s)))
      assert.equal(await v.launcher.count(), 0)
    }
    assert.equal(v.said.filter((s) => /charla/.test(s)).length, there ? 0 : 1, JSON.stringify(v.said))
    if (query.includes('Soporte')) assert.equal(await v.page.evaluate(() => Soporte('diagnose').key), a.key)
    await v.close()
  }
})

/** What pages and old libraries do to the language. */
const polluted = () => {
  Array.prototype.toJSON = function () { return String(this) }
  Object.prototype.extend = function () {}
  Object.prototype.message = 'mine'
  Array.prototype.each = function () {}
  Array.prototype.entries = function () { return this.slice() }
  Array.from = function (list) { return [].slice.call(list) }
  Function.prototype.delay = function () {}
  String.prototype.strip = function () { return 'mine' }
}

// mrdoob/jschannel#17, Prototype.js
test('on a page that extends every prototype one chats, and what waits is kept', async () => {
  const a = await w.account({headerMessage: 'Mira https://tienda.cl/x'})
  w.page('/prototypes', w.snippet(a))
  const v = await w.visit('/prototypes', polluted)
  await v.enter()
  await v.say('hola')
  await a.reply('buenas')
  await v.log.getByText('buenas').waitFor()
  await v.context.setOffline(true)
  await v.box.fill('sin red')
  await v.box.press('Enter')
  await v.log.getByText('sin red').waitFor()
  assert.equal(await v.page.evaluate(() => Object.keys(localStorage).some((k) => k.includes(':out:') && localStorage.getItem(k).includes('sin red'))), true)
  await v.context.setOffline(false)
  await v.page.reload()
  await v.dialog.locator('.msg.own', {hasText: 'sin red'}).locator('.state', {hasText: /Enviado|Leído/}).waitFor()
  assert.deepEqual(v.errors, [])
  await v.close()
})

const stored = ['null', '5', 'true', '"text"', '[]', '{', '[null,5]', '{"key":1,"text":"x"}', '{"text":"x","at":1e300}',
  '{"token":5}', '{"token":"a\\nb","id":"x"}', '{"token":"ñandú 😀"}', '{"token":"ct_nobody.abc","draft":{}}', '{"draft":7,"form":null}', '{"form":[1],"form.name":{}}', '{"form":{"name":{"a":1}}}',
  '{"muted":"yes","name":[],"email":{}}', '{"__proto__":{"token":"x"},"constructor":1}']

test('whatever is in the storage under our name, one chats', async () => {
  const a = await w.account()
  w.page('/storage', w.snippet(a))
  w.page('/empty', '')
  for (const text of stored) {
    const v = await w.visit('/empty')
    await v.page.evaluate(([key, text]) => { for (const part of ['', ':draft', ':muted', ':form', ':out:k', ':welcome']) for (const at of [localStorage, sessionStorage]) at.setItem('charla:' + key + part, text) }, [a.key, text])
    await v.page.goto(w.url('/storage'))
    if (!(await v.dialog.isVisible())) await v.launcher.click()
    await v.dialog.getByLabel('Nombre').fill('Carla')
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    await v.box.waitFor()
    await v.say('hola')
    assert.deepEqual(v.errors, [], text)
    await v.close()
  }
})

// seb-oss/green#1682: Safari below 16.4 cannot construct style sheets.
const old = () => {
  delete Document.prototype.adoptedStyleSheets
  delete ShadowRoot.prototype.adoptedStyleSheets
  window.CSSStyleSheet = function () { throw new TypeError('Illegal constructor') }
  delete HTMLElement.prototype.showPopover
}

for (const policy of [undefined, true]) {
  test(`a browser without constructable style sheets shows the chat${policy ? ' under a policy of nonces' : ''}`, async () => {
    const a = await w.account()
    const origin = new URL(w.server.chat).origin
    const headers = policy && {'Content-Security-Policy': `default-src 'none'; script-src 'nonce-abc' ${origin}; style-src 'nonce-abc'; connect-src ${origin}; img-src ${origin}`}
    w.page('/old', w.snippet(a, ' nonce="abc"'), headers)
    const v = await w.visit('/old', old)
    await v.launcher.waitFor()
    assert.deepEqual(await v.launcher.evaluate((el) => [getComputedStyle(el).position, getComputedStyle(el.getRootNode().host).position]), ['fixed', 'fixed'])
    await v.enter()
    await v.say('hola')
    assert.deepEqual(v.errors, [])
    await v.close()
  })
}

test('a pinned page runs what it knows, and nothing that took its place', async () => {
  const a = await w.account()
  w.page('/pinned', await w.server.do({do: 'pinned', text: a.key}))
  for (const changed of [undefined, 'app-', 'chunk-', 'loader-']) {
    const v = await w.visit()
    let ran = 0
    await v.page.exposeFunction('ran', () => void ran++)
    if (changed)
      await v.page.route((url) => url.pathname.includes('/' + changed), async (route) => {
        const res = await route.fetch()
        await route.fulfill({response: res, body: 'ran();' + (await res.text())})
      })
    await v.page.goto(w.url('/pinned'))
    if (changed === 'loader-') {
      await until('the refusal', () => v.said.some((line) => line.includes('integrity')))
    } else if (changed) {
      await v.launcher.click()
      await until('the refusal', () => v.said.some((line) => line.includes('integrity')))
    } else {
      await v.enter()
      await v.say('hola')
    }
    assert.equal(ran, 0, changed)
    await v.close()
  }
  // The control: without pins what took its place runs.
  w.page('/unpinned', w.snippet(a))
  const v = await w.visit()
  let ran = 0
  await v.page.exposeFunction('ran', () => void ran++)
  await v.page.route((url) => url.pathname.includes('/app-'), async (route) => {
    const res = await route.fetch()
    await route.fulfill({response: res, body: 'ran();' + (await res.text())})
  })
  await v.page.goto(w.url('/unpinned'))
  await v.launcher.click()
  await until('what took its place', () => ran > 0)
  await v.close()
})
