// The path from visitor to answer in the other engines.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {engines} from '../lib/engines.mjs'
import {startServer, until} from '../lib/harness.mjs'

let server
before(async () => { server = await startServer() })
after(() => server?.stop())

/** Runs in the page: does one thing within the widget, waiting for it to be there. */
async function act(what, selector, text) {
  const end = Date.now() + 20_000
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

for (const engine of engines) {
  test(`${engine.name}: visitor, ticket, answer, restart`, async () => {
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
    } finally {
      await b.stop()
    }
  })
}
