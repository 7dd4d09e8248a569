// The agents' console: what is typed survives refusals, colleagues, restarts and ended logins.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {engines} from '../lib/engines.mjs'
import {until} from '../lib/harness.mjs'
import {png, world} from '../lib/page.mjs'

const w = world({before, after})
const ana = {ID: 'ana', Name: 'Ana'}
const login = (agent = ana, role = 1) => w.server.do({do: 'login', agent, role})
const logout = (agent = ana) => w.server.do({do: 'login', agent})

/** An agent with the page of a customer's conversation. */
async function working(agent = ana, options) {
  await login(agent)
  const a = await w.server.account()
  await a.online()
  const v = await w.visit(a)
  await v.enter()
  await v.say('hola')
  const context = await w.browser.newContext({locale: 'es-CL', ...options})
  await context.addCookies([{name: 'who', value: agent.ID, url: w.server.host}])
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(`${w.server.host}/desk/a/${a.id}/inbox`)
  await page.locator('.row').click()
  await page.locator('#messages').getByText('hola').waitFor()
  return {
    a, v, page, context, errors,
    box: page.getByLabel('Tu respuesta'), send: page.getByRole('button', {name: 'Enviar'}), toast: page.locator('.toast.bad'),
    out: page.locator('#out'), down: page.locator('#down'),
    said: async (text) => assert.equal((await a.messages()).filter((m) => m.text === text).length, 1, text),
  }
}

test('a refused answer keeps its text and its file, says why, and goes once it is mended', async () => {
  const {page, box, send, toast, said, errors, context} = await working()
  await box.evaluate((b) => b.removeAttribute('maxlength'))
  const long = 'muy largo '.repeat(500)
  await box.fill(long)
  await page.locator('[data-file]').setInputFiles({name: 'nota.txt', mimeType: 'text/plain', buffer: Buffer.from('hola')})
  await send.click()
  await toast.waitFor()
  assert.match(await toast.textContent(), /4\.?000/)
  assert.equal(await box.inputValue(), long)
  assert.equal(await page.locator('[data-chosen]').textContent(), 'nota.txt')
  await box.fill('corto')
  await send.click()
  await page.locator('#messages').getByText('corto').waitFor()
  await page.locator('#messages').getByText('nota.txt').waitFor()
  assert.equal(await box.inputValue(), '')
  await said('corto')
  await page.reload()
  assert.equal(await box.inputValue(), '', 'what was sent is no draft any more')
  assert.deepEqual(errors, [])
  await context.close()
})

test('what is typed and chosen while a note is on its way stays, and the note goes out of the composer with its file', async () => {
  const {v, page, box, send, errors, context} = await working()
  const chosen = page.locator('[data-chosen]'), files = page.locator('[data-file]')
  const file = (name) => ({name, mimeType: 'text/plain', buffer: Buffer.from('hola')})
  for (const [name, next] of [['reservado.txt', ''], ['reservado2.txt', 'publico.txt']]) {
    let go
    const held = new Promise((resolve) => { go = resolve })
    await page.route('**/reply', async (route) => { await held; await route.continue() }, {times: 1})
    await page.getByText('Nota', {exact: true}).click()
    await box.fill('para el equipo')
    await files.setInputFiles(file(name))
    const request = page.waitForRequest('**/reply')
    await box.press('Enter')
    await request
    await page.getByText('Respuesta', {exact: true}).click()
    await box.fill('para el cliente')
    if (next) await files.setInputFiles(file(next))
    go()
    await page.locator('.msg.note').getByText(name).waitFor()
    await until('it is sent', () => page.locator('[data-sending]').count().then((n) => n === 0))
    assert.equal(await box.inputValue(), 'para el cliente')
    assert.equal(await files.evaluate((input) => input.files[0]?.name ?? ''), next, 'the file of the note is sent once')
    assert.equal(await chosen.textContent(), next, 'the page says which file goes next')
  }
  await send.click()
  await page.locator('.msg.agent').getByText('publico.txt').waitFor()
  await v.log.getByText('publico.txt').waitFor()
  assert.equal(await v.log.getByText('reservado').count(), 0)
  assert.deepEqual(errors, [])
  await context.close()
})

test('an answer whose answer is lost is stored once: sent again after a reload, or as another one once that was said', async () => {
  const {page, box, send, toast, down, said, errors, context} = await working()
  const lose = async (text) => {
    await page.route('**/reply', async (route) => { await route.fetch({maxRedirects: 0}); await route.abort() }, {times: 1})
    await box.fill(text)
    const failed = page.waitForEvent('requestfailed', (r) => r.url().endsWith('/reply'))
    await send.click()
    await failed
    await until('the page knows', async () => await page.locator('[data-sending]').count() === 0)
    await said(text)
    assert.equal(await box.inputValue(), text, 'nobody knows yet that it was stored')
  }
  await lose('Abrimos a las nueve.')
  await page.reload()
  assert.equal(await box.inputValue(), 'Abrimos a las nueve.')
  await send.click()
  await until('it is sent', async () => await box.inputValue() === '')
  await said('Abrimos a las nueve.')

  await lose('Cerramos a las seis.')
  await box.fill('Cerramos a las siete.')
  await send.click()
  await toast.filter({hasText: 'ya se envió con otro contenido'}).waitFor()
  await down.waitFor({state: 'hidden'})
  assert.equal(await box.inputValue(), 'Cerramos a las siete.')
  await page.reload() // the draft has the key that is good for it
  await send.click()
  await until('it is sent', async () => await box.inputValue() === '')
  for (const text of ['Abrimos a las nueve.', 'Cerramos a las seis.', 'Cerramos a las siete.']) await said(text)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a colleague closes: the composer goes, the draft stays, and comes back when it is opened', async () => {
  const {a, page, box, send, said, errors, context} = await working()
  await box.fill('a medias')
  await a.do('close')
  await page.getByText('Tu borrador está guardado.').waitFor()
  assert.equal(await box.count(), 0)
  await page.getByRole('button', {name: 'Abrir'}).click()
  await box.waitFor()
  assert.equal(await box.inputValue(), 'a medias')
  await send.click()
  await page.locator('#messages').getByText('a medias').waitFor()
  await said('a medias')
  assert.deepEqual(errors, [])
  await context.close()
})

test('two act at once: the one who is late is told, and loses nothing', async () => {
  for (const late of ['Enviar', 'Cerrar']) {
    const {a, page, box, toast, errors, context} = await working()
    await page.route('**/events?*', (route) => route.abort()) // it hears late of the other
    await page.reload()
    await box.fill('a medias')
    await a.do('close')
    await page.getByRole('button', {name: late, exact: true}).click()
    await toast.waitFor()
    assert.match(await toast.textContent(), /ya no permite/)
    await page.getByText('Tu borrador está guardado.').waitFor()
    await page.getByRole('button', {name: 'Abrir'}).click()
    await box.waitFor()
    assert.equal(await box.inputValue(), 'a medias')
    assert.deepEqual(errors, [])
    await context.close()
  }
})

test('a login that ends is told from a server that is down, and the text is there after the next one', async () => {
  const {page, box, send, out, down, said, errors, context} = await working(ana, {viewport: {width: 390, height: 800}})
  const chip = page.locator('.bar .chip.wait:visible') // found and measured at one instant: the page is refreshed
  assert.ok((await chip.evaluate((found) => found.getBoundingClientRect().height)) < 40)
  await box.fill('a medias')
  await logout()
  await out.waitFor()
  assert.equal(await down.isVisible(), false)
  assert.equal(await page.getByLabel('Tu estado').isVisible(), false, 'nobody is online')
  await send.click() // nothing covers it
  assert.equal(await box.inputValue(), 'a medias')
  await page.getByRole('link', {name: 'Entrar de nuevo'}).click()
  await login()
  await page.getByRole('link', {name: 'Ya entré'}).click()
  await box.waitFor()
  assert.equal(await box.inputValue(), 'a medias')
  await send.click()
  await page.locator('#messages').getByText('a medias').waitFor()
  await said('a medias')
  assert.deepEqual(errors, [])
  await context.close()
})

test('somebody else logs in after a login has ended: the page is theirs, and what was typed waits for its person', async () => {
  const bruno = {ID: 'bruno', Name: 'Bruno'}
  const {page, box, out, errors, context} = await working()
  const as = (agent) => context.addCookies([{name: 'who', value: agent.ID, url: w.server.host}])
  await box.fill('de Ana')
  await logout()
  await out.waitFor()
  await login(bruno)
  await as(bruno)
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))) // back from the tab of the login
  await page.locator('body[data-me="bruno"]').waitFor()
  assert.equal(await box.inputValue(), '')
  await login()
  await as(ana)
  await page.reload()
  assert.equal(await box.inputValue(), 'de Ana')
  assert.deepEqual(errors, [])
  await context.close()
})

test('what is sent in the instant after another person has logged in goes out in nobody\'s name, and waits for its person', async () => {
  const bruno = {ID: 'bruno', Name: 'Bruno'}
  const {a, page, box, send, said, errors, context} = await working()
  const as = (agent) => context.addCookies([{name: 'who', value: agent.ID, url: w.server.host}])
  await box.fill('de Ana')
  await login(bruno)
  await as(bruno)
  await send.click()
  await page.locator('.toast', {hasText: 'Esta página era de otra persona y ahora es la tuya.'}).waitFor()
  await page.locator('body[data-me="bruno"]').waitFor()
  assert.equal(await box.inputValue(), '')
  assert.equal((await a.messages()).some((m) => m.text === 'de Ana'), false)
  await box.fill('de Bruno')
  await send.click()
  await page.locator('.msg.agent').getByText('de Bruno').waitFor()
  await login()
  await as(ana)
  await page.reload()
  assert.equal(await box.inputValue(), 'de Ana')
  await send.click()
  await page.locator('.msg.agent').getByText('de Ana').waitFor()
  await said('de Ana')
  assert.deepEqual(errors, [])
  await context.close()
})

test('the server restarts: down, then live again with the text as it was typed; or logged out', async () => {
  const {a, page, box, out, down, send, said, errors, context} = await working()
  await box.fill('a medias')
  await w.server.kill()
  await down.waitFor()
  await send.click()
  assert.equal(await box.inputValue(), 'a medias')
  await w.server.start()
  await out.waitFor() // its logins are in memory
  assert.equal(await down.isVisible(), false)
  await login()
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))) // back from another tab
  await out.waitFor({state: 'hidden'})
  assert.equal(await box.inputValue(), 'a medias')
  await a.reply('mientras tanto')
  await page.locator('#messages').getByText('mientras tanto').waitFor()
  await send.click()
  await page.locator('#messages').getByText('a medias').waitFor()
  await said('a medias')
  assert.deepEqual(errors, [])
  await context.close()
})

test('presence chosen in one tab is that of all, also after the others stay open', async () => {
  const {a, page, context, errors} = await working({ID: 'sola', Name: 'Sola'})
  await a.away() // of Ana, who only brought the customer in
  const second = await context.newPage()
  await second.goto(page.url())
  await second.getByText('Hay ejecutivos en línea', {exact: true}).waitFor()
  await page.getByLabel('Tu estado').selectOption('away')
  await until('the other tab', async () => await second.locator('.lamp.away').count() === 1)
  await second.getByText('No hay ejecutivos en línea').waitFor()
  assert.deepEqual(errors, [])
  await context.close()
})

test('two take a ticket at once: the one who is late is told who was first, and sees it', async () => {
  const {a, page, toast, errors, context} = await working()
  await login({ID: 'bruno', Name: 'Bruno'})
  await page.route('**/events?*', (route) => route.abort()) // it hears late of the other
  await page.reload()
  await a.do('take', {agent: {ID: 'bruno', Name: 'Bruno'}})
  await page.getByRole('button', {name: 'Tomar', exact: true}).click()
  await toast.waitFor()
  assert.equal((await toast.textContent()).trim(), 'Bruno lo tomó antes.')
  await page.locator('#owner summary', {hasText: 'Bruno'}).waitFor()
  await page.locator('#owner summary').click()
  await page.locator('#owner').getByRole('button', {name: /Ana/}).click()
  await page.locator('#owner summary', {hasText: 'Ana'}).waitFor()
  assert.equal((await a.tickets())[0].assignee.agent, 'ana')
  assert.deepEqual(errors, [])
  await context.close()
})

test('a colleague who looks, writes and answers is seen; a second answer waits for another press', async () => {
  const bruno = {agent: {ID: 'bruno', Name: 'Bruno'}}
  await login(bruno.agent)
  const {a, page, box, send, toast, said, errors, context} = await working()
  const here = page.locator('#here')
  for (const [does, words] of [['looking', 'Bruno está mirando'], ['replying', 'Bruno está respondiendo'], ['noting', 'Bruno escribe una nota']]) {
    await a.do(does, bruno)
    await here.filter({hasText: words}).waitFor()
  }
  await box.fill('Quedan tres.')
  await a.reply('Quedan dos.', bruno)
  await page.locator('.meanwhile', {hasText: 'Bruno respondió mientras escribías.'}).waitFor()
  await send.click()
  await toast.filter({hasText: 'envíala otra vez'}).waitFor()
  assert.equal(await box.inputValue(), 'Quedan tres.')
  assert.equal((await a.messages()).some((m) => m.text === 'Quedan tres.'), false)
  await send.click()
  await page.locator('#messages').getByText('Quedan tres.').waitFor()
  await said('Quedan tres.')
  assert.equal(await page.locator('.meanwhile').count(), 0)
  assert.deepEqual(errors, [])
  await context.close()
})

test('notes stay notes, also as drafts; quick replies come by "/" and the keyboard', async () => {
  const {a, v, page, box, said, errors, context} = await working()
  await a.do('replies', {text: 'Gracias, {customer}. Soy {agent}.'})
  await page.reload()
  await page.getByText('Nota', {exact: true}).click()
  await box.pressSequentially('no es para el cliente')
  const second = await context.newPage()
  await second.goto(page.url())
  assert.equal(await second.getByLabel('Tu respuesta').inputValue(), 'no es para el cliente', 'a draft outlasts its tab')
  assert.equal(await second.getByRole('radio', {name: 'Nota'}).isChecked(), true)
  await second.close()
  await box.press('Enter')
  await page.locator('.msg.note').getByText('no es para el cliente').waitFor()
  assert.equal(await page.getByRole('radio', {name: 'Nota'}).isChecked(), true, 'the next word is no reply by accident')
  await page.getByText('Respuesta', {exact: true}).click()
  await box.pressSequentially('Hola. /gra')
  await page.locator('#quick-list').getByRole('option', {name: /gracias/}).waitFor()
  await box.press('Enter')
  await until('the text', async () => await box.inputValue() === 'Hola. Gracias, Carla. Soy Ana.')
  await box.press('Enter')
  await page.locator('.msg.agent').getByText('Soy Ana.').waitFor()
  await said('Hola. Gracias, Carla. Soy Ana.')
  await v.log.getByText('Soy Ana.').waitFor()
  assert.equal(await v.log.getByText('no es para el cliente').count(), 0)
  assert.deepEqual(errors, [])
  await context.close()
})

test('another account is heard: one sound in all tabs, a count in the title and beside its name, and one list of all', async () => {
  const {page, context, errors} = await working()
  const other = await w.server.account({chat: {sound: true}}, {name: 'Café'})
  await other.online()
  const count = () => {
    globalThis.notes = 0
    const make = AudioContext.prototype.createOscillator
    AudioContext.prototype.createOscillator = function () { globalThis.notes++; return make.call(this) }
  }
  const tabs = [page, await context.newPage()]
  for (const tab of tabs) {
    await tab.addInitScript(count)
    await tab.goto(page.url())
    await tab.locator('#messages').click() // a browser allows sound after a click
    await until('the stream', () => tab.evaluate(() => !document.body.classList.contains('is-lost')))
  }
  const wide = await context.newPage()
  await wide.goto(`${w.server.host}/desk/inbox`)
  const visitor = await w.visit(other)
  await visitor.enter({name: 'Zoe', email: 'zoe@example.com'})
  await visitor.say('¿abren hoy?')
  for (const tab of tabs) await tab.locator('[data-news-others]:not([hidden])').first().waitFor({state: 'attached'})
  await until('the sound', async () => await tabs[0].evaluate(() => globalThis.notes) + await tabs[1].evaluate(() => globalThis.notes) === 2)
  await wide.locator('.row', {hasText: '¿abren hoy?'}).locator('.account', {hasText: 'Café'}).waitFor()
  await wide.locator('.row', {hasText: 'hola'}).first().waitFor()
  await page.locator('.switch summary').click()
  await page.locator('.switch').getByRole('link', {name: /Café/}).locator('.news', {hasText: '1'}).waitFor()
  await page.locator('.switch').getByRole('link', {name: /Café/}).click()
  await page.locator('.row', {hasText: '¿abren hoy?'}).waitFor()
  assert.equal(await page.locator('.switch summary .news').isVisible(), false, 'what is opened is no news')
  assert.deepEqual(errors, [])
  await context.close()
})

test('a picture is pasted or dropped, seen and taken out before it goes; what the server would refuse is said at once; its place in the thread is kept', async () => {
  const {page, box, send, context, errors} = await working()
  const chosen = page.locator('[data-chosen]'), problem = page.locator('[data-file-problem]'), small = page.locator('.attached canvas')
  /** Pastes, or drops on the thread, files of [name, type, content in base64]. */
  const give = (how, files) => page.evaluate(([how, files]) => {
    const data = new DataTransfer()
    for (const [name, type, body] of files) data.items.add(new File([Uint8Array.from(atob(body), (c) => c.charCodeAt(0))], name, {type}))
    const event = how === 'paste' ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
      : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})
    document.querySelector(how === 'paste' ? '#reply' : how).dispatchEvent(event)
    return event.defaultPrevented
  }, [how, files])
  const picture = png(300)
  await box.fill('mira')
  assert.equal(await give('paste', [['captura.png', 'image/png', picture]]), true)
  await small.waitFor()
  assert.equal(await chosen.textContent(), 'captura.png')
  assert.match(await page.locator('[data-size]').textContent(), /^[\d,]+ k?B$/)
  for (const [files, says] of [
    [[['vacio.txt', 'text/plain', '']], 'El archivo está vacío.'],
    [[['malo.exe', 'application/x-msdownload', btoa('MZ')]], 'Este tipo de archivo no se acepta.'],
    [[['grande.txt', 'text/plain', Buffer.alloc(6 << 20, 'a').toString('base64')]], /El archivo pasa de [\d.]+ bytes/],
  ]) {
    assert.equal(await give('.scroll', files), true)
    await problem.filter({hasText: says}).waitFor()
    assert.equal(await chosen.textContent(), 'captura.png', 'what was chosen stays')
  }
  assert.equal(await give('.list', [['fuera.txt', 'text/plain', btoa('hola')]]), true, 'a file does not take the place of the page')
  assert.equal(await chosen.textContent(), 'captura.png')
  await give('.scroll', [['uno.txt', 'text/plain', btoa('uno')], ['dos.txt', 'text/plain', btoa('dos')]])
  await problem.filter({hasText: 'Va uno por mensaje'}).waitFor()
  assert.equal(await chosen.textContent(), 'uno.txt')
  assert.equal(await small.isVisible(), false)
  await page.getByRole('button', {name: 'Quitar el archivo'}).click()
  assert.equal(await page.locator('.attached').isVisible(), false)
  assert.equal(await box.inputValue(), 'mira')

  await give('paste', [['captura.png', 'image/png', picture]])
  await send.click()
  const shown = page.locator('.msg.agent .file img')
  await shown.waitFor()
  assert.equal(await page.locator('.attached').isVisible(), false, 'it has been sent')
  let go
  const held = new Promise((resolve) => { go = resolve })
  await page.route('**/file/**', async (route) => { await held; await route.continue() })
  await page.reload()
  await shown.waitFor()
  const place = () => shown.evaluate(({clientWidth, clientHeight, naturalWidth}) => [clientWidth, clientHeight, naturalWidth])
  assert.deepEqual(await place(), [240, 180, 0], 'before it is there')
  go()
  await until('the picture', async () => (await place())[2] === 300)
  assert.deepEqual(await place(), [240, 180, 300])
  const [full] = await Promise.all([context.waitForEvent('page'), shown.click()])
  await full.waitForLoadState()
  assert.equal(await full.evaluate(() => document.images[0].naturalWidth), 300)
  assert.deepEqual(errors, [])
  await context.close()
})

/** Counts in a page what it notifies of, and how often it asks whether it may. */
function recordNotes() {
  const Real = globalThis.Notification
  globalThis.notes = []
  globalThis.asked = 0
  globalThis.Notification = class extends Real {
    constructor(title, options) {
      super(title, options)
      globalThis.notes.push({title, ...options, note: this})
    }
    static requestPermission() { globalThis.asked++; return Real.requestPermission() }
  }
}

test('a desktop notification: asked for by a click, one for all tabs, none for the ticket that is looked at, and a click opens it', async () => {
  const {v, page, context, errors} = await working()
  await context.addInitScript(recordNotes)
  const ticket = page.url(), account = ticket.split('/inbox')[0]
  await page.reload()
  const tabs = [page, await context.newPage(), await context.newPage()]
  await tabs[1].goto(account + '/contacts')
  await tabs[2].goto(account + '/contacts')
  const notes = async () => (await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.notes.map(({title, body, tag}) => ({title, body, tag})))))).flat()
  const asked = () => page.evaluate(() => globalThis.asked)
  const heard = async (...tabs) => { for (const tab of tabs) await tab.locator('[data-news]:not([hidden])').waitFor({state: 'attached'}) }
  const choose = async (label) => {
    await page.locator('.up summary').click()
    await page.getByRole('button', {name: 'Avisos en el escritorio'}).click()
    await page.getByLabel(label, {exact: true}).click()
  }
  const says = async (text) => {
    for (const tab of tabs.slice(1)) await tab.evaluate(() => { document.querySelector('[data-news]').hidden = true })
    await v.say(text)
    await heard(...tabs.slice(1))
  }
  assert.equal(await asked(), 0, 'nothing is asked when a page loads')
  await choose('Con el nombre y lo que escribió')
  await until('it is asked', asked)
  await context.grantPermissions(['notifications'], {origin: w.server.host})
  await page.reload()
  await choose('Con el nombre y lo que escribió')
  assert.equal(await asked(), 0, 'it is allowed already')
  await page.keyboard.press('Escape')

  await says('¿siguen ahí?')
  await page.locator('#messages').getByText('¿siguen ahí?').waitFor()
  assert.deepEqual(await notes(), [], 'somebody looks at the ticket')
  await page.evaluate(() => { document.hasFocus = () => false; window.dispatchEvent(new Event('blur')) })
  await says('<b>quiero dos</b>')
  await until('the notification', async () => (await notes()).length > 0)
  const tag = 'charla:' + ticket.split('/inbox/')[1].split('/')[0]
  assert.deepEqual(await notes(), [{title: 'Carla', body: '<b>quiero dos</b>', tag}])
  await choose('Con el nombre del cliente')
  await page.keyboard.press('Escape')
  await says('y uno azul')
  await until('the next one', async () => (await notes()).length > 1)
  assert.deepEqual((await notes()).find((n) => n.body !== '<b>quiero dos</b>'), {title: 'Carla', body: 'Escribió un mensaje.', tag})
  await choose('Sin avisos')
  await page.keyboard.press('Escape')
  await says('o verde')
  await page.locator('#messages').getByText('o verde').waitFor()
  assert.equal((await notes()).length, 2)
  for (const tab of tabs) await tab.evaluate(() => { globalThis.notes = [] })

  await page.goto(account + '/inbox')
  await choose('Con el nombre del cliente')
  await page.keyboard.press('Escape')
  await says('¿o rojo?')
  const open = () => {
    globalThis.open = (to) => { location.assign(to) }
    return globalThis.notes.splice(0).map((n) => n.note.dispatchEvent(new Event('click'))).length
  }
  await until('the last one', async () => (await notes()).length > 0)
  for (const tab of tabs) if (await tab.evaluate(open)) await tab.waitForURL((to) => to.pathname === new URL(ticket).pathname)
  assert.deepEqual(errors, [])
  await context.close()
})

test('a desktop notification in Firefox', async () => {
  const {v, page: tab, context} = await working()
  const ticket = tab.url()
  await tab.close()
  const firefox = await engines.find((one) => one.name === 'Firefox').start({'permissions.default.desktop-notification': 1})
  try {
    const page = firefox.page
    await page.goto(w.server.host + '/desk/')
    await page.evaluate((who) => { document.cookie = 'who=' + who + '; path=/' }, ana.ID)
    await page.setViewport({width: 1280, height: 800})
    await page.evaluateOnNewDocument(recordNotes)
    await page.goto(ticket.split('/inbox')[0] + '/contacts')
    await page.locator('.up summary').click()
    await page.locator('[popovertarget="notify"]').click()
    await page.locator('#notify [value="words"]').click()
    await v.say('desde el zorro')
    await page.waitForFunction(() => globalThis.notes.length > 0)
    assert.equal(await page.evaluate(() => globalThis.notes[0].body), 'desde el zorro')
    await page.evaluate(() => { window.open = (to) => { location.assign(to) }; globalThis.notes[0].note.dispatchEvent(new Event('click')) })
    await page.waitForFunction((to) => location.pathname === to, {}, new URL(ticket).pathname)
  } finally {
    await firefox.stop()
    await context.close()
  }
})

test('by keyboard: a search marks its hit and leads to it; notes, the list of keys, and keys switched off', async () => {
  const {v, page, box, errors, context} = await working()
  await v.say('mi camión azul')
  await v.say('¿hay alguien?')
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type('camion')
  await page.keyboard.press('Enter')
  await page.locator('.row mark', {hasText: 'camión'}).waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.locator('.msg:target', {hasText: 'mi camión azul'}).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('n')
  assert.equal(await page.getByRole('radio', {name: 'Nota'}).isChecked(), true)
  await page.keyboard.type('?')
  assert.equal(await box.inputValue(), '?', 'where something is typed keys are letters')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog', {name: 'Atajos de teclado'}).waitFor()
  assert.equal(await page.locator('dialog:modal').count(), 1, 'what is behind it waits')
  await page.mouse.click(5, 5)
  assert.equal(await page.locator('dialog[open]').count(), 0, 'a click beside it closes it')
  await page.keyboard.press('?')
  await page.getByLabel('Usar estos atajos').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  assert.equal(await page.locator('#q').evaluate((q) => q === document.activeElement), false, 'they are off')
  assert.deepEqual(errors, [])
  await context.close()
})
