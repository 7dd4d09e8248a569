// The whole path: a visitor writes, a ticket is there, an agent answers, the
// ticket closes by itself; and the server dies in the middle.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {startBrowser, startServer, until} from '../lib/harness.mjs'

let server, browser
before(async () => { [server, browser] = await Promise.all([startServer(), startBrowser()]) })
after(() => Promise.all([browser?.close(), server?.stop()]))

test('visitor, ticket, answer, close', async () => {
  const account = await server.account({
    automation: {
      newCustomer: {enabled: true, messages: ['Bienvenida, {customer}.']},
      manualClose: {enabled: true, messages: ['Gracias por escribir.']},
    },
  })
  await account.online()
  const page = await browser.newPage()
  await page.goto(account.page())
  await page.getByRole('button', {name: 'Abrir el chat'}).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Nombre').fill('Carla')
  await dialog.getByLabel('Correo').fill('carla@example.com')
  await dialog.getByRole('button', {name: /iniciar|comenzar|empezar/i}).click()
  const box = dialog.getByRole('textbox', {name: /mensaje/i})
  await box.fill('¿Dónde está mi pedido?')
  await box.press('Enter')
  await dialog.getByText('Bienvenida, Carla.').waitFor()
  const [ticket] = await account.tickets()
  assert.equal(ticket.status, 'open')
  assert.equal(ticket.customer.name, 'Carla')
  await account.reply('Salió esta mañana.')
  await dialog.getByText('Salió esta mañana.').waitFor()

  await server.kill()
  await box.fill('Gracias')
  await box.press('Enter')
  await server.start()
  await until('the message that was written while the server was dead', async () =>
    (await account.messages()).some((m) => m.text === 'Gracias'), 40_000)
  await account.reply('De nada.')
  await dialog.getByText('De nada.').waitFor({timeout: 40_000})
  await account.do('close')
  await dialog.getByText('Gracias por escribir.').waitFor()
  const texts = (await account.messages()).map((m) => m.text)
  assert.deepEqual(texts, ['¿Dónde está mi pedido?', 'Bienvenida, Carla.', 'Salió esta mañana.', 'Gracias', 'De nada.', 'Gracias por escribir.'])
  for (const text of texts) assert.equal(await dialog.getByText(text, {exact: true}).count(), 1, text)
  await page.close()
})
