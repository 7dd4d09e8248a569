// What changes while the widget is on the screen: who is there, which tab leads, what was refused, what was greeted.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
import {hosted} from '../lib/host.mjs'
import {visitor} from '../lib/page.mjs'

const w = hosted({before, after})
const form = {enabled: true, email: {enabled: true, address: 'agents@tienda.cl'}, title: 'Escríbenos', description: '', success: '¡Gracias!', error: 'No'}

// RocketChat/Rocket.Chat.Livechat#172, LiveHelperChat/livehelperchat#1078
for (const writes of [false, true]) {
  test(`the window is open ${writes ? 'in a conversation' : 'at the entry'}: it says who goes and who comes`, async () => {
    const a = await w.account()
    w.page('/p', w.snippet(a))
    const v = await w.visit('/p')
    if (writes) {
      await v.enter()
      await v.say('hola')
    } else await v.open()
    await v.dialog.getByText('En línea').waitFor()
    await a.away()
    await v.dialog.getByText('Respondemos en cuanto podamos').waitFor()
    await a.online()
    await v.dialog.getByText('En línea').waitFor()
    await v.close()
  })
}

test('the contact form comes and goes with the agents, and a text in it stays', async () => {
  const a = await w.account({contactForm: form})
  await a.away()
  w.page('/p', w.snippet(a))
  const v = await w.visit('/p')
  await v.open()
  await v.dialog.getByText('Escríbenos').waitFor()
  await v.dialog.getByLabel('Nombre').fill('Carla')
  await a.online()
  await v.dialog.getByRole('button', {name: 'Comenzar'}).waitFor()
  assert.equal(await v.dialog.getByLabel('Nombre').inputValue(), 'Carla')
  await a.away()
  await v.dialog.getByLabel('Mensaje').fill('¿Abren el lunes?')
  await a.online()
  await v.dialog.getByText('En línea').waitFor()
  assert.equal(await v.dialog.getByLabel('Mensaje').inputValue(), '¿Abren el lunes?')
  await a.away()
  await v.dialog.getByText('Respondemos en cuanto podamos').waitFor()
  await v.dialog.getByLabel('Correo').fill('carla@example.com')
  await v.dialog.getByRole('button', {name: 'Enviar mensaje'}).click()
  await v.dialog.getByText('¡Gracias!').waitFor()
  await a.online()
  await v.dialog.getByRole('button', {name: 'Comenzar'}).waitFor()
  await v.close()
})

// dxos/dxos#11757, w3c/web-locks#4
for (const [how, hang] of [['shows a dialog', () => setTimeout(() => alert('¿Quieres un descuento?'), 50)],
  ['is busy', () => setTimeout(() => { console.info('busy'); for (const end = Date.now() + 30_000; Date.now() < end;); }, 50)]]) {
  test(`the leading tab ${how}: the tab that is seen gets the answer, and nobody gets anything twice`, async () => {
    const a = await w.account()
    w.page('/p', w.snippet(a))
    const v = await w.visit('/p')
    const shown = new Promise((done) => v.page.once('dialog', done))
    const busy = v.page.waitForEvent('console', {predicate: (line) => line.text() === 'busy', timeout: 0}).catch(() => {})
    await v.enter()
    await v.say('hola')
    const second = await v.context.newPage()
    await second.goto(w.url('/p'))
    const v2 = visitor(second, v.context)
    await v2.open()
    await v2.log.getByText('hola').waitFor()
    assert.equal((await second.evaluate(() => Chat('diagnose'))).transport, 'another tab')
    await v.page.evaluate(hang)
    await (how === 'shows a dialog' ? shown : busy)
    await a.reply('la respuesta')
    await v2.log.getByText('la respuesta').waitFor({timeout: 20_000})
    assert.equal((await second.evaluate(() => Chat('diagnose'))).transport, 'stream')
    if (how === 'shows a dialog') await (await shown).accept()
    // The tab that hung follows the one that leads now.
    await until('the end of it', async () => (await v.page.evaluate(() => Chat('diagnose'))).transport === 'another tab', 60_000)
    await a.reply('y otra')
    for (const tab of [v, v2]) {
      await tab.log.getByText('y otra').waitFor()
      assert.equal(await tab.log.getByText('la respuesta').count(), 1)
    }
    await v.close()
  })
}

test('a text near the limit is counted, one beyond it stays in the field, and a refused one is changed in its place', async () => {
  const a = await w.account()
  w.page('/p', w.snippet(a))
  const v = await w.visit('/p')
  const refused = []
  v.page.on('response', (r) => r.request().method() === 'POST' && r.url().endsWith('/messages') && r.status() === 422 && refused.push(r))
  await v.enter()
  await v.box.fill('a'.repeat(3700))
  assert.equal(await v.dialog.getByText(/ \/ 4000/).count(), 0)
  await v.box.fill('😀'.repeat(3950))
  await v.dialog.getByText('3950 / 4000').waitFor()
  await v.box.fill('a'.repeat(4001))
  await v.dialog.getByText('4001 / 4000').waitFor()
  await v.box.press('Enter')
  assert.equal((await v.box.inputValue()).length, 4001)
  await v.box.fill('')
  await v.say('antes')

  // The server refuses what it knows and this widget does not.
  await v.box.fill('mal\u0007a')
  await v.box.press('Enter')
  const bad = v.dialog.locator('.msg.bad')
  await bad.getByRole('button', {name: 'Editar'}).waitFor()
  await v.say('después')
  await v.page.reload()
  await bad.getByRole('button', {name: 'Editar'}).waitFor()
  assert.deepEqual(await v.dialog.locator('.msg .bubble').allTextContents(), ['antes', 'mal\u0007a', 'después'])
  assert.equal(refused.length, 1, 'a reload posts it again')
  await v.box.fill('un borrador')
  await bad.getByRole('button', {name: 'Editar'}).click()
  const field = bad.getByRole('textbox')
  await field.press('Escape')
  assert.ok(await v.dialog.isVisible())
  await bad.getByRole('button', {name: 'Editar'}).click()
  await field.fill('bien')
  await field.press('Enter')
  await bad.waitFor({state: 'detached'})
  await until('the message', async () => (await a.messages()).map((m) => m.text).join() === 'antes,después,bien')
  assert.deepEqual(await v.dialog.locator('.msg .bubble').allTextContents(), ['antes', 'después', 'bien'])
  assert.equal(await v.box.inputValue(), 'un borrador')
  await v.close()
})

const welcome = {enabled: true, delaySeconds: 0, repeatMinutes: 60, existing: true, devices: 'all', text: '¿Te ayudo?', author: 'Ana'}

// RocketChat/Rocket.Chat#12068, fightforthefuture/idl-members#18
test('who ignores the welcome is not greeted again on the next page before repeatMinutes, and nothing else is stored', async () => {
  const a = await w.account({welcome, notification: {reply: true, count: 1}})
  for (const path of ['/p1', '/p2']) w.page(path, w.snippet(a))
  const v = await w.visit('/p1')
  await v.notice.getByText('¿Te ayudo?').waitFor()
  for (const path of ['/p2', '/p1', '/p2']) {
    await v.page.goto(w.url(path))
    await v.launcher.waitFor()
    await until('the app', () => v.page.evaluate(() => Chat('diagnose').transport))
    await v.page.waitForTimeout(500)
    assert.equal(await v.notice.getByText('¿Te ayudo?').count(), 0, path)
  }
  assert.deepEqual(await v.page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]), [[`charla:${a.key}:welcome`], [], ''])
  // After it, or when a clock that was wrong is right again, one is greeted.
  for (const at of [Date.now() - 61 * 60_000, Date.now() + 3e9]) {
    await v.page.evaluate(([key, at]) => localStorage.setItem(`charla:${key}:welcome`, at), [a.key, String(at)])
    await v.page.reload()
    await v.notice.getByText('¿Te ayudo?').waitFor()
  }
  await v.close()
})
