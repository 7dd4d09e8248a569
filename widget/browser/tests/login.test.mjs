// Logging in while the chat is open: the session goes on by another token, in every tab.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
import {visitor, world} from '../lib/page.mjs'

const w = world({before, after})

/** A visitor who has written, the account, and what logs them in on a page. */
async function written() {
  const account = await w.server.account()
  await account.online()
  const v = await w.visit(account)
  await v.enter()
  await v.say('antes de entrar')
  const identity = await account.do('identity', {secret: account.secret, proof: {Subject: 'u-7', Name: 'Lucía Pérez'}})
  const login = (page) => page.evaluate((token) => window.Chat('identify', token), identity)
  return {account, v, login}
}

const kept = (page) => page.evaluate(() => {
  const name = Object.keys(localStorage).find((k) => /^charla:[^:]+$/.test(k))
  return JSON.parse(localStorage[name])
})
const loggedIn = (page) => until('the login is kept', async () => (await kept(page)).level === 'verified')
const customers = async (account) => (await account.tickets()).map((t) => t.customer.level).sort()

test('a login changes the token; the old one is worth nothing', async () => {
  const {account, v, login} = await written()
  const {token: old, id} = await kept(v.page)
  await login(v.page)
  await loggedIn(v.page)
  const now = await kept(v.page)
  assert.equal(now.id, id)
  assert.notEqual(now.token, old)
  const ask = (token) => v.page.evaluate(async ([url, token]) =>
    (await fetch(url, {headers: {Authorization: 'Bearer ' + token}})).status, [`${w.server.chat}v1/${account.key}/messages`, token])
  assert.equal(await ask(old), 401)
  assert.equal(await ask(now.token), 200)
  await v.say('después de entrar')
  assert.equal(await v.log.getByText('antes de entrar').count(), 0, 'the verified conversation is another')
  assert.deepEqual(await customers(account), ['claimed', 'verified'])
  assert.deepEqual(v.errors, [])
  await v.close()
})

test('the other tabs follow to the new token', async () => {
  const {account, v, login} = await written()
  const other = visitor(await v.context.newPage(), v.context)
  await other.page.goto(account.page())
  await other.open()
  await other.log.getByText('antes de entrar').waitFor()
  await other.box.fill('a medias')
  await login(v.page)
  await loggedIn(v.page)
  await v.say('desde la primera')
  await other.log.getByText('desde la primera').waitFor()
  assert.equal(await other.box.inputValue(), 'a medias')
  await other.say('desde la segunda')
  await v.log.getByText('desde la segunda').waitFor()
  await account.do('reply', {text: 'respuesta'}) // to the latest ticket
  await Promise.all([v, other].map((one) => one.log.getByText('respuesta').waitFor()))
  await v.close()
})

test('what is being sent while a login is under way arrives, once', async () => {
  const {account, v, login} = await written()
  const other = visitor(await v.context.newPage(), v.context)
  await other.page.goto(account.page())
  await other.open()
  let release
  const held = new Promise((resolve) => (release = resolve))
  let answered
  const done = new Promise((resolve) => (answered = resolve))
  await v.page.route('**/session/login', async (route) => {
    const response = await route.fetch()
    answered() // the server has changed the token, and no tab knows yet
    await held
    await route.fulfill({response})
  })
  await login(v.page)
  await done
  for (const [tab, text] of [[v, 'en vuelo aquí'], [other, 'en vuelo allá']]) {
    await tab.box.fill(text)
    const refused = tab.page.waitForResponse((r) => r.url().endsWith('/messages') && r.status() === 401)
    await tab.box.press('Enter')
    await refused
  }
  release()
  await Promise.all([v, other].flatMap((tab) => ['en vuelo aquí', 'en vuelo allá'].map((text) => tab.log.getByText(text).waitFor())))
  assert.deepEqual(await customers(account), ['claimed', 'verified'], 'it is one customer’s')
  assert.equal(await v.dialog.getByText('Tu sesión terminó.').count(), 0)
  assert.equal(await v.log.getByText('en vuelo aquí').count(), 1)
  await v.close()
})

test('a tab that sees the new token late goes on with it', async () => {
  const {account, v, login} = await written()
  const other = visitor(await v.context.newPage(), v.context)
  await other.page.goto(account.page())
  await other.open()
  await other.log.getByText('antes de entrar').waitFor()
  // What browsers do now and then: another tab's write is seen after the lock is.
  await other.page.evaluate(() => {
    const real = Storage.prototype.getItem
    const before = {...localStorage}
    let late = true
    Storage.prototype.getItem = function (name) {
      return late && name in before ? before[name] : real.call(this, name)
    }
    const ask = window.fetch
    window.fetch = async (...what) => {
      const response = await ask(...what)
      if (response.status === 401 && /session[?]/.test(what[0])) {
        window.refusals = (window.refusals || 0) + 1
        setTimeout(() => (late = false), 100)
      }
      return response
    }
  })
  await login(v.page)
  await loggedIn(v.page)
  await v.say('desde la primera')
  await other.log.getByText('desde la primera').waitFor()
  await other.say('desde la segunda')
  await v.log.getByText('desde la segunda').waitFor()
  assert.ok(await other.page.evaluate(() => window.refusals) > 0, 'the control: it saw the old one')
  assert.equal(await other.dialog.getByText('Tu sesión terminó.').count(), 0)
  await v.close()
})

test('a tab that keeps what was written, and still sees the old token, leaves the new one alone', async () => {
  const {v, login} = await written()
  const other = visitor(await v.context.newPage(), v.context)
  await other.page.goto(v.page.url())
  await other.open()
  await other.log.getByText('antes de entrar').waitFor()
  const old = (await kept(v.page)).token
  await other.page.evaluate(() => {
    const real = Storage.prototype.getItem
    const before = {...localStorage}
    window.late = true
    Storage.prototype.getItem = function (name) {
      return window.late && name in before ? before[name] : real.call(this, name)
    }
    // Nor does it hear of the new one.
    window.addEventListener('storage', (e) => window.late && e.stopImmediatePropagation(), true)
  })
  await other.context.setOffline(true)
  await other.box.fill('mientras tanto')
  await other.box.press('Enter')
  await other.log.getByText('mientras tanto').waitFor()
  await other.context.setOffline(false)
  await login(v.page)
  await loggedIn(v.page)
  await other.box.fill('otra vez')
  const seen = await other.page.evaluate(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find((k) => /^charla:[^:]+$/.test(k)))).token)
  assert.equal(seen, old, 'the control: it saw the old one')
  assert.notEqual((await kept(v.page)).token, old)
  await other.page.evaluate(() => (window.late = false))
  await v.say('después de entrar')
  await other.log.getByText('después de entrar').waitFor()
  await v.close()
})

test('a login whose answer is lost is made again', async () => {
  const {account, v, login} = await written()
  let lost = 0
  await v.page.route('**/session/login', async (route) => {
    const response = await route.fetch()
    if (lost++) return route.fulfill({response})
    await route.abort()
  })
  await login(v.page)
  await loggedIn(v.page)
  await v.say('después de entrar')
  assert.equal(lost, 2)
  assert.deepEqual(await customers(account), ['claimed', 'verified'])
  await v.close()
})
