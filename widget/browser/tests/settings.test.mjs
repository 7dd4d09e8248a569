// The console's settings page: its menu, hours, texts, pictures, and what is not saved.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {world} from '../lib/page.mjs'

const w = world({before, after})

/** An administrator on an account's settings page. */
async function settings(options) {
  const agent = {ID: 'jefa', Name: 'Jefa'}
  await w.server.do({do: 'login', agent, role: 3})
  const a = await w.server.account()
  const context = await w.browser.newContext({locale: 'es-CL', viewport: {width: 1440, height: 900}, ...options})
  await context.addCookies([{name: 'who', value: agent.ID, url: w.server.host}])
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (m) => { if (/Content.Security.Policy/i.test(m.text())) errors.push(m.text()) })
  await page.goto(`${w.server.host}/desk/channels/${a.id}`)
  return {page, context, field: (name) => page.locator(`[name="${name}"]`), save: page.getByRole('button', {name: 'Guardar cambios'}), async end() { assert.deepEqual(errors, []); await context.close() }}
}

test('the filter shows the groups that have all of its words, and a link takes it back', async () => {
  const {page, end} = await settings()
  const groups = page.locator('[data-group]:visible')
  const before = await groups.count()
  const find = page.getByLabel('Buscar un ajuste')
  await find.fill('TELEFONO')
  assert.deepEqual(await groups.locator('b').first().textContent(), 'Solicitar Teléfono')
  assert.equal(await groups.count(), 1)
  assert.equal(await page.locator('.contents ul ul a:visible').count(), 1)
  await find.fill('nada así')
  await page.getByText('Ningún ajuste tiene esas palabras.').waitFor()
  await find.fill('color')
  await page.locator('.contents').getByRole('link', {name: 'Apariencia'}).click()
  assert.equal(await find.inputValue(), '')
  assert.equal(await groups.count(), before)
  await end()
})

test('on a phone the menu is folded, and a link in it leads to its section', async () => {
  const {page, end} = await settings({viewport: {width: 390, height: 844}})
  const menu = page.locator('#contents')
  assert.equal(await menu.isVisible(), false)
  await page.getByRole('button', {name: 'Ir a una sección'}).click()
  await menu.getByRole('link', {name: 'Opciones de Chat'}).click()
  assert.equal(await menu.isVisible(), false)
  const top = await page.locator('#s-chat').evaluate((s) => s.getBoundingClientRect().top)
  assert.ok(top >= 0 && top < 200, `the section is at ${top}`)
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the phone')
  await end()
})

test('hours are copied from Monday, with all intervals, and saved as they were typed', async () => {
  const {page, field, save, end} = await settings()
  const day = (name) => page.locator(`[data-day="${name}"]`)
  const hours = (name) => day(name).locator('.span:visible').evaluateAll((rows) => rows.map((r) => [...r.querySelectorAll('input:not([type=hidden])')].map((i) => i.value)))
  await field('hours.timezone').fill('Chile')
  await day('monday').getByLabel('Lunes: abre').fill('9')
  await day('monday').getByLabel('Lunes: cierra').fill('1pm')
  await day('monday').getByRole('button', {name: 'Añadir un intervalo'}).click()
  await page.keyboard.type('14.30')
  await day('monday').getByLabel('Lunes: cierra').last().fill('18h')
  assert.equal(await day('sunday').getByText('Cerrado').isVisible(), true)
  assert.equal(await day('monday').getByText('Cerrado').isVisible(), false)
  await day('monday').getByRole('button', {name: 'copiar hasta viernes'}).click()
  await day('saturday').getByRole('button', {name: 'como el lunes'}).click()
  const two = [['9', '1pm'], ['14.30', '18h']]
  for (const name of ['tuesday', 'friday', 'saturday']) assert.deepEqual(await hours(name), two, name)
  assert.deepEqual(await hours('sunday'), [['', '']])
  // Copied again after Monday lost an interval, the others lose theirs.
  await day('monday').locator('[data-clear]').last().click()
  await day('saturday').getByRole('button', {name: 'como el lunes'}).click()
  assert.deepEqual(await hours('saturday'), [['9', '1pm']])
  await save.click()
  await page.getByText('Se guardó:').waitFor()
  assert.equal(await field('hours.timezone').inputValue(), 'America/Santiago')
  assert.deepEqual(await hours('friday'), [['09:00', '13:00'], ['14:30', '18:00']])
  assert.deepEqual(await hours('saturday'), [['09:00', '13:00']])
  await end()
})

test('a logo of another shape is cut, and leaves what is not saved as it is', async () => {
  const {page, field, end} = await settings()
  await field('chat.headerMessage').fill('a medias')
  await page.getByText('Hay cambios sin guardar.').waitFor()
  const body = await page.evaluate(async () => {
    const c = Object.assign(document.createElement('canvas'), {width: 640, height: 300})
    c.getContext('2d').fillRect(0, 0, 300, 300)
    const blob = await new Promise((done) => c.toBlob(done))
    return [...new Uint8Array(await blob.arrayBuffer())]
  })
  await page.getByRole('button', {name: 'Subir logo'}).click()
  await page.locator('#logo-file').setInputFiles({name: 'logo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(body)})
  await page.waitForFunction(() => document.querySelector('#logo-file').files[0]?.name === 'logo.png')
  await page.locator('#logo').getByRole('button', {name: 'Guardar'}).click()
  await page.getByText('La imagen se guardó.').waitFor()
  assert.equal(await page.locator('img.logo').evaluate((i) => i.decode().then(() => i.naturalWidth)), 200)
  assert.equal(await field('chat.headerMessage').inputValue(), 'a medias')
  assert.equal(await page.getByText('Hay cambios sin guardar.').isVisible(), true)
  await end()
})

test('texts: one box more, and a variable goes where the caret is', async () => {
  const {page, field, end} = await settings()
  const group = page.locator('#g-automation-newCustomer-enabled')
  await group.getByRole('switch').check({force: true})
  assert.equal(await group.locator('textarea[name$="]"]:visible').count(), 1)
  await group.getByRole('button', {name: 'Añadir otro texto'}).click()
  const second = field('automation.newCustomer.messages[1]')
  await second.fill('Hola, ¿qué tal?')
  await second.evaluate((t) => t.setSelectionRange(5, 5))
  await group.getByRole('button', {name: 'nombre del cliente'}).click()
  assert.equal(await second.inputValue(), 'Hola,{customer|amigo} ¿qué tal?')
  await end()
})

test('the preview is the widget itself with what is typed, in a frame that has no origin', async () => {
  const {page, field, end} = await settings()
  const chat = page.frameLocator('#preview iframe')
  await chat.getByText('¡Sí! Quedan tres.').waitFor()
  await chat.getByText('Hola, ¿tienen la taza azul?').waitFor()
  await field('chat.headerMessage').fill('todavía sin guardar')
  await chat.getByText('todavía sin guardar').waitFor()
  await chat.getByText('¡Sí! Quedan tres.').waitFor()
  assert.equal(await field('chat.headerMessage').evaluate((f) => f === document.activeElement), true, 'the focus stays in the form')
  const frame = await (await page.locator('#preview iframe').elementHandle()).contentFrame()
  assert.equal(await frame.evaluate(() => origin), 'null')
  assert.equal(await frame.evaluate(() => { try { return String(localStorage) } catch { return 'none' } }), 'none')
  assert.equal(await page.evaluate(() => document.querySelector('#preview iframe').contentDocument), null)
  await page.getByRole('button', {name: 'Entrada'}).click()
  await chat.getByRole('textbox').first().waitFor()
  assert.equal(await chat.getByText('¡Sí! Quedan tres.').count(), 0)
  await page.locator('#preview').getByRole('button', {name: 'Cerrado'}).click()
  await chat.getByRole('button', {name: /chat/i}).waitFor()
  await page.locator('#preview').getByRole('button', {name: 'Conversación'}).click()
  await page.locator('#preview').getByRole('button', {name: 'Computador'}).click()
  await chat.getByText('¡Sí! Quedan tres.').waitFor()
  await field('hours.timezone').fill('nada así')
  await page.getByText('Lo que escribiste tiene problemas').waitFor()
  await chat.getByText('¡Sí! Quedan tres.').waitFor()
  await end()
})
