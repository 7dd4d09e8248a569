// Pages that make it hard: policies, styles, tabs, networks, frames.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
import {style, visitor, world} from '../lib/page.mjs'

const w = world({before, after})
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function account(chat = {}, rest = {}) {
  const a = await w.server.account({chat, ...rest})
  await a.online()
  return a
}

test('a strict policy with Trusted Types and no allowance for styles', async () => {
  const a = await account({notification: {reply: true, count: 2}, sound: true})
  const v = await w.visit(a, {page: {csp: '1'}, init: () => {
    window.violations = []
    document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
  }})
  await v.enter()
  await v.say('hola')
  await a.reply('mira https://example.com/x <b>no</b>')
  await v.log.getByRole('link').waitFor()
  await a.do('attach', {text: 'nota.txt', image: Buffer.from('hola').toString('base64')})
  await v.log.getByText('nota.txt').waitFor()
  await v.shut()
  await a.reply('otra')
  await v.notice.getByText('otra').waitFor()
  assert.deepEqual(await v.page.evaluate(() => window.violations), [])
  assert.deepEqual(v.errors, [])
  assert.notEqual(await style(v.launcher, 'border-radius'), '0px', 'it has its style')
  await v.close()
})

test('a page whose styles hit everything', async () => {
  const a = await account()
  const plain = await w.visit(a)
  const v = await w.visit(a, {page: {hostile: '1'}})
  await v.enter()
  await v.say('hola')
  await plain.enter()
  await plain.say('hola')
  for (const part of [(x) => x.launcher, (x) => x.dialog, (x) => x.box, (x) => x.log.locator('.bubble').first()]) {
    const [mine, theirs] = [await part(v).boundingBox(), await part(plain).boundingBox()]
    for (const side of ['width', 'height', 'x']) assert.ok(Math.abs(mine[side] - theirs[side]) < 3, `${side}: ${mine[side]} and ${theirs[side]}`)
    for (const property of ['color', 'font-family', 'visibility', 'opacity', 'font-size']) {
      assert.equal(await style(part(v), property), await style(part(plain), property), property)
    }
  }
  // And nothing of ours reaches the page.
  const bare = await w.browser.newPage()
  await bare.goto(w.server.host + '/empty')
  const before = await bare.evaluate(() => getComputedStyle(document.body).cssText + document.documentElement.className)
  assert.equal(await bare.evaluate(() => getComputedStyle(document.body).cssText + document.documentElement.className), before)
  const sheets = await plain.page.evaluate(() => [document.styleSheets.length, document.adoptedStyleSheets.length, document.querySelectorAll('style, link').length])
  assert.deepEqual(sheets, [0, 0, 0])
  await Promise.all([v.close(), plain.close(), bare.close()])
})

test('a host of http without a secure context', async () => {
  const port = new URL(w.server.host).port
  const a = await w.server.account({}, {domain: `tienda.test:${port}`})
  await a.online()
  const v = await w.visit(a, {goto: false})
  await v.page.goto(a.page().replace(/\/\/[^/]+/, `//tienda.test:${port}`))
  assert.equal(await v.page.evaluate(() => isSecureContext), false)
  await v.enter()
  await v.say('hola')
  await a.reply('dime')
  await v.log.getByText('dime').waitFor()
  assert.deepEqual(v.errors, [])
  await v.close()
})

test('destroy leaves nothing behind', async () => {
  const a = await account({welcome: {enabled: true, delaySeconds: 60, repeatMinutes: 0, existing: true, devices: 'all', text: 'hola', author: ''}})
  const v = await w.visit(a, {init: () => {
    window.alive = new Map()
    const count = (target, name) => {
      const add = target.addEventListener, remove = target.removeEventListener
      target.addEventListener = function (type, f, ...rest) {
        window.alive.set(f, `${name} ${type}`)
        rest[0]?.signal?.addEventListener('abort', () => window.alive.delete(f)) // it ends the listener
        return add.call(this, type, f, ...rest)
      }
      target.removeEventListener = function (type, f, ...rest) {
        window.alive.delete(f)
        return remove.call(this, type, f, ...rest)
      }
    }
    count(document, 'document')
    count(window, 'window')
    window.timers = new Set()
    const [set, clear, every, stop] = [window.setTimeout, window.clearTimeout, window.setInterval, window.clearInterval]
    window.setTimeout = (f, ...rest) => {
      const id = set(() => { window.timers.delete(id); f() }, ...rest)
      window.timers.add(id)
      return id
    }
    window.clearTimeout = (id) => { window.timers.delete(id); clear(id) }
    window.setInterval = (...args) => { const id = every(...args); window.timers.add(id); return id }
    window.clearInterval = (id) => { window.timers.delete(id); stop(id) }
    const Channel = window.BroadcastChannel
    window.channels = new Set()
    window.BroadcastChannel = class extends Channel {
      constructor(name) { super(name); window.channels.add(this) }
      close() { window.channels.delete(this); super.close() }
    }
  }})
  const globals = () => v.page.evaluate(() => Object.keys(window).filter((k) => k !== 'Chat').sort())
  const before = await globals()
  await v.enter()
  await v.say('hola')
  await v.page.evaluate(() => window.Chat('destroy'))
  await pause(300)
  assert.equal(await v.page.locator('charla-chat').count(), 0)
  assert.deepEqual(await globals(), before)
  assert.deepEqual(await v.page.evaluate(() => [...window.alive.values()]), [])
  assert.equal(await v.page.evaluate(() => window.channels.size), 0)
  await until('no timer is left', async () => (await v.page.evaluate(() => window.timers.size)) === 0, 12_000)
  const requests = []
  v.page.on('request', (r) => requests.push(r.url()))
  await a.reply('¿sigues?')
  await pause(1500)
  assert.deepEqual(requests, [])
  await v.close()
})

test('after destroy calls wait for the script, which begins anew', async () => {
  const a = await account()
  const v = await w.visit(a)
  const warnings = []
  v.page.on('console', (m) => m.type() === 'warning' && warnings.push(m.text()))
  await v.launcher.waitFor()
  await v.page.evaluate(() => {
    window.Chat('destroy')
    window.Chat('on', 'ready', () => (window.again = true))
    const before = document.querySelector('script[data-charla]')
    const script = document.createElement('script')
    script.src = before.src
    script.dataset.charla = before.dataset.charla
    before.replaceWith(script)
  })
  await v.launcher.waitFor()
  await until('the page hears of it', () => v.page.evaluate(() => window.again))
  await v.open()
  assert.equal(await v.page.evaluate(() => window.Chat('diagnose').open), true)
  assert.deepEqual(warnings, [])
  await v.close()
})

test('nothing is stored before the visitor acts', async () => {
  const a = await account({welcome: {enabled: true, delaySeconds: 0, repeatMinutes: 0, existing: true, devices: 'all', text: 'hola', author: ''}})
  const v = await w.visit(a)
  await v.notice.waitFor()
  await pause(500)
  const stored = await v.page.evaluate(async () => [
    localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length, (await caches.keys()).length,
  ])
  assert.deepEqual(stored, [0, 0, '', 0, 0])
  await v.close()
})

test('ten tabs hold one stream, sound once, and all show the same', async () => {
  const a = await account({sound: true})
  const context = await w.browser.newContext({locale: 'es-CL'})
  const streams = new Set()
  const open = () => [...streams].filter((r) => !r.frame().page().isClosed()).length
  context.on('request', (r) => r.url().includes('/stream') && streams.add(r))
  for (const event of ['requestfinished', 'requestfailed']) context.on(event, (r) => streams.delete(r))
  const tabs = []
  for (let i = 0; i < 10; i++) {
    const page = await context.newPage()
    await page.addInitScript(() => {
      window.sounds = 0
      const start = OscillatorNode.prototype.start
      OscillatorNode.prototype.start = function (...args) { window.sounds++; return start.apply(this, args) }
    })
    await page.goto(a.page())
    const v = visitor(page, context)
    if (i === 0) {
      await v.enter()
      await v.say('hola')
    } else {
      await v.launcher.waitFor()
      if (!(await v.dialog.isVisible())) await v.open()
      await v.log.getByText('hola').waitFor()
      await v.box.click()
    }
    tabs.push(v)
  }
  await until('one stream', () => open() === 1)
  await a.reply('a todas')
  for (const v of tabs) await v.log.getByText('a todas').waitFor()
  assert.equal(open(), 1)
  await pause(500)
  const sounds = await Promise.all(tabs.map((v) => v.page.evaluate(() => window.sounds)))
  const once = Math.max(...sounds)
  assert.ok(once > 0, 'it sounds')
  assert.equal(sounds.filter((n) => n > 0).length, 1, `in one tab: ${sounds}`)
  // The tab that holds the stream goes: another one takes over, nothing is lost.
  const holder = [...streams][0].frame().page()
  const rest = tabs.filter((v) => v.page !== holder)
  await holder.close()
  await a.reply('sin ella')
  for (const v of rest) await v.log.getByText('sin ella').waitFor()
  await until('one stream again', () => open() === 1)
  for (const v of rest) assert.equal(await v.log.getByText('a todas').count(), 1)
  await context.close()
})

test('the server dies in the middle of it: nothing lost, nothing twice', async () => {
  const a = await account()
  const v = await w.visit(a)
  await v.enter()
  await v.say('uno')
  for (const round of ['dos', 'tres']) {
    const dying = w.server.kill()
    await v.box.fill(round)
    await v.box.press('Enter')
    await dying
    await w.server.start()
    await until(round, async () => (await a.messages()).some((m) => m.text === round), 40_000)
    await a.reply('sí, ' + round)
    await v.log.getByText('sí, ' + round).waitFor({timeout: 40_000})
  }
  const texts = (await a.messages()).map((m) => m.text)
  assert.deepEqual(texts, ['uno', 'dos', 'sí, dos', 'tres', 'sí, tres'])
  assert.deepEqual((await v.log.locator('.bubble').allInnerTexts()).map((t) => t.trim()), texts)
  await v.close()
})

test('offline: what is written goes out when the network is back; drafts stay', async () => {
  const a = await account()
  const v = await w.visit(a)
  await v.enter()
  await v.say('uno')
  await v.context.setOffline(true)
  await v.box.fill('dos')
  await v.box.press('Enter')
  await v.dialog.getByText('Sin conexión.').waitFor()
  await v.box.fill('a medias')
  await v.context.setOffline(false)
  await until('the message', async () => (await a.messages()).some((m) => m.text === 'dos'), 40_000)
  await v.page.reload()
  await v.log.getByText('dos').waitFor()
  assert.equal(await v.box.inputValue(), 'a medias')
  assert.deepEqual((await a.messages()).map((m) => m.text), ['uno', 'dos'])
  await v.close()
})

test('where streams do not get through, messages still come', async () => {
  const a = await account()
  const v = await w.visit(a, {goto: false})
  await v.page.route('**/stream?*', (route) => route.abort())
  await v.page.goto(a.page())
  await v.enter()
  await v.say('hola')
  await a.reply('por sondeo')
  await v.log.getByText('por sondeo').waitFor({timeout: 40_000})
  await v.close()
})

test('a session that ends says so and keeps the draft', async () => {
  const a = await account()
  const v = await w.visit(a)
  await v.enter()
  await v.say('hola')
  await v.box.fill('a medias')
  await v.page.evaluate(() => {
    const name = Object.keys(localStorage).find((k) => /^charla:[^:]+$/.test(k))
    const kept = JSON.parse(localStorage[name])
    localStorage[name] = JSON.stringify({...kept, token: kept.token.slice(0, -6) + 'AAAAAA'})
  })
  await v.page.reload()
  await v.dialog.getByText('Tu sesión terminó.').waitFor()
  await v.dialog.getByLabel('Nombre').fill('Carla')
  await v.dialog.getByLabel('Correo').fill('carla@example.com')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.box.waitFor()
  assert.equal(await v.box.inputValue(), 'a medias')
  assert.equal(await v.log.getByText('hola').count(), 0, 'another session’s words are not shown (R7.2)')
  await v.close()
})

test('typing and read marks', async () => {
  const a = await account()
  const v = await w.visit(a)
  await v.enter()
  await v.say('hola')
  await a.do('replying')
  await v.dialog.getByText('está escribiendo…').first().waitFor()
  await a.reply('dime')
  await v.dialog.getByText('está escribiendo…').first().waitFor({state: 'hidden'})
  await until('the customer’s mark', async () => (await a.do('marks')).customer === 2)
  await a.do('read', {seq: 1})
  await v.log.locator('.msg.own').getByText('Leído').waitFor()
  await v.close()
})

test('attachments: sent, received and downloaded', async () => {
  const a = await account()
  const v = await w.visit(a)
  await v.enter()
  await v.say('hola')
  const [chooser] = await Promise.all([v.page.waitForEvent('filechooser'), v.dialog.getByRole('button', {name: 'Adjuntar un archivo'}).click()])
  await chooser.setFiles({name: 'boleta.txt', mimeType: 'text/plain', buffer: Buffer.from('total: $100')})
  await until('the file', async () => (await a.messages()).some((m) => m.file?.name === 'boleta.txt'))
  await a.do('attach', {text: 'guía.pdf', image: Buffer.from('%PDF-1.7 hola').toString('base64')})
  const card = v.log.getByRole('button', {name: 'Descargar: guía.pdf'})
  const [download] = await Promise.all([v.page.waitForEvent('download'), card.click()])
  assert.equal(download.suggestedFilename(), 'guía.pdf')
  await v.close()
})

test('the page alone: in a frame of an allowed page, and in no other', async () => {
  const a = await account({anonymous: true})
  const context = await w.browser.newContext({locale: 'es-CL'})
  const page = await context.newPage()
  await page.goto(`${w.server.host}/frame?key=${a.key}`)
  const frame = page.frameLocator('iframe')
  const box = frame.getByRole('textbox', {name: 'Mensaje'})
  await box.fill('desde el marco')
  await box.press('Enter')
  await until('the message', async () => (await a.messages()).some((m) => m.text === 'desde el marco'))
  const b = await w.server.account({}, {domain: 'otra.example'})
  await page.goto(`${w.server.host}/frame?key=${b.key}`)
  await pause(500)
  assert.equal(await frame.getByRole('dialog').count(), 0)
  await context.close()
})

test('a single-page application that swaps its body, and the snippet twice', async () => {
  const a = await account()
  const v = await w.visit(a)
  await v.enter()
  await v.say('hola')
  await v.page.evaluate(() => {
    const snippet = document.querySelector('script[data-charla]')
    const body = document.createElement('body')
    const main = document.createElement('main')
    main.textContent = 'otra'
    const again = document.createElement('script')
    again.src = snippet.src
    again.dataset.charla = snippet.dataset.charla
    body.append(main, again)
    document.body.replaceWith(body)
  })
  await pause(500)
  assert.equal(await v.page.locator('charla-chat').count(), 1)
  await a.reply('sigo aquí')
  await v.log.getByText('sigo aquí').waitFor()
  await v.close()
})

test('the commands and events of Chat', async () => {
  const a = await account()
  const v = await w.visit(a, {init: () => {
    window.Chat = function () { (window.Chat.q = window.Chat.q || []).push(arguments) }
    window.heard = []
    for (const event of ['ready', 'open', 'close', 'message', 'unread', 'error']) window.Chat('on', event, () => window.heard.push(event))
    window.Chat('open')
  }})
  await v.dialog.waitFor()
  await v.page.evaluate(() => window.Chat('close'))
  await v.dialog.waitFor({state: 'hidden'})
  await v.page.evaluate(() => window.Chat('toggle'))
  await v.dialog.waitFor()
  await v.page.evaluate(() => window.Chat('hide'))
  assert.equal(await v.launcher.count(), 0)
  await v.page.evaluate(() => window.Chat('show'))
  await v.launcher.waitFor()
  await v.page.evaluate(() => window.Chat('locale', 'pt'))
  await v.page.evaluate(() => window.Chat('theme', 'dark'))
  await v.page.evaluate(() => window.Chat('nonsense'))
  await v.page.evaluate(() => window.Chat('close'))
  await v.enter()
  await v.say('hola')
  await a.reply('dime')
  await v.log.getByText('dime').waitFor()
  const diagnosis = await v.page.evaluate(() => window.Chat('diagnose'))
  assert.equal(diagnosis.open, true)
  assert.ok(!JSON.stringify(diagnosis).includes('token'), 'no secret in it')
  await v.page.evaluate(() => window.Chat('logout'))
  await v.dialog.getByLabel('Nombre').waitFor()
  await until('the events', async () => {
    const heard = new Set(await v.page.evaluate(() => window.heard))
    return ['ready', 'open', 'close', 'message', 'error'].every((e) => heard.has(e)) || [...heard].join()
  })
  await v.close()
})

test('hostile texts are text', async () => {
  const bad = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>"\'{{7*7}}${7*7}javascript:alert(1)'
  const name = '<svg onload=window.pwned=1>'
  const a = await account(
    {headerMessage: bad, identificationMessage: bad, longButton: {enabled: true, text: '<b onmouseover=window.pwned=1>'},
      welcome: {enabled: true, delaySeconds: 0, repeatMinutes: 0, existing: true, devices: 'all', text: bad, author: name}, notification: {reply: true, count: 3}},
    {automation: {newCustomer: {enabled: true, messages: ['hola {customer}']}}})
  await a.config({chat: {name: '<u>Tienda</u>'}})
  const v = await w.visit(a)
  await v.notice.getByText(bad).waitFor()
  await v.enter({name})
  await v.say(bad)
  await a.do('reply', {agent: {ID: 'x', Name: name}, text: bad})
  await until('both', async () => (await v.log.getByText(bad).count()) >= 3)
  await a.do('attach', {agent: {ID: 'x', Name: name}, text: '<img src=x onerror=window.pwned=1>.txt', image: Buffer.from('hola').toString('base64')})
  await v.log.getByText('onerror=window.pwned=1>.txt').waitFor()
  await v.log.getByText('hola ' + name).waitFor()
  await v.shut()
  await a.do('reply', {agent: {ID: 'x', Name: name}, text: bad})
  await v.notice.getByText(bad).waitFor()
  assert.equal(await v.page.evaluate(() => window.pwned), undefined)
  assert.equal(await v.page.locator('charla-chat b, charla-chat u, charla-chat script, charla-chat img[src="x"]').count(), 0)
  await v.close()
})
