// A day of two agents with three accounts, in Chromium and in Firefox: a restart, an ended
// login, a colleague who answers or closes first. Nothing that was typed is lost, and
// nothing is sent twice.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import puppeteer from 'puppeteer-core'
import {flags, program, startServer, until} from '../lib/harness.mjs'

let server
before(async () => { server = await startServer() })
after(() => server?.stop())

const ana = {ID: 'ana', Name: 'Ana'}, bruno = {ID: 'bruno', Name: 'Bruno'}
const login = (agent) => server.do({do: 'login', agent, role: 1})
const logout = (agent) => server.do({do: 'login', agent})

const engines = {
  Chromium: {executablePath: program, args: flags},
  Firefox: {browser: 'firefox', executablePath: '/usr/bin/firefox-esr', extraPrefsFirefox: {'intl.accept_languages': 'es-CL'}},
}

/** An agent's page, and what a person does with it. */
async function person(browser, agent) {
  const context = await browser.createBrowserContext()
  await context.setCookie(
    {name: 'who', value: agent.ID, domain: new URL(server.host).hostname},
    {name: 'charla-console', value: 'es.light', domain: new URL(server.host).hostname})
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => { // Firefox says so of a stream whose server is down
    if (!String(error).includes('establish a connection')) errors.push(String(error))
  })
  const see = (selector) => page.waitForSelector(selector, {visible: true, timeout: 60_000})
  page.setDefaultTimeout(60_000)
  const typed = () => page.$eval('#reply', (box) => box.value)
  const click = async (selector) => {
    await page.bringToFront() // Firefox draws nothing behind another window
    await (await see(selector)).click()
  }
  return {
    page, errors, see, typed,
    open: async (ticket, words) => {
      await page.goto(`${server.host}/desk/a/${ticket.ref.account}/inbox/${ticket.ref.conversation}/${ticket.ref.number}`)
      await see(`#messages ::-p-text(${words})`)
    },
    type: async (text) => {
      await page.bringToFront()
      await (await see('#reply')).type(text)
      await until('it is typed', async () => await typed() === text)
    },
    send: () => click('.composer button.primary'),
    press: (name) => click(`::-p-aria([name="${name}"][role="button"])`),
    sent: () => until('it is sent', async () => await typed() === '', 30_000),
    back: () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))), // from the tab of the login
  }
}

for (const [engine, options] of Object.entries(engines)) {
  test(`${engine}: nothing typed is lost all day`, async () => {
    const browser = await puppeteer.launch({headless: true, ...options})
    try {
      await login(ana)
      await login(bruno)
      const accounts = await Promise.all(['Tienda', 'Café', 'Taller'].map((name) => server.account({}, {name})))
      for (const a of accounts) await a.do('many', {seq: 1, text: `pregunta a ${a.name}`})
      const [[shop], [bar], [works]] = await Promise.all(accounts.map((a) => a.tickets()))
      const A = await person(browser, ana), B = await person(browser, bruno)

      // All accounts in one list; the first is opened from it.
      await A.page.goto(`${server.host}/desk/inbox`)
      for (const a of accounts) await A.see(`.row ::-p-text(pregunta a ${a.name})`)
      await (await A.see(`.row[data-conversation="${shop.ref.conversation}"]`)).click()
      await A.see('#messages ::-p-text(pregunta a Tienda)')

      // The server restarts, and its logins with it.
      await A.type('Llega mañana.')
      await server.kill()
      await A.see('#down')
      await A.send()
      assert.equal(await A.typed(), 'Llega mañana.')
      await server.start()
      await A.see('#out')
      await login(ana)
      await login(bruno)
      await A.back()
      await until('the login', () => A.page.$eval('#out', (p) => p.hidden))
      assert.equal(await A.typed(), 'Llega mañana.')
      await A.send()
      await A.sent()

      // Bruno answers while Ana writes: hers waits for a second press.
      await A.open(bar, 'pregunta a Café')
      await B.open(bar, 'pregunta a Café')
      await A.type('Abrimos a las ocho.')
      await B.type('Abrimos a las nueve.')
      await B.send()
      await B.sent()
      await A.see('.meanwhile ::-p-text(Bruno respondió)')
      await A.send()
      await A.see('.toast.bad ::-p-text(envíala otra vez)')
      assert.equal(await A.typed(), 'Abrimos a las ocho.')
      await A.send()
      await A.sent()

      // Ana closes while Bruno writes: his draft waits until it is opened again.
      await A.open(works, 'pregunta a Taller')
      await B.open(works, 'pregunta a Taller')
      await B.type('Está listo el viernes.')
      await A.press('Cerrar')
      await B.see('::-p-text(Tu borrador está guardado.)')
      await B.press('Abrir')
      await B.see('#reply')
      assert.equal(await B.typed(), 'Está listo el viernes.')
      await B.send()
      await B.sent()

      // A login ends; the text is there after the next one, also on a page loaded anew.
      await A.open(shop, 'Llega mañana.')
      await A.type('Antes de las dos.')
      await logout(ana)
      await A.see('#out')
      await A.send()
      assert.equal(await A.typed(), 'Antes de las dos.')
      await login(ana)
      await A.page.reload()
      await A.see('#reply')
      assert.equal(await A.typed(), 'Antes de las dos.')
      await A.send()
      await A.sent()

      const all = (await Promise.all(accounts.map((a) => a.messages()))).flat()
      for (const text of ['Llega mañana.', 'Abrimos a las ocho.', 'Abrimos a las nueve.', 'Está listo el viernes.', 'Antes de las dos.']) {
        assert.equal(all.filter((m) => m.text === text).length, 1, text)
      }
      assert.deepEqual([...A.errors, ...B.errors], [])
    } finally {
      await browser.close()
    }
  })
}
