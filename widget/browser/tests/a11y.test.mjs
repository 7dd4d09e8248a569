// Accessibility: axe in every state and both themes, the focus ring, the keyboard
// alone, and what a screen reader is told.
import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {after, before, test} from 'node:test'
import {contrast, style, world} from '../lib/page.mjs'

const w = world({before, after})
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function check(v, state) {
  const host = v.page.url().startsWith(w.server.host)
  await v.page.evaluate(axe)
  const found = await v.page.evaluate(async (host) => {
    await Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {})))
    const {violations, passes} = await window.axe.run(host ? {exclude: [['body > main'], ['body > header']]} : document, {resultTypes: ['violations']})
    return {violations: violations.map((x) => `${x.id}: ${x.help}: ${x.nodes.map((n) => n.target.flat().join(' ')).join(', ')}`), passes: passes.length}
  }, host)
  assert.deepEqual(found.violations, [], state)
  assert.ok(found.passes > 10, `${state}: axe looked at something`)
}

const settings = {
  notification: {reply: true, count: 3}, sound: true, askRUT: true, askPhone: true, google: {enabled: true},
  headerMessage: 'De 9 a 18.', identificationMessage: 'Hola, ¿quién eres?', longButton: {enabled: true, text: 'Conversemos'},
}
const form = {contactForm: {enabled: true, email: {enabled: true, address: 'a@example.com'}, title: 'Escríbenos', description: 'Te respondemos.', success: 'Recibido', error: 'No se pudo'}}

for (const [scheme, colors] of [['light', {}], ['dark', {}], ['light', {primaryColor: '#FFEE00', textColor: '#FFFFFF'}], ['dark', {primaryColor: '#101010', textColor: '#111111'}]]) {
  const theme = `${scheme} ${colors.primaryColor ?? ''}`
  const context = {colorScheme: scheme}
  test(`axe, ${theme}: closed, entry, errors, conversation, failed, notification`, async () => {
    const a = await w.server.account({chat: {...settings, ...colors}})
    await a.online()
    const v = await w.visit(a, {page: {scheme}, context})
    await v.launcher.waitFor()
    await check(v, 'closed')
    await v.open()
    await v.dialog.getByLabel('Nombre').waitFor()
    await check(v, 'entry')
    await v.dialog.getByLabel('RUT').fill('11')
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    await v.dialog.getByText('Falta este dato.').first().waitFor()
    await check(v, 'entry with errors')
    await v.dialog.getByLabel('Nombre').fill('Carla')
    await v.dialog.getByLabel('RUT').fill('12.345.678-5')
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    await v.say('hola')
    await a.reply('mira https://example.com')
    await a.do('attach', {text: 'guía.pdf', image: Buffer.from('%PDF-1.7 x').toString('base64')})
    await v.log.getByText('guía.pdf').waitFor()
    await check(v, 'conversation')
    await v.page.route('**/messages', (r) => (r.request().method() === 'POST' ? r.fulfill({status: 422, headers: {'access-control-allow-origin': '*'}, body: '{"error":{"code":"invalid","message":"no"}}'}) : r.continue()))
    await v.box.fill('esto no sale')
    await v.box.press('Enter')
    await v.log.getByRole('button', {name: 'Reintentar'}).waitFor()
    await check(v, 'a message that failed')
    await v.shut()
    await a.reply('otra')
    await v.notice.getByText('otra').waitFor()
    await check(v, 'notification')
    await v.close()
  })
  test(`axe, ${theme}: contact form and its success`, async () => {
    const a = await w.server.account({chat: {...form, ...colors}})
    const v = await w.visit(a, {page: {scheme}, context})
    await v.open()
    await v.dialog.getByLabel('Correo').fill('carla@example.com')
    await check(v, 'contact form')
    await v.dialog.getByLabel('Mensaje').fill('hola')
    await v.dialog.getByRole('button', {name: 'Enviar mensaje'}).click()
    await v.dialog.getByText('Recibido').waitFor()
    await check(v, 'sent')
    await v.close()
  })
}

test('the page alone and the form without script', async () => {
  const a = await w.server.account({chat: {...form, domain: new URL(w.server.host).host, anonymous: true}})
  await a.online()
  for (const where of ['page/', 'contact/']) {
    for (const javaScriptEnabled of where === 'page/' ? [true] : [true, false]) {
      const v = await w.visit(a, {goto: false, context: {javaScriptEnabled}})
      await v.page.goto(w.server.chat + where + a.key)
      if (where === 'page/') await v.dialog.waitFor()
      else await v.page.getByLabel(/correo/i).fill('carla@example.com')
      if (javaScriptEnabled) await check(v, where)
      if (where === 'contact/' && !javaScriptEnabled) {
        await v.page.getByLabel(/mensaje/i).fill('sin script')
        await v.page.getByRole('button').click()
        await v.page.getByText('Recibido').waitFor()
      }
      await v.close()
    }
  }
  const {items} = await a.do('contacts')
  assert.deepEqual(items.map((s) => s.text), ['sin script'])
})

test('the focus ring and the badge stand out: 3 to 1', async () => {
  for (const [scheme, colors] of [['light', {}], ['dark', {}], ['light', {primaryColor: '#FFFFFF', textColor: '#FFFFFF'}], ['dark', {primaryColor: '#000000', textColor: '#000000'}]]) {
    const a = await w.server.account({chat: colors})
    await a.online()
    const v = await w.visit(a, {page: {scheme}, context: {colorScheme: scheme}})
    await v.enter()
    await v.say('hola')
    const surface = await style(v.dialog, 'background-color')
    for (const name of ['Cerrar el chat', 'Adjuntar un archivo']) {
      const button = v.dialog.getByRole('button', {name})
      await button.focus()
      await v.page.keyboard.press('Shift+Tab')
      await v.page.keyboard.press('Tab')
      const ring = await button.evaluate((el) => {
        const s = getComputedStyle(el)
        return {color: s.outlineColor, width: parseFloat(s.outlineWidth), style: s.outlineStyle}
      })
      assert.notEqual(ring.style, 'none', `${name}: it has a ring`)
      assert.ok(ring.width >= 2, `${name}: ${ring.width}px`)
      const behind = name === 'Cerrar el chat' ? await style(v.dialog.locator('header'), 'background-color') : surface
      const solid = /, 0\)/.test(behind) ? surface : behind
      assert.ok(contrast(ring.color, solid) >= 3, `${scheme} ${name}: ${ring.color} on ${solid}`)
    }
    await v.shut()
    await a.reply('uno')
    const badge = v.launcher.locator('.badge')
    await badge.waitFor()
    assert.ok(contrast(await style(badge, 'color'), await style(badge, 'background-color')) >= 4.5, 'the badge')
    await v.close()
  }
})

test('by the keyboard alone', async () => {
  const a = await w.server.account()
  await a.online()
  const v = await w.visit(a)
  await v.launcher.waitFor()
  const focused = () => v.page.evaluate(() => {
    let el = document.activeElement
    while (el?.shadowRoot?.activeElement) el = el.shadowRoot.activeElement
    return el?.getAttribute('aria-label') || el?.getAttribute('name') || el?.textContent || el?.tagName
  })
  const tabTo = async (what) => {
    for (let i = 0; i < 30; i++) {
      if (what.test(await focused())) return
      await v.page.keyboard.press('Tab')
    }
    assert.fail(`no ${what} by Tab; at ${await focused()}`)
  }
  await tabTo(/Abrir el chat/)
  await v.page.keyboard.press('Enter')
  await v.dialog.getByLabel('Nombre').waitFor()
  assert.equal(await focused(), 'name', 'the focus goes in')
  await v.page.keyboard.type('Carla')
  await v.page.keyboard.press('Tab')
  await v.page.keyboard.type('carla@example.com')
  await v.page.keyboard.press('Enter')
  await v.box.waitFor()
  await tabTo(/^Mensaje$/)
  await v.page.keyboard.type('hola')
  await v.page.keyboard.press('Shift+Enter')
  await v.page.keyboard.type('segunda línea')
  await v.page.keyboard.press('Enter')
  await v.log.locator('.msg.own', {hasText: 'segunda línea'}).getByText('Enviado').waitFor()
  assert.equal((await a.messages())[0].text, 'hola\nsegunda línea')
  await v.page.keyboard.press('Escape')
  await v.dialog.waitFor({state: 'hidden'})
  assert.match(await focused(), /Abrir el chat/, 'the focus comes back')
  await v.page.keyboard.press('Tab')
  await v.close()
})

test('what a screen reader is told', async () => {
  const a = await w.server.account()
  await a.online()
  const v = await w.visit(a)
  assert.equal(await v.launcher.getAttribute('aria-expanded'), 'false')
  assert.equal(await v.launcher.getAttribute('aria-haspopup'), 'dialog')
  await v.enter()
  assert.equal(await v.launcher.getAttribute('aria-expanded'), 'true')
  await v.page.getByRole('dialog', {name: 'Tienda'}).waitFor()
  await v.say('hola')
  await a.reply('dime')
  const message = v.log.locator('.msg', {hasText: 'dime'})
  await message.waitFor()
  assert.match(await message.innerText(), /Ana/, 'who says it')
  assert.match(await v.log.locator('.msg.own').first().textContent(), /^Tú: /)
  await v.shut()
  await a.reply('¿sigues?')
  await v.page.getByRole('button', {name: /Mensajes sin leer: 1/}).waitFor()
  assert.equal(await v.notice.locator('[aria-live]').getAttribute('aria-live'), 'polite')
  await v.close()
})

test('reduced motion, forced colours, a small screen with its keyboard', async () => {
  const a = await w.server.account()
  await a.online()
  const calm = await w.visit(a, {context: {reducedMotion: 'reduce'}})
  await calm.open()
  const moving = await calm.page.evaluate(() => document.getAnimations().filter((x) => (x.effect.getComputedTiming().duration ?? 0) > 1).length)
  assert.equal(moving, 0)
  const forced = await w.visit(a, {context: {forcedColors: 'active'}})
  await forced.open()
  assert.notEqual(await style(forced.dialog, 'border-top-style'), 'none', 'a border where there are no backgrounds')
  const small = await w.visit(a, {context: {viewport: {width: 375, height: 667}, isMobile: true, hasTouch: true}})
  await small.enter()
  const box = await small.dialog.boundingBox()
  assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 375, 667], 'the whole screen')
  assert.ok(parseFloat(await style(small.box, 'font-size')) >= 16, 'no zoom on focus')
  for (const button of await small.dialog.getByRole('button').all()) {
    const size = await button.boundingBox()
    if (size) assert.ok(size.width >= 24 && size.height >= 24, 'large enough to touch')
  }
  await Promise.all([calm.close(), forced.close(), small.close()])
})
