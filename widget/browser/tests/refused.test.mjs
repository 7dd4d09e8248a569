// Outages and refusals on the way to the server.
import assert from 'node:assert/strict'
import {after, afterEach, before, test} from 'node:test'
import {until} from '../lib/harness.mjs'
import {world} from '../lib/page.mjs'
import {startProxy} from '../lib/proxy.mjs'

const proxy = await startProxy()
const w = world({before, after}, {proxy})
after(() => proxy.stop())
afterEach(() => {
  proxy.refuse = () => undefined
  proxy.refused.length = 0
})

async function visit() {
  const a = await w.server.account()
  await a.online()
  const v = await w.visit(a)
  await v.enter()
  await v.say('hola')
  return [a, v]
}

const rows = async (v) => (await v.log.locator('.bubble').allInnerTexts()).map((t) => t.trim())
const reads = (req) => req.method === 'GET' && /stream|messages/.test(req.url)
const raw = /TypeError|SyntaxError|fetch|NetworkError|html|refused/i

test('R8.3 what the agent wrote during an outage is shown, although a later message of the visitor is already there', async () => {
  const [a, v] = await visit()
  proxy.refuse = () => 'cut'
  proxy.cut()
  await v.box.fill('¿siguen ahí?')
  await v.box.press('Enter')
  await a.reply('sí, dime')
  const reply = (await a.messages()).at(-1).seq
  proxy.refuse = (req) => reads(req) && 'cut'
  await v.log.locator('.msg.own', {hasText: '¿siguen ahí?'}).getByText('Enviado').waitFor({timeout: 40_000})
  assert.deepEqual(await rows(v), ['hola', '¿siguen ahí?'], 'the reply has not been told yet')
  assert.ok((await a.do('marks')).customer < reply, 'what was not shown is not read')
  proxy.refuse = () => undefined
  await v.log.getByText('sí, dime').waitFor({timeout: 60_000})
  assert.deepEqual(await rows(v), ['hola', 'sí, dime', '¿siguen ahí?'])
  await until('the mark', async () => (await a.do('marks')).customer >= reply)
  await v.close()
})

async function write(a, v, text) {
  await v.box.fill(text)
  await v.box.press('Enter')
  await until(text, async () => (await a.messages()).some((m) => m.text === text), 40_000)
}

async function attach(v, name, size) {
  const [chooser] = await Promise.all([v.page.waitForEvent('filechooser'), v.dialog.getByRole('button', {name: 'Adjuntar un archivo'}).click()])
  await chooser.setFiles({name, mimeType: 'text/plain', buffer: Buffer.alloc(size, 'a')})
}

for (const [name, refusal] of [
  ['413 that scripts cannot read', 413], ['413', {status: 413, open: true}],
]) {
  test(`a file that a proxy refuses by a ${name} fails for good, and texts pass it`, async () => {
    const [a, v] = await visit()
    proxy.refuse = (_, body) => body.length > 1 << 20 && refusal
    await attach(v, 'grande.txt', 2 << 20)
    await until('a refusal', () => proxy.refused.length > 0)
    await write(a, v, '¿recibieron el archivo?')
    const failed = v.log.locator('.msg.own', {hasText: 'grande.txt'})
    await failed.getByText('El archivo no se envió.').waitFor({timeout: 60_000})
    assert.doesNotMatch(await v.log.innerText(), raw)
    const uploads = proxy.refused.length
    assert.ok(uploads <= 4, `${uploads} uploads`)
    await write(a, v, 'otra cosa')
    await attach(v, 'chico.txt', 100)
    await until('the small file', async () => (await a.messages()).some((m) => m.file?.name === 'chico.txt'), 40_000)
    assert.equal(proxy.refused.length, uploads, 'it is not sent again')
    proxy.refuse = () => undefined
    await failed.getByRole('button', {name: 'Reintentar'}).click()
    await until('the file', async () => (await a.messages()).some((m) => m.file?.name === 'grande.txt'), 40_000)
    await v.close()
  })
}

for (const [name, refusal] of [
  ['page that scripts cannot read', 403], ['login page', {status: 401, open: true}], ['page in place of the answer', {status: 200, open: true}],
]) {
  test(`a text that a firewall refuses by a ${name} fails for good, and ends neither the session nor other texts`, async () => {
    const [a, v] = await visit()
    proxy.refuse = (req, body) => req.method === 'POST' && body.includes('DROP TABLE') && refusal
    await v.box.fill("'; DROP TABLE pedidos")
    await v.box.press('Enter')
    const failed = v.log.locator('.msg.own', {hasText: 'DROP TABLE'})
    await write(a, v, 'después')
    await failed.getByText('No se envió.').waitFor({timeout: 60_000})
    assert.doesNotMatch(await v.log.innerText(), raw)
    assert.ok(proxy.refused.length <= 4)
    await a.reply('dime')
    await v.log.getByText('dime').waitFor()
    await v.close()
  })
}

test('pages of a proxy in place of every answer are an outage: nothing fails, nothing is lost, the order stays', async () => {
  const [a, v] = await visit()
  proxy.refuse = () => ({status: 502, open: true})
  proxy.cut()
  for (const text of ['uno', 'dos']) {
    await v.box.fill(text)
    await v.box.press('Enter')
  }
  await until('some tries', () => proxy.refused.filter((r) => r.startsWith('POST')).length > 4, 60_000)
  assert.equal(await v.log.getByRole('button', {name: 'Reintentar'}).count(), 0)
  await v.dialog.getByText('Reconectando…').waitFor()
  assert.doesNotMatch(await v.dialog.innerText(), raw)
  proxy.refuse = () => undefined
  await until('both', async () => (await a.messages()).length === 3, 60_000)
  assert.deepEqual((await a.messages()).map((m) => m.text), ['hola', 'uno', 'dos'])
  await v.close()
})
