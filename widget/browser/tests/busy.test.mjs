// The console on a busy day: what the inbox costs with 10,000 open tickets, and axe and
// Lighthouse on each of its pages.
import assert from 'node:assert/strict'
import {mkdir, readFile} from 'node:fs/promises'
import {createRequire} from 'node:module'
import {after, before, test} from 'node:test'
import {brotliCompressSync} from 'node:zlib'
import lighthouse from 'lighthouse'
import puppeteer from 'puppeteer-core'
import {flags, program} from '../lib/harness.mjs'
import {png, world} from '../lib/page.mjs'

const w = world({before, after})
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const ana = {ID: 'ana', Name: 'Ana'}, bruno = {ID: 'bruno', Name: 'Bruno Ordóñez'}
/** A folder that the pages are drawn into, if one is named. */
const shots = process.env.CHARLA_SHOTS
/** In which language, theme and width pages are looked at; whoever draws them, in each. */
const looks = !shots ? [['es', 'light', 1440], ['pt', 'dark', 1024], ['en', 'light', 390]]
  : ['es', 'en', 'pt'].flatMap((lang) => ['light', 'dark'].flatMap((theme) => [1440, 1024, 390].map((width) => [lang, theme, width])))

/** The longest task of a page's thread, in milliseconds of its processor. */
function longest(events) {
  const pages = events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain')
  const tasks = events.filter((e) => e.name.endsWith('RunTask') && e.tdur && pages.some((p) => p.pid === e.pid && p.tid === e.tid))
  return Math.max(...tasks.map((e) => e.tdur)) / 1000
}

test('an inbox with 10,000 open tickets: at most 60 KB, nothing shifts, no other host', async () => {
  await w.server.do({do: 'login', agent: ana, role: 1})
  const a = await w.server.account()
  await a.do('many', {seq: 10_000, text: 'hola, ¿dónde está mi pedido?'})
  const [ticket] = await a.tickets()
  const rounds = []
  for (let i = 0; i < 5; i++) {
    const context = await w.browser.newContext({locale: 'es-CL', viewport: {width: 1440, height: 900}})
    await context.addCookies([{name: 'who', value: ana.ID, url: w.server.host}])
    const page = await context.newPage()
    await page.addInitScript(() => {
      globalThis.shift = 0
      new PerformanceObserver((list) => { for (const e of list.getEntries()) globalThis.shift += e.value }).observe({type: 'layout-shift', buffered: true})
    })
    const bodies = [], hosts = new Set()
    page.on('request', (request) => hosts.add(new URL(request.url()).origin))
    page.on('response', (response) => {
      if (response.status() === 200 && !response.url().includes('/events')) bodies.push(response.body().then((body) => brotliCompressSync(body).length))
    })
    await w.browser.startTracing(page, {categories: ['toplevel', 'devtools.timeline']})
    const read = page.waitForResponse('**/read')
    await page.goto(`${w.server.host}/desk/a/${a.id}/inbox/${ticket.ref.conversation}/${ticket.ref.number}`)
    await page.locator('#messages').getByText('hola').waitFor()
    await read
    const shift = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(globalThis.shift)))))
    const task = longest(JSON.parse(await w.browser.stopTracing()).traceEvents)
    const bytes = (await Promise.all(bodies)).reduce((sum, n) => sum + n, 0)
    assert.deepEqual([...hosts], [w.server.host])
    rounds.push({shift, task, bytes})
    await context.close()
  }
  const median = (of) => rounds.map(of).sort((x, y) => x - y)[2]
  console.log(`list and ticket: ${median((r) => r.bytes)} B by brotli, longest task ${median((r) => r.task)} ms of the processor`)
  assert.ok(median((r) => r.bytes) < 60_000)
  assert.equal(median((r) => r.shift), 0)
})

/** Two accounts after a day's work, and the pages of the first by name, below the console's root. */
async function day() {
  for (const agent of [ana, bruno]) await w.server.do({do: 'login', agent, role: 3})
  const a = await w.server.account({
    general: {categories: ['Ventas', 'Despacho', 'Cambios y devoluciones']}, quality: {sla: {value: 5, unit: 'minutes'}},
    chat: {contactForm: {enabled: true, email: {enabled: true, address: 'hola@example.com'}}},
  }, {name: 'Tienda Los Aromos'})
  const other = await w.server.account({}, {name: 'Café de la Esquina'})
  const form = await w.visit(a)
  await form.open()
  await form.dialog.getByLabel('Correo').fill('marta@example.com')
  await form.dialog.getByRole('textbox', {name: 'Mensaje'}).fill('¿Hacen envíos a Punta Arenas?')
  await form.dialog.getByRole('button', {name: 'Enviar mensaje'}).click()
  await form.close()
  await a.online()
  await other.do('many', {seq: 3, text: '¿abren hoy?'})
  await a.do('many', {seq: 12, text: 'Hola, ¿dónde está mi pedido?'})
  const all = await a.tickets(), on = (t) => ({conversation: t.ref.conversation})
  await a.reply('Buenos días. Lo reviso ahora mismo.', on(all[0]))
  await a.do('note', {text: 'Pagó dos veces: avisar a contabilidad.', ...on(all[0])})
  await a.do('attach', {text: 'etiqueta de despacho.pdf', image: Buffer.from('%PDF-1.7 x').toString('base64'), ...on(all[0])})
  await a.do('attach', {text: 'cafetera.png', image: png(64), ...on(all[0])})
  await a.do('take', {agent: bruno, ...on(all[1])})
  for (const t of all.slice(9)) {
    await a.reply('Llega mañana antes de las 14 h.', on(t))
    await a.do('close', on(t))
  }
  const ticket = (t) => `a/${a.id}/inbox/${t.ref.conversation}/${t.ref.number}`
  const pages = {
    'all accounts': 'inbox', 'list': `a/${a.id}/inbox`, 'nothing found': `a/${a.id}/inbox?q=nada+de+esto`, 'search': `a/${a.id}/inbox?q=pedido`,
    'conversation': ticket(all[0]), "a colleague's": ticket(all[1]), 'closed': ticket(all[11]),
    'forms': `a/${a.id}/contacts`, 'quick replies': `a/${a.id}/replies`, 'report': `a/${a.id}/report`, 'sent': `a/${a.id}/outbox`,
    'accounts': 'channels', 'settings': `channels/${a.id}`, 'not found': 'channels/nothing',
  }
  return {a, other, pages}
}

/** Draws a page for whoever looks at it. */
async function draw(page, name) {
  if (!shots) return
  await mkdir(shots, {recursive: true})
  await page.screenshot({path: `${shots}/${name.replaceAll(/[^a-z0-9]+/g, '-')}.png`})
}

test('axe finds nothing on any page, and nothing is wider than the window', async () => {
  const {pages} = await day()
  const found = []
  for (const [lang, theme, width] of looks) {
    const context = await w.browser.newContext({viewport: {width, height: width > 1000 ? 900 : 844}})
    const cookies = {'who': ana.ID, 'charla-console': `${lang}.${theme}`}
    await context.addCookies(Object.entries(cookies).map(([name, value]) => ({name, value, url: w.server.host})))
    const page = await context.newPage()
    for (const [name, path] of Object.entries(pages)) {
      const where = `${name}, ${lang}, ${theme}, ${width}`
      await page.goto(`${w.server.host}/desk/${path}`)
      await page.locator('main').waitFor()
      await draw(page, where)
      for (const wide of await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('body *')].filter((el) => el.getBoundingClientRect().right > innerWidth + 1).map((el) => el.outerHTML.slice(0, 80)))) {
        found.push(`${where}: too wide: ${wide}`)
      }
      if (await page.evaluate(() => document.querySelector('.inbox') && document.documentElement.scrollHeight > innerHeight)) found.push(`${where}: the window scrolls`)
      await page.evaluate(axe)
      const {violations, passes} = await page.evaluate(async () => {
        const {violations, passes} = await globalThis.axe.run(document, {resultTypes: ['violations']})
        return {violations: violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.flat().join(' ')).join(', ')}`), passes: passes.length}
      })
      found.push(...violations.map((v) => `${where}: ${v}`))
      assert.ok(passes > 10, `${where}: axe looked at something`)
    }
    await context.close()
  }
  assert.deepEqual(found, [])
})

test("Lighthouse's accessibility is 100 on every page", async () => {
  const {pages} = await day()
  const browser = await puppeteer.launch({executablePath: program, headless: true, args: flags})
  try {
    await browser.setCookie({name: 'who', value: ana.ID, domain: new URL(w.server.host).hostname})
    for (const [name, path] of Object.entries(pages)) {
      if (name === 'not found') continue // Lighthouse does not judge a page with status 404
      const page = await browser.newPage()
      const {lhr} = await lighthouse(`${w.server.host}/desk/${path}`, {onlyCategories: ['accessibility'], disableStorageReset: true, logLevel: 'error'}, undefined, page)
      await page.close()
      assert.equal(lhr.runtimeError, undefined, name)
      assert.equal(new URL(lhr.finalDisplayedUrl).pathname, new URL(`${w.server.host}/desk/${path}`).pathname)
      assert.deepEqual(Object.values(lhr.audits).filter((one) => one.score === 0).map((one) => one.id), [], name)
      assert.equal(lhr.categories.accessibility.score, 1, name)
    }
  } finally {
    await browser.close()
  }
})
