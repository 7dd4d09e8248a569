// One test for each option of SPEC section 6: what a visitor sees of it.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
import {contrast, png, style, world} from '../lib/page.mjs'

const w = world({before, after})
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** An account with an agent there, its page, and a visitor on it. */
async function visit(chat = {}, {online = true, rest = {}, ...options} = {}) {
  const account = await w.server.account({chat, ...rest})
  if (online) await account.online()
  const v = await w.visit(account, options)
  return {account, v}
}

test('chat.name: the name stands in the window', async () => {
  const {account, v} = await visit()
  await account.config({chat: {name: 'Ferretería «Ñuñoa» <b>'}})
  await v.page.reload()
  await v.open()
  await v.dialog.getByRole('heading', {name: 'Ferretería «Ñuñoa» <b>', exact: true}).waitFor()
  await v.close()
})

test('picture: it stands in the window', async () => {
  const account = await w.server.account()
  await account.do('picture', {image: png(64)})
  const v = await w.visit(account)
  await v.open()
  const img = v.dialog.locator('header img')
  await until('the picture is drawn', () => img.evaluate((el) => el.naturalWidth === 64))
  await v.close()
})

test('chat.hidden: nothing is drawn', async () => {
  const {account, v} = await visit({hidden: true})
  await pause(500)
  assert.equal(await v.page.locator('charla-chat').count(), 0)
  await account.config({chat: {hidden: false}})
  await v.page.reload()
  await v.launcher.waitFor()
  await v.close()
})

test('secret token: a page signs who is logged in on it', async () => {
  const {account, v} = await visit()
  const identity = await account.do('identity', {secret: account.secret, proof: {Subject: 'u-7', Name: 'Lucía Pérez'}})
  await v.launcher.waitFor()
  await v.page.evaluate((token) => window.Chat('identify', token), identity)
  await v.open()
  await v.say('hola, soy yo')
  const [ticket] = await account.tickets()
  assert.equal(ticket.customer.level, 'verified')
  assert.equal(ticket.customer.name, 'Lucía Pérez')
  await v.close()
})

test('chat.domain: only the account’s pages draw it', async () => {
  const account = await w.server.account({}, {domain: 'otra.example'})
  const v = await w.visit(account)
  await pause(500)
  assert.equal(await v.launcher.count(), 0)
  await account.config({chat: {extraDomains: [new URL(w.server.host).host]}})
  await v.page.reload()
  await v.launcher.waitFor()
  await v.close()
})

const form = {
  enabled: true, email: {enabled: true, address: 'ventas@example.com'},
  title: 'Déjanos tu mensaje', description: 'Te respondemos mañana.', success: '¡Recibido!', error: 'No pudimos guardarlo.',
}

test('chat.contactForm: title, description and success, and the mail', async () => {
  const {account, v} = await visit({contactForm: form}, {online: false})
  await v.open()
  await v.dialog.getByRole('heading', {name: 'Déjanos tu mensaje'}).waitFor()
  await v.dialog.getByText('Te respondemos mañana.').waitFor()
  await v.dialog.getByLabel('Nombre').fill('Carla')
  await v.dialog.getByLabel('Correo').fill('carla@example.com')
  await v.dialog.getByLabel('Mensaje').fill('¿Abren el lunes?')
  await v.dialog.getByRole('button', {name: 'Enviar mensaje'}).click()
  await v.dialog.getByText('¡Recibido!').waitFor()
  const {items} = await account.do('contacts')
  assert.deepEqual(items.map((s) => [s.email, s.text]), [['carla@example.com', '¿Abren el lunes?']])
  await until('the mail', async () => (await account.do('mails')).some((m) => m.to === 'ventas@example.com' && m.message === '¿Abren el lunes?'))
  assert.deepEqual(await account.tickets(), [], 'no ticket exists')
  await v.close()
})

test('chat.contactForm.error: what was typed survives a failure', async () => {
  const {v} = await visit({contactForm: form}, {online: false})
  await v.open()
  await v.dialog.getByLabel('Correo').fill('carla@example.com')
  await v.dialog.getByLabel('Mensaje').fill('¿Abren el lunes?')
  await v.page.route('**/contact', (route) => route.fulfill({status: 500, body: '{"error":{"code":"internal","message":"x"}}'}))
  await v.dialog.getByRole('button', {name: 'Enviar mensaje'}).click()
  await v.dialog.getByText('No pudimos guardarlo.').waitFor()
  assert.equal(await v.dialog.getByLabel('Mensaje').inputValue(), '¿Abren el lunes?')
  await v.page.reload()
  await v.dialog.waitFor() // it was open
  assert.equal(await v.dialog.getByLabel('Mensaje').inputValue(), '¿Abren el lunes?', 'after a reload too')
  await v.close()
})

test('chat.contactForm: an agent who comes meanwhile turns it into a chat', async () => {
  const {account, v} = await visit({contactForm: form}, {online: false})
  await v.open()
  await v.dialog.getByLabel('Nombre').fill('Carla')
  await v.dialog.getByLabel('Correo').fill('carla@example.com')
  await v.dialog.getByLabel('Mensaje').fill('¿Abren el lunes?')
  await account.online()
  await pause(1100) // what the server remembers of presence may be a second old
  await v.dialog.getByRole('button', {name: 'Enviar mensaje'}).click()
  await v.log.getByText('¿Abren el lunes?').waitFor()
  await until('the ticket', async () => (await account.tickets()).length === 1)
  assert.deepEqual((await account.do('contacts')).items ?? [], [])
  await account.away()
  await pause(1100)
  await v.say('¿siguen ahí?') // an ongoing one goes on
  await v.close()
})

const spy = () => {
  window.sounds = 0
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...args) {
    window.sounds++
    return start.apply(this, args)
  }
}

test('chat.sound: an agent’s message sounds, unless the visitor mutes it', async () => {
  const {account, v} = await visit({sound: true}, {init: spy})
  await v.enter()
  await v.say('hola')
  await account.reply('uno')
  await v.log.getByText('uno').waitFor()
  await until('a sound', () => v.page.evaluate(() => window.sounds > 0))
  await v.dialog.getByRole('button', {name: 'Silenciar'}).click()
  const heard = await v.page.evaluate(() => window.sounds)
  await account.reply('dos')
  await v.log.getByText('dos').waitFor()
  await pause(300)
  assert.equal(await v.page.evaluate(() => window.sounds), heard)
  await v.close()
})

test('chat.sound off: nothing sounds and nothing can be muted', async () => {
  const {account, v} = await visit({sound: false}, {init: spy})
  await v.enter()
  await v.say('hola')
  await account.reply('uno')
  await v.log.getByText('uno').waitFor()
  await pause(300)
  assert.equal(await v.page.evaluate(() => window.sounds), 0)
  assert.equal(await v.dialog.getByRole('button', {name: 'Silenciar'}).count(), 0)
  await v.close()
})

test('chat.primaryColor, chat.textColor: as they are set', async () => {
  const {v} = await visit({primaryColor: '#0B5', textColor: '#000000'})
  await v.launcher.waitFor()
  assert.equal(await style(v.launcher, 'background-color'), 'rgb(0, 187, 85)')
  assert.equal(await style(v.launcher, 'color'), 'rgb(0, 0, 0)')
  await v.close()
})

test('chat.textColor: a pair without contrast is corrected on screen', async () => {
  const {v} = await visit({primaryColor: '#FFEE00', textColor: '#FFFFFF'})
  await v.open()
  for (const el of [v.launcher, v.dialog.locator('header')]) {
    const [front, back] = [await style(el, 'color'), await style(el, 'background-color')]
    assert.ok(contrast(front, back) >= 4.5, `${front} on ${back}`)
  }
  await v.close()
})

test('logo: it is the button', async () => {
  const account = await w.server.account()
  await account.do('logo', {image: png(200)})
  const v = await w.visit(account)
  const img = v.launcher.locator('img')
  await until('the logo is drawn', () => img.evaluate((el) => el.naturalWidth === 200))
  await v.close()
})

for (const [position, dir] of [['right', ''], ['left', ''], ['left', 'rtl'], ['right', 'rtl']]) {
  test(`chat.position: ${position}${dir && ' on a page from right to left'}`, async () => {
    const {v} = await visit({position}, {page: dir ? {dir} : {}})
    await v.open()
    const {width} = v.page.viewportSize()
    for (const el of [v.launcher, v.dialog]) {
      const box = await el.boundingBox()
      const left = box.x + box.width / 2 < width / 2
      assert.equal(left, position === 'left')
    }
    await v.close()
  })
}

test('chat.longButton: its text', async () => {
  const {v} = await visit({longButton: {enabled: true, text: 'Conversemos'}})
  await v.launcher.getByText('Conversemos').waitFor()
  await v.page.getByRole('button', {name: 'Conversemos'}).waitFor()
  const box = await v.launcher.boundingBox()
  assert.ok(box.width > box.height * 1.5, 'it is long')
  await v.close()
})

for (const [company, seen] of [[false, 'Ana'], [true, 'Tienda']]) {
  test(`chat.writeAsCompany ${company ? 'on' : 'off'}: agents are ${seen}`, async () => {
    const {account, v} = await visit({writeAsCompany: company})
    const bodies = []
    v.page.on('response', async (r) => bodies.push(await r.text().catch(() => '')))
    await v.enter()
    await v.say('hola')
    await account.reply('dime')
    const message = v.log.locator('.msg', {hasText: 'dime'})
    await message.getByText(seen).waitFor()
    if (company) {
      assert.ok(!(await v.dialog.innerText()).includes('Ana'))
      assert.ok(bodies.every((b) => !b.includes('Ana')), 'it never leaves the server')
    }
    await v.close()
  })
}

for (const provider of ['google', 'facebook']) {
  const title = provider[0].toUpperCase() + provider.slice(1)
  test(`chat.${provider}: enter by ${title}`, async () => {
    const {account, v} = await visit({[provider]: {enabled: true}})
    await v.open()
    await v.dialog.getByLabel('Nombre').waitFor()
    await v.dialog.getByRole('button', {name: `Continuar con ${title}`}).click()
    await v.box.waitFor()
    await v.say('hola')
    const [ticket] = await account.tickets()
    assert.deepEqual([ticket.customer.level, ticket.customer.name], ['verified', 'Lucía'])
    await v.close()
  })
  test(`chat.${provider}.only: no form to type a name into`, async () => {
    const {v} = await visit({[provider]: {enabled: true, only: true}})
    await v.open()
    await v.dialog.getByRole('button', {name: `Continuar con ${title}`}).waitFor()
    assert.equal(await v.dialog.getByLabel('Nombre').count(), 0)
    assert.equal(await v.dialog.getByRole('button', {name: 'Comenzar'}).count(), 0)
    await v.close()
  })
}

test('chat.anonymous: the chat is ready on page entry, without a form', async () => {
  const {account, v} = await visit({anonymous: true})
  await v.open()
  await v.say('hola')
  const [ticket] = await account.tickets()
  assert.equal(ticket.customer.level, 'anonymous')
  await v.close()
})

test('chat.emailAsIdentifier: none enters without an e-mail', async () => {
  const {account, v} = await visit({emailAsIdentifier: true})
  await v.open()
  await v.dialog.getByLabel('Nombre').fill('Carla')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.dialog.getByText('Falta este dato.').waitFor()
  await v.dialog.getByLabel('Correo').fill('carla@')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.dialog.getByText('Revisa el correo electrónico.').waitFor()
  await v.dialog.getByLabel('Correo').fill('carla@example.com')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.say('hola')
  assert.equal((await account.tickets())[0].customer.email, 'carla@example.com')
  await v.close()
})

test('chat.askRUT: its check digit is checked as one types', async () => {
  const {account, v} = await visit({askRUT: true})
  await v.open()
  await v.dialog.getByLabel('Nombre').fill('Carla')
  const rut = v.dialog.getByLabel('RUT')
  await rut.pressSequentially('123456789')
  assert.equal(await rut.inputValue(), '12.345.678-9')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.dialog.getByText('Revisa el RUT').waitFor()
  await rut.fill('')
  await rut.pressSequentially('123456785')
  await v.dialog.getByText('Revisa el RUT').waitFor({state: 'hidden'})
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.say('hola')
  assert.equal((await account.tickets())[0].customer.rut, '12345678-5')
  await v.close()
})

test('chat.askPhone: it may be given', async () => {
  const {account, v} = await visit({askPhone: true})
  await v.enter({Teléfono: '+56 9 8765 4321'})
  await v.say('hola')
  assert.equal((await account.tickets())[0].customer.phone, '+56987654321')
  const other = await w.visit(account)
  await other.enter() // without
  await Promise.all([v.close(), other.close()])
})

test('chat.openOnLoad: after its seconds', async () => {
  const {v} = await visit({openOnLoad: {enabled: true, delaySeconds: 1, devices: 'all'}})
  await v.launcher.waitFor()
  assert.equal(await v.dialog.count(), 0)
  await v.dialog.waitFor()
  await v.shut()
  await v.page.reload()
  await v.launcher.waitFor()
  await pause(1700)
  assert.equal(await v.dialog.count(), 0, 'who closed it is left alone')
  await v.close()
})

const phone = {
  userAgent: 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36',
  viewport: {width: 375, height: 700}, isMobile: true, hasTouch: true,
}

for (const [devices, mobile] of [['mobile', true], ['mobile', false], ['desktop', true], ['desktop', false]]) {
  test(`chat.openOnLoad.devices: ${devices}, on a ${mobile ? 'telephone' : 'computer'}`, async () => {
    const {v} = await visit({openOnLoad: {enabled: true, delaySeconds: 0, devices}}, {context: mobile ? phone : {}})
    if ((devices === 'mobile') === mobile) {
      await v.dialog.waitFor()
    } else {
      await v.launcher.waitFor()
      await pause(700)
      assert.equal(await v.dialog.count(), 0)
    }
    await v.close()
  })
}

test('chat.notification.reply: answered in place', async () => {
  const {account, v} = await visit({notification: {reply: true, count: 1}})
  await v.enter()
  await v.say('hola')
  await v.shut()
  await account.reply('¿en qué ayudo?')
  await v.notice.getByText('¿en qué ayudo?').waitFor()
  await v.notice.getByRole('textbox').fill('una duda')
  await v.notice.getByRole('textbox').press('Enter')
  await until('the answer', async () => (await account.messages()).some((m) => m.text === 'una duda'))
  assert.equal(await v.dialog.count(), 0, 'without opening it')
  await v.close()
})

test('chat.notification.reply off: no field', async () => {
  const {account, v} = await visit({notification: {reply: false, count: 1}})
  await v.enter()
  await v.say('hola')
  await v.shut()
  await account.reply('¿en qué ayudo?')
  await v.notice.getByText('¿en qué ayudo?').waitFor()
  assert.equal(await v.notice.getByRole('textbox').count(), 0)
  await v.close()
})

for (const count of [1, 2, 3]) {
  test(`chat.notification.count: ${count}`, async () => {
    const {account, v} = await visit({notification: {reply: true, count}})
    await v.enter()
    await v.say('hola')
    await v.shut()
    const all = ['uno', 'dos', 'tres', 'cuatro']
    for (const text of all) await account.reply(text)
    await v.notice.getByText('cuatro').waitFor()
    const shown = await v.notice.locator('.text').allInnerTexts()
    assert.deepEqual(shown, all.slice(-count))
    await v.page.getByRole('button', {name: /Mensajes sin leer: 4/}).waitFor()
    await v.notice.getByText('cuatro').click()
    await v.log.getByText('uno').waitFor()
    await v.close()
  })
}

const welcome = {enabled: true, delaySeconds: 1, repeatMinutes: 60, existing: false, devices: 'all', text: '¿Te ayudo con algo?', author: 'Lucía'}

test('chat.welcome: text, author, delay; nothing exists until it is answered', async () => {
  const {account, v} = await visit({welcome: {...welcome, delaySeconds: 600}})
  await v.launcher.waitFor()
  assert.equal(await v.notice.count(), 0, 'not before its delay')
  await account.config({chat: {welcome: {delaySeconds: 1}}})
  await v.page.reload()
  await v.notice.getByText('¿Te ayudo con algo?').waitFor()
  await v.notice.getByText('Lucía').waitFor()
  assert.deepEqual(await account.tickets(), [])
  assert.deepEqual((await v.context.cookies()), [])
  await v.enter()
  await v.log.getByText('¿Te ayudo con algo?').waitFor()
  assert.deepEqual(await account.tickets(), [])
  await v.say('sí, por favor')
  const messages = await account.messages()
  assert.deepEqual(messages.map((m) => [m.from, m.name ?? '', m.text]), [
    ['welcome', 'Lucía', '¿Te ayudo con algo?'], ['customer', '', 'sí, por favor'],
  ])
  assert.equal(await v.log.getByText('¿Te ayudo con algo?').count(), 1)
  await v.close()
})

test('chat.welcome.repeatMinutes: not again before', async () => {
  const {account, v} = await visit({welcome: {...welcome, delaySeconds: 0}})
  await v.notice.getByText('¿Te ayudo con algo?').waitFor()
  await v.notice.getByRole('button', {name: 'Descartar la notificación'}).click()
  await v.page.reload()
  await v.launcher.waitFor()
  await pause(700)
  assert.equal(await v.notice.count(), 0)
  await account.config({chat: {welcome: {repeatMinutes: 0}}})
  await v.page.reload()
  await v.notice.getByText('¿Te ayudo con algo?').waitFor()
  await v.close()
})

for (const existing of [false, true]) {
  test(`chat.welcome.existing ${existing ? 'on' : 'off'}`, async () => {
    const {account, v} = await visit()
    await v.enter()
    await v.say('hola')
    await v.shut()
    await account.config({chat: {welcome: {...welcome, delaySeconds: 0, existing}}})
    await v.page.reload()
    await v.launcher.waitFor()
    if (existing) {
      await v.notice.getByText('¿Te ayudo con algo?').waitFor()
      await v.open()
      await v.say('sí')
      assert.deepEqual((await account.messages()).map((m) => m.from), ['customer', 'welcome', 'customer'])
    } else {
      await pause(700)
      assert.equal(await v.notice.count(), 0)
    }
    await v.close()
  })
}

for (const [devices, mobile] of [['mobile', true], ['mobile', false], ['desktop', true], ['desktop', false]]) {
  test(`chat.welcome.devices: ${devices}, on a ${mobile ? 'telephone' : 'computer'}`, async () => {
    const {v} = await visit({welcome: {...welcome, delaySeconds: 0, devices}}, {context: mobile ? phone : {}})
    await v.launcher.waitFor()
    if ((devices === 'mobile') === mobile) {
      await v.notice.getByText('¿Te ayudo con algo?').waitFor()
    } else {
      await pause(700)
      assert.equal(await v.notice.count(), 0)
    }
    await v.close()
  })
}

test('chat.identificationMessage: above the entry form', async () => {
  const {v} = await visit({identificationMessage: 'Cuéntanos quién eres.\nGracias.'})
  await v.open()
  await v.dialog.getByText('Cuéntanos quién eres.').waitFor()
  await v.close()
})

test('chat.headerMessage: above the conversation', async () => {
  const {v} = await visit({headerMessage: 'Horario: de 9 a 18. https://example.com/horario'})
  await v.enter()
  await v.log.getByText('Horario: de 9 a 18.').waitFor()
  const link = v.log.getByRole('link', {name: 'https://example.com/horario'})
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer')
  await v.say('hola')
  const [head, message] = await Promise.all([v.log.getByText('Horario').boundingBox(), v.log.getByText('hola').boundingBox()])
  assert.ok(head.y < message.y)
  await v.close()
})

for (const [locale, browser, label] of [
  ['es', 'en-US', 'Abrir el chat'], ['en', 'es-CL', 'Open the chat'], ['pt', 'es-CL', 'Abrir o chat'],
  ['auto', 'pt-BR', 'Abrir o chat'], ['auto', 'en-GB', 'Open the chat'], ['auto', 'es-MX', 'Abrir el chat'],
]) {
  test(`chat.locale: ${locale} for a visitor of ${browser}`, async () => {
    const {v} = await visit({locale}, {context: {locale: browser}})
    await v.page.getByRole('button', {name: label}).waitFor()
    await v.close()
  })
}
