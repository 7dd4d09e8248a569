// Pages of a host as a test writes them: any HTML, on a server of the test's own.
import http from 'node:http'
import {startBrowser, startServer} from './harness.mjs'
import {visitor} from './page.mjs'

/** The server, browser (or none) and host of a test file, begun and ended with it. */
export function hosted({before, after}, start = startBrowser) {
  const pages = new Map()
  const w = {}
  let site
  before(async () => {
    ;[w.server, w.browser] = await Promise.all([startServer(), start()])
    site = http.createServer((req, res) => {
      const page = pages.get(new URL(req.url, 'http://x').pathname)
      res.writeHead(page ? 200 : 404, {'Content-Type': page?.type ?? 'text/html; charset=utf-8', ...page?.headers})
      res.end(page?.body)
    })
    await new Promise((done) => site.listen(0, '127.0.0.1', done))
    w.host = '127.0.0.1:' + site.address().port
  })
  after(async () => {
    await w.browser?.close()
    site?.close()
    site?.closeAllConnections()
    await w.server?.stop()
  })
  /** An account with an agent who is there. */
  w.account = async (chat = {}) => {
    const a = await w.server.account({chat}, {domain: w.host})
    await a.online()
    return a
  }
  w.loader = () => w.server.chat + 'loader.js'
  w.snippet = (a, attributes = '') => `<script async src="${w.loader()}" data-charla="${a.key}"${attributes}></script>`
  /** Puts a page on the host: what is in its body, and headers. */
  w.page = (path, inner, headers) =>
    pages.set(path, {body: `<!doctype html><html lang="es"><title>Tienda</title><h1>Tienda</h1>${inner}</html>`, headers})
  w.script = (path, body) => pages.set(path, {body, type: 'text/javascript'})
  w.url = (path) => `http://${w.host}${path}`
  /** A visitor on a page; no path: nowhere yet. said is what the console says. */
  w.visit = async (path, init) => {
    const context = await w.browser.newContext({locale: 'es-CL'})
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    const errors = []
    const said = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => said.push(message.text()))
    if (init) await page.addInitScript(init)
    if (path) await page.goto(w.url(path))
    return Object.assign(visitor(page, context, errors), {said})
  }
  return w
}
