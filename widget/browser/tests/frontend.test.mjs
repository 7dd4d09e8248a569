// The example of a front end on the agents' API (examples/console): it lists what is open in
// every account, live, opens a ticket, and an answer is stored once, whatever fails meanwhile.
import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import {after, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
import {world} from '../lib/page.mjs'

const w = world({before, after})
const ana = {ID: 'ana', Name: 'Ana'}
const file = (name) => readFile(new URL(`../../../examples/console/${name}`, import.meta.url), 'utf8')

/** The front end in a browser of Ana's, at the host's root. */
async function front() {
  await w.server.do({do: 'login', agent: ana, role: 1})
  const context = await w.browser.newContext()
  await context.addCookies([{name: 'who', value: ana.ID, url: w.server.host}])
  const [html, js] = await Promise.all([file('front.html'), file('front.js')])
  await context.route(`${w.server.host}/front.html`, (route) => route.fulfill({contentType: 'text/html; charset=utf-8', body: html}))
  await context.route(`${w.server.host}/front.js`, (route) => route.fulfill({contentType: 'text/javascript; charset=utf-8', body: js}))
  await context.route(`${w.server.host}/login`, (route) => route.fulfill({contentType: 'text/html; charset=utf-8', body: 'Log in'}))
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(`${w.server.host}/front.html`)
  await page.getByText('Live').waitFor()
  return {page, context, errors, row: (text) => page.locator('#list button', {hasText: text}), box: page.getByLabel('Answer'), send: page.getByRole('button', {name: 'Send'})}
}

test('tickets of two accounts are listed as they come, opened, read and answered', async () => {
  const accounts = [await w.server.account(), await w.server.account()]
  const {page, context, errors, row, box, send} = await front()
  const visitors = []
  for (const [i, a] of accounts.entries()) {
    await a.online()
    const v = await w.visit(a)
    await v.enter({name: `Carla ${i}`})
    await v.say(`pregunta ${i}`)
    visitors.push(v)
    await row(`pregunta ${i}`).waitFor()
    assert.equal(await row(`pregunta ${i}`).getAttribute('class'), 'unread')
  }
  await row('pregunta 0').click()
  await page.locator('#messages').getByText('pregunta 0').waitFor()
  await until('it is read', async () => await row('pregunta 0').getAttribute('class') === '')
  assert.equal(await row('pregunta 1').getAttribute('class'), 'unread', 'the other one is not read')
  await box.fill('claro')
  await send.click()
  await visitors[0].log.getByText('claro').waitFor()
  await page.locator('#messages').getByText('Ana: claro').waitFor()
  await until('it is sent', async () => await box.inputValue() === '')
  await visitors[0].say('gracias')
  await page.locator('#messages').getByText('gracias').waitFor()

  // Its answer is lost on the way: the same text goes again with the same key.
  let lost = 0
  await context.route('**/reply', async (route) => {
    await route.fetch()
    lost++
    await route.abort()
  }, {times: 1})
  await box.fill('hasta luego')
  await send.click()
  await until('its answer is lost', () => lost === 1)
  await until('the page says so', async () => (await page.locator('#problem').textContent()) !== '')
  assert.equal(await box.inputValue(), 'hasta luego', 'what was typed stays')
  await send.click()
  await until('it is sent again', async () => await box.inputValue() === '')
  assert.equal((await accounts[0].messages()).filter((m) => m.text === 'hasta luego').length, 1)

  // What is refused says why.
  await box.fill('x'.repeat(4001))
  await send.click()
  await page.locator('#problem').getByText(/4.?000/).waitFor()

  // Ended logins lead to the login at once.
  await w.server.do({do: 'login', agent: ana})
  await page.getByText('Log in').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})
