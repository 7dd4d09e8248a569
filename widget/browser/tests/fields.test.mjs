// What visitors paste into fields, and on what they do it.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import {world} from '../lib/page.mjs'

const w = world({before, after})
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function visit(chat, options) {
  const account = await w.server.account({chat})
  await account.online()
  return {account, v: await w.visit(account, options)}
}

async function paste(field, text) {
  await field.focus()
  await field.page().keyboard.insertText(text)
}

for (const [pasted, right] of [
  ['RUT: 12.000.006-3', '12.000.006-3'], ['RUN 12 . 000 . 006 - 3', '12.000.006-3'], ['\u202a12.000.006\u20143\u202c', '12.000.006-3'],
  ['１２０００００６-３', '12.000.006-3'], ['112.000.006-3', null], ['12.000.006-33', null], ['12.000.006-3 o 6-K', null],
]) {
  test(`R6.4 a RUT pasted as ${JSON.stringify(pasted)}: that RUT, or a problem, never another`, async () => {
    const {account, v} = await visit({askRUT: true})
    await v.open()
    await v.dialog.getByLabel('Nombre').fill('Carla')
    const field = v.dialog.getByLabel('RUT')
    await paste(field, pasted)
    assert.equal(await field.inputValue(), right ?? pasted, 'nothing is cut')
    assert.equal(await field.evaluate((el) => el.classList.contains('good')), !!right)
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    if (right) {
      await v.say('hola')
      assert.equal((await account.tickets())[0].customer.rut, '12000006-3')
    } else await v.dialog.getByText('Revisa el RUT').waitFor()
    await v.close()
  })
}

for (const [pasted, kept] of [
  ['\u202d+56 9 1234 5678\u202c', '+56912345678'], ['+56\u20099\u20091234\u20095678', '+56912345678'], ['+56 9 1234 5678 anexo 3', '+56 9 1234 5678 anexo 3'],
  ['tel:+56912345678', 'tel:+56912345678'], ['tarde: 912345678', 'tarde: 912345678'],
]) {
  test(`R6.4 a telephone pasted as ${JSON.stringify(pasted)} keeps nobody out`, async () => {
    const {account, v} = await visit({askPhone: true})
    await v.open()
    await v.dialog.getByLabel('Nombre').fill('Carla')
    await paste(v.dialog.getByLabel('Teléfono'), pasted)
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    await v.say('hola')
    assert.equal((await account.tickets())[0].customer.phone, kept)
    await v.close()
  })
}

test('R6.4 what is too long stays in its field, and the problem stands there', async () => {
  const {v} = await visit({askPhone: true})
  await v.open()
  const long = 'x'.repeat(120)
  await paste(v.dialog.getByLabel('Nombre'), long)
  await paste(v.dialog.getByLabel('Teléfono'), long)
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.dialog.getByText('Tiene más de 100 caracteres.').waitFor()
  await v.dialog.getByText('Tiene más de 40 caracteres.').waitFor()
  for (const label of ['Nombre', 'Teléfono']) {
    assert.equal(await v.dialog.getByLabel(label).inputValue(), long)
    assert.equal(await v.dialog.getByLabel(label).getAttribute('aria-invalid'), 'true')
  }
  await v.close()
})

test('a name that shows nothing is missing', async () => {
  const {v} = await visit()
  await v.open()
  for (const name of ['\u3164', '\u2800\ufe0f', '\u034f\u200b']) {
    await v.dialog.getByLabel('Nombre').fill(name)
    await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
    await v.dialog.getByText('Falta este dato.').waitFor()
    await v.dialog.getByLabel('Nombre').fill('Ana')
    await v.dialog.getByText('Falta este dato.').waitFor({state: 'hidden'})
  }
  await v.close()
})

test('R6.9 a browser with a language that nobody can read', async () => {
  const init = () => {
    for (const [key, value] of [['language', 'en-US@posix'], ['languages', ['en-US@posix', 'en']]]) Object.defineProperty(navigator, key, {get: () => value})
  }
  const {v} = await visit({locale: 'auto'}, {init})
  await v.page.getByRole('button', {name: 'Open the chat'}).click()
  await v.dialog.getByLabel('Name').fill('Carla')
  await v.dialog.getByRole('button', {name: 'Start'}).click()
  await v.dialog.getByRole('textbox', {name: 'Message'}).waitFor()
  assert.deepEqual(v.errors, [])
  await v.close()
})

const like = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0'
for (const [what, userAgent, touch, mobile] of [
  ['an iPad', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 5, true],
  ['a Mac', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 0, false],
  ['a tablet', `Mozilla/5.0 (Linux; Android 14; SM-X910) ${like} Safari/537.36`, 5, true],
  ['a television', `Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) ${like} Safari/537.36`, 0, false],
  ['a television that says mobile', `Mozilla/5.0 (Linux; Tizen 2.3; SmartTV) AppleWebKit/538.1 Mobile TV Safari/538.1`, 0, false],
  ['a Chromebook with a touch screen', `Mozilla/5.0 (Linux; Android 13; CrOS x86_64 15633.0.0) ${like} Safari/537.36`, 10, false],
  ['a laptop with a touch screen', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${like} Safari/537.36`, 10, false],
]) {
  test(`devices: ${what} is ${mobile ? 'mobile' : 'a computer'}`, async () => {
    const init = `Object.defineProperty(navigator, 'maxTouchPoints', {get: () => ${touch}})`
    const {v} = await visit({openOnLoad: {enabled: true, delaySeconds: 0, devices: 'mobile'}}, {init, context: {userAgent}})
    if (mobile) await v.dialog.waitFor()
    else {
      await v.launcher.waitFor()
      await pause(700)
      assert.equal(await v.dialog.count(), 0)
    }
    await v.close()
  })
}
