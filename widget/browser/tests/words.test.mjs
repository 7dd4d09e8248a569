// The console in Portuguese and English on a phone: no page has words of another language, is wider
// than the screen, or says something over its buttons.
import assert from 'node:assert/strict'
import {readdirSync, readFileSync} from 'node:fs'
import {after, before, test} from 'node:test'
import {world} from '../lib/page.mjs'

const w = world({before, after})
const folder = new URL('../../../console/words/', import.meta.url)
const rows = readdirSync(folder).flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trimEnd().split('\n').map((line) => line.split(' | ')))

/** Words that only the other languages have. */
const foreign = {
  pt: /\b(el|los|las|y|una|del|con|según|cuándo|the|and|of|with|your|is|are)\b|[¿¡ñ]/i,
  en: /\b(el|los|las|una|del|con|según|cuándo|você|não|uma|dos|das|seu|sua|são|é)\b|[¿¡ñãõç]/i,
}
const pattern = (text) => new RegExp('^' + text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%[ds]/g, '.+').replace(/%%/g, '%') + '$')

/** What of the texts is in another language than the page's. */
function leftovers(texts, lang) {
  const column = {en: 1, pt: 2}[lang]
  const own = rows.map((row) => pattern(row[column]))
  const others = rows.flatMap((row) => row.filter((text, i) => i !== column && text !== row[column]))
    .filter((text) => !/^[^a-záéíóú]*%[ds][^a-záéíóú]*$/i.test(text)).map(pattern)
  return texts.filter((text) => !own.some((one) => one.test(text)) && (foreign[lang].test(text) || others.some((one) => one.test(text))))
}

/** The texts of the page, hidden ones and those of attributes too, but what people typed. */
const textsOf = (page) => page.evaluate(() => {
  const all = []
  const theirs = 'textarea, script, style, code, kbd, #zones, [lang]:not(html), .bubble, .snippet, [data-show], .file, [data-theirs], .chip.cat'
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT)
  for (let n = walk.nextNode(); n; n = walk.nextNode()) if (!n.parentElement.closest(theirs) && !['Español', 'English', 'Português'].includes(n.data.trim())) all.push(n.data)
  for (const e of document.querySelectorAll('*')) {
    for (const a of e.attributes) if (/^(title|placeholder|alt|aria-label|label|data-words-.*|data-does-.*|data-note|data-touch)$/.test(a.name) && !e.closest('[lang]:not(html), #zones')) all.push(a.value)
  }
  return [...new Set(all.map((t) => t.replace(/\s+/g, ' ').trim()).filter(Boolean))]
})

test('the check finds what is left of another language', () => {
  assert.deepEqual(leftovers(['Caixa de entrada', 'Bandeja', 'Inbox', 'SLA', 'Carla', '3 abiertos', '3 abertos', '¿Qué?', 'Save changes'], 'pt'), ['Bandeja', 'Inbox', '3 abiertos', '¿Qué?', 'Save changes'])
  assert.deepEqual(leftovers(['Inbox', 'Caixa de entrada', 'Tickets', 'Contas'], 'en'), ['Caixa de entrada', 'Contas'])
})

for (const [lang, locale] of [['pt', 'pt-BR'], ['en', 'en-GB']]) {
  test(`every page in ${lang}, at 390 pixels`, async () => {
    const ana = {ID: 'ana', Name: 'Ana'}
    await w.server.do({do: 'login', agent: ana, role: 3})
    const a = await w.server.account({
      chat: {locale: lang},
      automation: {newCustomer: {enabled: true, messages: ['OK']}, outOfHours: {enabled: true, messages: ['OK']}, autoClose: {enabled: true, after: {value: 1, unit: 'hours'}}},
      hours: {timezone: 'America/Sao_Paulo', weekly: [{day: 'monday', open: '09:00', close: '09:01'}]},
      quality: {sla: {value: 1, unit: 'seconds'}},
      general: {important: {enabled: true, keywords: ['xyz']}, notify: {tickets: 'all', to: ['a@example.com']}},
    })
    await w.server.account({}, {name: 'Loja 2', domain: 'shop.example'})
    await w.server.account({}, {name: 'Loja 2', domain: 'www.shop.example'})
    await a.online()
    const v = await w.visit(a)
    const enter = {pt: ['Nome', 'E-mail', 'Começar', 'Mensagem'], en: ['Name', 'E-mail', 'Start', 'Message']}[lang]
    await v.open()
    await v.dialog.getByLabel(enter[0]).fill('Carla')
    await v.dialog.getByLabel(enter[1]).fill('carla@example.com')
    await v.dialog.locator('form button[type=submit], form button.primary, form button:not([type=button])').first().click()
    const box = v.dialog.getByRole('textbox', {name: enter[3]})
    await box.fill('xyz')
    await box.press('Enter')
    await v.log.getByText('xyz').waitFor()

    const context = await w.browser.newContext({locale, viewport: {width: 390, height: 844}})
    await context.addCookies([{name: 'who', value: ana.ID, url: w.server.host}])
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(String(error)))
    const desk = `${w.server.host}/desk`, account = `${desk}/a/${a.id}`, found = []
    const look = async (what) => {
      assert.equal(await page.locator('html').getAttribute('lang'), lang, what)
      for (const text of leftovers(await textsOf(page), lang)) found.push(`${what}: ${text}`)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth
        ? [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName}.${e.className} ${e.name ?? ''} ${e.textContent.trim().slice(0, 40)}`).slice(0, 12) : null)
      if (wide) found.push(`${what} is wider than the phone: ${wide.join(', ')}`)
    }
    const go = async (path) => { await page.goto(path); await look(path.slice(desk.length)) }
    await go(`${account}/inbox`)
    const row = await page.locator('.row').first().getAttribute('href')
    for (const view of ['mine', 'unassigned', 'waiting', 'delayed', 'important', 'ignored', 'closed', 'all']) await go(`${account}/inbox?view=${view}`)
    await go(`${account}/inbox?q=nada`)
    await go(`${desk}/inbox`)
    await go(new URL(row, `${account}/inbox`).href)
    for (const details of await page.locator('details').all()) await details.evaluate((d) => { d.open = true })
    await look('the ticket with all that opens')
    for (const details of await page.locator('details.menu').all()) await details.evaluate((d) => { d.open = false })
    await page.locator('#dry-text').fill('xyz')
    await page.locator('#dry button').click()
    await page.locator('.dry').waitFor()
    await look('what would happen')
    const reply = page.locator('#reply')
    await reply.fill('OK')
    await page.locator('[data-composer] button.primary').click()
    await page.locator('.msg.agent').waitFor()
    await look('the answered ticket')
    await reply.evaluate((b) => b.removeAttribute('maxlength'))
    await reply.fill('x'.repeat(5000))
    await page.locator('[data-composer] button.primary').click()
    const toast = page.locator('.toast.bad')
    await toast.waitFor()
    await look('a refusal')
    assert.deepEqual(await page.evaluate(() => {
      const t = document.querySelector('.toast').getBoundingClientRect()
      return [...document.querySelectorAll('.composer button, .bar button, .bar summary, .bar a')].filter((b) => {
        const r = b.getBoundingClientRect()
        return r.width && r.left < t.right && r.right > t.left && r.top < t.bottom && r.bottom > t.top
      }).map((b) => b.textContent)
    }), [], 'it is over no button')
    for (const path of ['contacts', 'outbox', 'outbox?state=dead', 'outbox?state=unknown', 'outbox?state=pending', 'report', 'report?by=agent', 'report?by=team', 'report?by=category', 'report?by=hour', 'report?by=weekday', 'report?from=2026-01-02&to=2026-01-01', 'nothing']) await go(`${account}/${path}`)
    await go(`${desk}/channels`)
    assert.match(await page.locator('main').innerText(), /shop\.example/)
    await go(`${desk}/channels/${a.id}/history`)
    await go(`${desk}/channels/${a.id}`)
    await page.locator('[name="chat.domain"]').fill('x y')
    await page.locator('[name="quality.sla.value"]').fill('z')
    await page.locator('.savebar button').click()
    await page.locator('.banner.bad').waitFor()
    await look('refused settings')
    assert.deepEqual(found, [])
    assert.deepEqual(errors, [])
    await context.close()
    await v.close()
  })
}
