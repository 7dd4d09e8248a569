// The path from visitor to answer in the other engines.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {engines} from '../lib/engines.mjs'
import {startServer, until} from '../lib/harness.mjs'
import {hosted} from '../lib/host.mjs'
import {startProxy} from '../lib/proxy.mjs'

const w = hosted({before, after}, async () => {})
const proxy = await startProxy()
let server
before(async () => { server = await startServer({proxy}) })
after(() => Promise.all([server?.stop(), proxy.stop()]))

/** Runs in the page: does one thing within the widget, waiting for it to be there. */
async function act(what, selector, text) {
  const end = Date.now() + 50_000
  for (;;) {
    const root = document.querySelector('charla-chat')?.shadowRoot
    const found = root && [...root.querySelectorAll(selector)].find((el) => what !== 'see' || el.textContent.includes(text))
    if (found) {
      if (what === 'click') found.click()
      if (what === 'type') {
        found.focus()
        found.value = text
        found.dispatchEvent(new Event('input', {bubbles: true}))
      }
      return found.textContent
    }
    if (Date.now() > end) throw new Error(`no ${selector} ${text ?? ''}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

/** Runs in the page: chooses a file of 2 MB. */
async function attach() {
  const chosen = new DataTransfer()
  chosen.items.add(new File(['a'.repeat(2 << 20)], 'grande.txt', {type: 'text/plain'}))
  const picker = document.querySelector('charla-chat').shadowRoot.querySelector('input[type=file]')
  picker.files = chosen.files
  picker.dispatchEvent(new Event('change'))
}

for (const engine of engines) {
  test(`${engine.name}: visitor, ticket, answer, restart, outage, refused file`, async () => {
    const account = await server.account({chat: {headerMessage: 'De 9 a 18.'}})
    await account.online()
    const b = await engine.start()
    try {
      await b.goto(account.page({csp: '1'}))
      await b.run(act, 'click', 'button.launcher')
      await b.run(act, 'type', 'input[name=name]', 'Carla')
      await b.run(act, 'click', 'form button[type=submit]')
      await b.run(act, 'see', '.log', 'De 9 a 18.')
      await b.run(act, 'type', '.composer textarea', 'hola desde ' + engine.name)
      await b.run(act, 'click', '.composer button[type=submit]')
      await until('the ticket', async () => (await account.tickets()).length === 1)
      await account.reply('bienvenida')
      await b.run(act, 'see', '.log', 'bienvenida')
      await server.kill()
      await b.run(act, 'type', '.composer textarea', 'otra')
      await b.run(act, 'click', '.composer button[type=submit]')
      await server.start()
      await until('the message', async () => (await account.messages()).some((m) => m.text === 'otra'), 40_000)
      await account.reply('vista')
      await b.run(act, 'see', '.log', 'vista')
      assert.deepEqual((await account.messages()).map((m) => m.text), ['hola desde ' + engine.name, 'bienvenida', 'otra', 'vista'])

      // Both sides write in an outage, and the visitor's text is stored first that is told.
      proxy.refuse = () => 'cut'
      proxy.cut()
      await b.run(act, 'type', '.composer textarea', '¿siguen ahí?')
      await b.run(act, 'click', '.composer button[type=submit]')
      await account.reply('aquí seguimos')
      proxy.refuse = (req) => req.method === 'GET' && /stream|messages/.test(req.url) && 'cut'
      await until('the text', async () => (await account.messages()).some((m) => m.text === '¿siguen ahí?'), 40_000)
      proxy.refuse = () => undefined
      await b.run(act, 'see', '.log', 'aquí seguimos')

      // A proxy takes no large file and says so in a page that scripts cannot read.
      proxy.refuse = (_, body) => body.length > 1 << 20 && 413
      await b.run(attach)
      await b.run(act, 'see', '.msg.own .problem', 'El archivo no se envió.')
      await b.run(act, 'type', '.composer textarea', 'sin archivo')
      await b.run(act, 'click', '.composer button[type=submit]')
      await until('the next text', async () => (await account.messages()).some((m) => m.text === 'sin archivo'), 40_000)
    } finally {
      await b.stop()
    }
  })
}

/** A page that does to its surroundings what pages do; old: as a browser without constructable style sheets. */
const hard = (a, old) => `<input id="search"><script>
  Array.prototype.toJSON = function () { return String(this) }
  window.Chat = class Chat {}
  window.stolen = 0
  window.addEventListener('keydown', (e) => {
    if (/^(input|textarea|select)$/i.test(e.target.tagName) || e.target.isContentEditable) return
    window.stolen++
  }, true)
  document.addEventListener('keydown', () => window.stolen++)
  const plain = window.fetch
  window.fetch = (url, o = {}) => {
    const headers = new Headers(o.headers)
    headers.set('traceparent', '00-${'1'.repeat(32)}-${'2'.repeat(16)}-01')
    return plain(url, {...o, headers})
  }
  if (${old}) {
    delete Document.prototype.adoptedStyleSheets
    delete ShadowRoot.prototype.adoptedStyleSheets
    window.CSSStyleSheet = function () { throw new TypeError('Illegal constructor') }
  }
  const s = document.createElement('script')
  s.async = true
  s.src = ${JSON.stringify(w.loader() + '?key=' + a.key)}
  document.body.append(s)
</script>`

/** Runs in the page: presses keys in the chat's field, then on the page; returns how often the page took each. */
async function press() {
  const field = document.querySelector('charla-chat').shadowRoot.querySelector('.composer textarea')
  const keys = (el) => {
    window.stolen = 0
    for (const key of ['s', '/']) el.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true}))
    return window.stolen
  }
  field.focus()
  return `${keys(field)} and ${keys(document.body)}`
}

for (const engine of engines) {
  for (const old of [false, true]) {
    test(`${engine.name}${old ? ' without constructable style sheets' : ''}: a page with shortcuts, tracing, a Chat of its own, an extended prototype and a tag manager`, async () => {
      const a = await w.account()
      w.page('/hard', hard(a, old))
      const b = await engine.start()
      try {
        await b.goto(w.url('/hard'))
        await b.run(act, 'click', 'button.launcher')
        await b.run(act, 'type', 'input[name=name]', 'Carla')
        await b.run(act, 'click', 'form button[type=submit]')
        await b.run(act, 'type', '.composer textarea', 'hola')
        assert.equal(await b.run(press), '0 and 4')
        await b.run(act, 'click', '.composer button[type=submit]')
        await until('the message', async () => (await a.messages()).some((m) => m.text === 'hola'), 40_000)
        await a.reply('buenas')
        await b.run(act, 'see', '.log', 'buenas')
      } finally {
        await b.stop()
      }
    })
  }
}
