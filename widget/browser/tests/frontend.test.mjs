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

test('what is on the page is what is answered: a ticket that does not load, words typed meanwhile, a list slower than the stream', async () => {
  let last
  const accounts = [await w.server.account(), await w.server.account()]
  const {page, context, errors, row, box, send} = await front()
  for (const [i, a] of accounts.entries()) {
    await a.online()
    const v = await w.visit(a)
    await v.enter({name: `Dora ${i}`})
    await v.say(`duda ${i}`)
    last = v
    await row(`duda ${i}`).waitFor()
  }
  await row('duda 0').click()
  await page.locator('#messages').getByText('duda 0').waitFor()
  await context.route((url) => url.pathname.includes(accounts[1].id) && url.pathname.endsWith('/messages'), (route) => route.abort(), {times: 1})
  await row('duda 1').click()
  await until('the page says so', async () => (await page.locator('#problem').textContent()) !== '')
  await page.getByRole('heading', {name: 'Dora 0'}).waitFor()

  // While the answer is on its way another one is begun.
  let go
  const held = new Promise((resolve) => { go = resolve })
  await context.route('**/reply', async (route) => { await held; await route.continue() }, {times: 1})
  await box.fill('para Dora 0')
  const request = page.waitForRequest('**/reply')
  const response = page.waitForResponse('**/reply')
  await send.click()
  await request
  await box.fill('y otra cosa')
  go()
  await (await response).finished()
  await page.locator('#messages').getByText('para Dora 0').waitFor()
  assert.equal(await box.inputValue(), 'y otra cosa')
  await send.click()
  await until('it is sent', async () => await box.inputValue() === '')
  assert.deepEqual((await accounts[0].messages()).map((m) => m.text).filter((t) => /para|otra/.test(t)), ['para Dora 0', 'y otra cosa'])
  assert.equal((await accounts[1].messages()).some((m) => /para|otra/.test(m.text)), false)
  await row('duda 1').click()
  await page.getByRole('heading', {name: 'Dora 1'}).waitFor()

  // The list is read, and comes after what has changed since.
  let late
  const lists = new Promise((resolve) => { late = resolve })
  let read = false
  await context.route('**/tickets?*', async (route) => {
    const answer = await route.fetch()
    if ((await answer.text()).includes('duda 1')) read = true
    await lists
    await route.fulfill({response: answer})
  })
  await page.reload()
  await until('the list is read', () => read)
  await last.say('duda nueva')
  await row('duda nueva').waitFor()
  late()
  await page.getByText('Live').waitFor()
  await row('para Dora 0').or(row('y otra cosa')).waitFor()
  assert.equal(await row('duda nueva').count(), 1)
  assert.equal(await row('duda 1').count(), 0)
  assert.deepEqual(errors, [])
  await context.close()
})
