// The end of a conversation: who closed it, how it was, and how it begins anew (R14.1 to R14.3).
import assert from 'node:assert/strict'
import {readFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {after, before, test} from 'node:test'
import {engines} from '../lib/engines.mjs'
import {until} from '../lib/harness.mjs'
import {visitor, world} from '../lib/page.mjs'

const w = world({before, after})
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rating = {enabled: true, comment: true}
const rated = async (a) => (await a.tickets())[0].rating

/** A visitor in a conversation. */
async function talking(chat, options) {
  const a = await w.server.account({chat})
  await a.online()
  const v = await w.visit(a, options)
  await v.enter()
  await v.say('hola')
  return {a, v, end: v.dialog.locator('.end')}
}

async function accessible(v, state) {
  await v.page.evaluate(axe)
  const found = await v.page.evaluate(async () => {
    await Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {})))
    const {violations} = await window.axe.run({exclude: [['body > main'], ['body > header']]}, {resultTypes: ['violations']})
    return violations.map((x) => `${x.id}: ${x.nodes.map((n) => n.target.flat().join(' ')).join(', ')}`)
  })
  assert.deepEqual(found, [], state)
}

for (const scheme of ['light', 'dark']) {
  test(`an agent closes: it is said, rated once, thanked for, also after a reload (${scheme})`, async () => {
    const {a, v, end} = await talking({rating}, {page: {scheme}, context: {colorScheme: scheme}})
    await a.do('close')
    await end.getByText('Ana cerró la conversación.').waitFor()
    await accessible(v, 'asked')
    await v.page.reload()
    await end.getByText('Ana cerró la conversación.').waitFor()
    await end.getByText('¿Cómo fue la atención?').waitFor()
    assert.equal(await end.getByRole('radio').count(), 5)
    assert.equal(await end.getByRole('button', {name: 'Enviar'}).isVisible(), false, 'before a choice')
    await end.getByRole('radio', {name: '4 / 5'}).check({force: true})
    await accessible(v, 'chosen')
    await end.getByLabel('Comentario').fill('<img src=x onerror=alert(1)>\n"\'{{}} 🙂\u202Eabc')
    await end.getByRole('button', {name: 'Enviar'}).click()
    await end.getByText('Gracias por tu opinión.').waitFor()
    await accessible(v, 'thanked')
    assert.equal((await rated(a)).score, 4)
    assert.equal((await rated(a)).comment, '<img src=x onerror=alert(1)>\n"\'{{}} 🙂\u202Eabc')
    await v.page.reload()
    await end.getByText('Ana cerró la conversación.').waitFor()
    assert.equal(await end.getByText('¿Cómo fue la atención?').count(), 0, 'once')
    await end.getByRole('button', {name: 'Escribir de nuevo'}).click()
    await v.page.keyboard.type('otra cosa')
    await v.page.keyboard.press('Enter')
    await end.waitFor({state: 'hidden'})
    assert.equal((await a.tickets()).length, 2)
    assert.deepEqual(v.errors, [])
    await v.close()
  })
}

test('by keyboard alone: arrows choose, nothing is sent before Enter, the focus stays in the chat', async () => {
  const {a, v, end} = await talking({rating})
  await a.do('close')
  await end.getByText('¿Cómo fue la atención?').waitFor()
  await v.box.focus()
  const focused = () => v.page.evaluate(() => document.querySelector('charla-chat').shadowRoot.activeElement?.className ?? '')
  for (let i = 0; i < 8 && !/hidden/.test(await focused()); i++) await v.page.keyboard.press('Shift+Tab')
  await v.page.keyboard.press('Space')
  for (let i = 0; i < 2; i++) await v.page.keyboard.press('ArrowLeft')
  assert.equal(await end.getByRole('radio', {name: '4 / 5'}).isChecked() || await end.getByRole('radio', {name: '3 / 5'}).isChecked(), true)
  assert.equal(await rated(a), undefined)
  await v.page.keyboard.press('Enter')
  await end.getByText('Gracias por tu opinión.').waitFor()
  assert.match(await focused(), /end/)
  await v.close()
})

test('the visitor ends, where the account lets them, and is asked before', async () => {
  const {a, v, end} = await talking({visitorEnds: true, rating: {...rating, scale: 'thumbs', reasons: ['customer']}})
  const stop = v.dialog.getByRole('button', {name: 'Terminar la conversación'}).first()
  await stop.click()
  await accessible(v, 'asked whether to end')
  await end.getByRole('button', {name: 'Cancelar'}).click()
  await end.waitFor({state: 'hidden'})
  assert.equal((await a.tickets())[0].status, 'open')
  await stop.click()
  await end.getByRole('button', {name: 'Terminar la conversación'}).click()
  await end.getByText('Terminaste la conversación.').waitFor()
  assert.equal((await a.tickets())[0].reason, 'customer')
  assert.equal(await stop.isVisible(), false)
  await accessible(v, 'thumbs')
  await end.getByRole('radio', {name: 'Mal'}).check({force: true})
  await end.getByRole('button', {name: 'Enviar'}).click()
  await end.getByText('Gracias por tu opinión.').waitFor()
  assert.equal((await rated(a)).score, 1)
  await v.close()
})

test('without visitorEnds and rating: no button, no question; the company, not the agent', async () => {
  const {a, v, end} = await talking({writeAsCompany: true})
  assert.equal(await v.dialog.getByRole('button', {name: 'Terminar la conversación'}).count(), 0)
  await a.do('close')
  await end.getByText('Tienda cerró la conversación.').waitFor()
  assert.equal(await end.getByRole('radio').count(), 0)
  assert.equal(await v.dialog.getByText('Ana').count(), 0)
  await v.close()
})

test('the server is away: the rating goes out when it is back, once', async () => {
  const {a, v, end} = await talking({rating})
  await a.do('close')
  await end.getByRole('radio', {name: '2 / 5'}).check({force: true})
  const keys = []
  await v.page.route('**/rating', async (r) => {
    keys.push(r.request().postDataJSON().key)
    return keys.length < 3 ? r.abort() : r.continue()
  })
  await end.getByRole('button', {name: 'Enviar'}).click()
  await end.getByText('Gracias por tu opinión.').waitFor()
  assert.equal(new Set(keys).size, 1)
  assert.equal(keys.length, 3)
  assert.equal((await rated(a)).score, 2)
  await v.close()
})

test('a rating is stored and only the reply is lost: thanked for, and stored once', async () => {
  const {a, v, end} = await talking({rating})
  await a.do('close')
  await end.getByRole('radio', {name: '2 / 5'}).check({force: true})
  await v.page.route('**/rating', async (r) => {
    await r.fetch()
    return r.abort()
  })
  await end.getByRole('button', {name: 'Enviar'}).click()
  await end.getByText('Gracias por tu opinión.').waitFor()
  const {score, changes} = await rated(a)
  assert.deepEqual({score, changes}, {score: 2, changes: undefined})
  await v.close()
})

test('what is refused is said, and can be sent again', async () => {
  const {a, v, end} = await talking({rating})
  await a.do('close')
  await end.getByRole('radio', {name: '5 / 5'}).check({force: true})
  await end.getByLabel('Comentario').fill('ñ'.repeat(1001))
  await end.getByRole('button', {name: 'Enviar'}).click()
  await end.getByRole('alert').filter({hasText: /./}).waitFor()
  assert.equal(await rated(a), undefined)
  await end.getByLabel('Comentario').fill('bien')
  await end.getByRole('button', {name: 'Enviar'}).click()
  await end.getByText('Gracias por tu opinión.').waitFor()
  await v.close()
})

test('two tabs: one answers, the other asks no more', async () => {
  const {a, v, end} = await talking({rating})
  const page = await v.context.newPage()
  await page.goto(a.page())
  const other = visitor(page, v.context)
  await other.open()
  await a.do('close')
  const there = other.dialog.locator('.end')
  await there.getByText('¿Cómo fue la atención?').waitFor()
  await end.getByRole('radio', {name: '5 / 5'}).check({force: true})
  await end.getByRole('button', {name: 'Enviar'}).click()
  await end.getByText('Gracias por tu opinión.').waitFor()
  await there.getByText('¿Cómo fue la atención?').waitFor({state: 'detached'})
  await v.close()
})

test('texts of the account, in the language of the visitor, as text', async () => {
  const hostile = '<b onclick=alert(1)>¿Bien?</b>'
  for (const [locale, by, anew] of [['en-US', 'Ana closed the conversation.', 'Write again'], ['pt-BR', 'Ana encerrou a conversa.', 'Escrever de novo']]) {
    const a = await w.server.account({chat: {locale: 'auto', anonymous: true, rating: {...rating, question: {es: 'no', en: hostile, pt: hostile}}}})
    await a.online()
    const v = await w.visit(a, {context: {locale}})
    await v.open()
    const box = v.dialog.locator('textarea').first()
    await box.fill('hola')
    await box.press('Enter')
    await until('stored', async () => (await a.tickets()).length)
    await a.do('close')
    const end = v.dialog.locator('.end')
    await end.getByText(by).waitFor()
    await end.getByText(hostile).waitFor()
    await end.getByRole('button', {name: anew}).waitFor()
    await v.page.reload()
    await end.getByText(hostile).waitFor() // anonymous, too
    await v.close()
  }
})

for (const engine of engines) {
  test(`${engine.name}: a conversation is closed and rated`, async () => {
    const e = await engine.start()
    try {
      const a = await w.server.account({chat: {anonymous: true, rating}})
      await a.online()
      await e.goto(a.page())
      await e.run(async () => {
        window.until = async (f) => {
          for (let i = 0; i < 400; i++) {
            const got = f()
            if (got) return got
            await new Promise((done) => setTimeout(done, 25))
          }
          throw new Error(String(f))
        }
        const root = (window.root = await window.until(() => document.querySelector('charla-chat')?.shadowRoot))
        ;(await window.until(() => root.querySelector('.launcher'))).click()
        const box = await window.until(() => root.querySelector('textarea'))
        box.value = 'hola'
        box.dispatchEvent(new Event('input', {bubbles: true}))
        root.querySelector('.send').click()
      })
      await until('stored', async () => (await a.tickets()).length)
      await a.do('close')
      const said = await e.run(async () => {
        const {root, until} = window
        const radio = await until(() => root.querySelectorAll('.end input')[2])
        radio.click()
        root.querySelector('.end [type=submit]').click()
        await until(() => root.querySelector('.end').textContent.includes('Gracias'))
        return root.querySelector('.end p').textContent
      })
      assert.equal(said, 'Ana cerró la conversación.')
      assert.equal((await rated(a)).score, 3)
    } finally {
      await e.stop()
    }
  })
}

/** Has what a visitor posts to a path get no answer, until it is let through; returns what was asked. */
async function cut(v, path) {
  const to = {asked: 0, down: true}
  await v.page.clock.install()
  await v.page.route('**/' + path, (r) => {
    to.asked++
    return to.down ? r.abort() : r.continue()
  })
  return to
}

/** Lets it through, and time pass; a message of the visitor's is answered after whatever else was posted by then. */
async function passes(v, to, text) {
  to.down = false
  await v.page.clock.fastForward(120_000)
  await v.say(text)
}

async function another(v, name) {
  await v.page.evaluate(() => window.Chat('logout'))
  await v.dialog.getByLabel('Nombre').fill(name)
  await v.dialog.getByLabel('Correo').fill(name + '@example.com')
  await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
  await v.box.waitFor()
  await v.say('hola, soy ' + name)
}

const asksToEnd = async (v, to) => {
  await v.dialog.getByRole('button', {name: /Terminar/}).first().click()
  await v.dialog.locator('.end .primary').click()
  await until('it is asked', () => to.asked)
}

for (const [what, goesOn, between] of [
  ['nothing else happens', true, async () => {}],
  ['the visitor thinks better of it', false, (v) => v.dialog.locator('.end').getByRole('button', {name: 'Cancelar'}).click()],
  ['another visitor has come', false, (v) => another(v, 'bruno')],
  [
    'it is another ticket',
    false,
    async (v, a) => {
      await a.do('close')
      await v.dialog.getByText('Ana cerró la conversación.').waitFor()
      await v.say('otra pregunta')
    },
  ],
])
  test(`an end that cannot be posted: ${what}`, async () => {
    const {a, v} = await talking({visitorEnds: true})
    const to = await cut(v, 'end')
    await asksToEnd(v, to)
    await between(v, a)
    const open = (await a.tickets()).filter((t) => t.status === 'open').length
    const asked = to.asked
    if (goesOn) {
      to.down = false
      await v.page.clock.fastForward(120_000)
      await v.dialog.getByText('Terminaste la conversación.').waitFor()
    } else {
      await passes(v, to, 'sigo aquí')
      assert.equal(to.asked, asked, 'not posted again')
      assert.equal((await a.tickets()).filter((t) => t.status === 'open').length, open)
    }
    await v.close()
  })

test('a rating that cannot be posted is not another visitor\'s', async () => {
  const {a, v, end} = await talking({rating})
  const first = (await a.tickets())[0].ref.conversation
  await a.do('close')
  const to = await cut(v, 'rating')
  await end.getByRole('radio', {name: '1 / 5'}).check({force: true})
  await end.getByLabel('Comentario').fill('mi RUT es 12.345.678-5')
  await end.getByRole('button', {name: 'Enviar'}).click()
  await until('it is asked', () => to.asked)
  await another(v, 'bruno')
  const next = (await a.tickets()).find((t) => t.ref.conversation !== first)
  await a.do('close', {conversation: next.ref.conversation})
  await end.getByText('¿Cómo fue la atención?').waitFor()
  assert.equal(await end.getByRole('radio', {checked: true}).count(), 0)
  const asked = to.asked
  await passes(v, to, 'otra cosa')
  assert.equal(to.asked, asked, 'not posted again')
  assert.deepEqual((await a.tickets()).map((t) => t.rating).filter(Boolean), [])
  await v.close()
})
