// Lighthouse's accessibility, and what the widget costs a page: blocking time at a
// fourth of the processor's speed and layout shift, which are printed.
import assert from 'node:assert/strict'
import {after, before, test} from 'node:test'
import lighthouse from 'lighthouse'
import puppeteer from 'puppeteer-core'
import {flags, program, startServer} from '../lib/harness.mjs'

let server, browser
before(async () => {
  server = await startServer()
  browser = await puppeteer.launch({executablePath: program, headless: true, args: flags})
})
after(() => Promise.all([browser?.close(), server?.stop()]))

async function audit(url, only) {
  const page = await browser.newPage()
  const {lhr} = await lighthouse(url, {onlyCategories: only, logLevel: 'error'}, undefined, page)
  await page.close()
  assert.equal(lhr.runtimeError, undefined)
  return lhr
}

for (const [state, chat] of [
  ['closed', {}],
  ['open', {openOnLoad: {enabled: true, delaySeconds: 0, devices: 'all'}}],
  ['with a notification', {welcome: {enabled: true, delaySeconds: 0, repeatMinutes: 0, existing: true, devices: 'all', text: '¿Te ayudo?', author: 'Ana'}}],
]) {
  test(`Lighthouse accessibility 100, ${state}`, async () => {
    const account = await server.account({chat})
    const {categories, audits} = await audit(account.page(), ['accessibility'])
    const failed = Object.values(audits).filter((a) => a.score === 0).map((a) => a.id)
    assert.deepEqual(failed, [])
    assert.equal(categories.accessibility.score, 1)
  })
}

test('what it costs a page', async () => {
  const account = await server.account({chat: {}})
  const measured = {}
  for (const [name, url] of [['without', server.host + '/empty'], ['with', account.page()]]) {
    const rounds = []
    for (let i = 0; i < 3; i++) {
      const {audits} = await audit(url, ['performance'])
      rounds.push([audits['total-blocking-time'].numericValue, audits['cumulative-layout-shift'].numericValue, audits['bootup-time'].numericValue])
    }
    measured[name] = rounds.sort((a, b) => a[0] - b[0])[1]
  }
  const [without, within] = [measured.without, measured.with]
  console.log(`added by the widget, at a fourth of the speed: ${(within[0] - without[0]).toFixed(0)} ms of blocking, ` +
    `${(within[2] - without[2]).toFixed(0)} ms of scripts, ${within[1].toFixed(3)} of layout shift`)
  assert.equal(within[1], without[1], 'it moves nothing of the page')
})
