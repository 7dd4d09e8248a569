// What a person does with the widget, and sees of it.
import {startBrowser, startServer} from './harness.mjs'

/** The server and browser of a test file, begun and ended with it. */
export function world({before, after}, options) {
  const w = {}
  before(async () => { [w.server, w.browser] = await Promise.all([startServer(options), startBrowser()]) })
  after(() => Promise.all([w.browser?.close(), w.server?.stop()]))
  /** A visitor: a browser of their own on a page of the account. */
  w.visit = async (account, {page: query = {}, context = {}, init, goto = true} = {}) => {
    const own = await w.browser.newContext({locale: 'es-CL', ...context})
    const page = await own.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(String(error)))
    if (init) await page.addInitScript(init)
    if (goto) await page.goto(account.page(query))
    return visitor(page, own, errors)
  }
  return w
}

export function visitor(page, context, errors = []) {
  const v = {
    page, context, errors,
    launcher: page.locator('charla-chat button.launcher'),
    dialog: page.getByRole('dialog'),
    log: page.getByRole('log'),
    box: page.getByRole('dialog').getByRole('textbox', {name: 'Mensaje'}),
    notice: page.getByRole('region', {name: 'Mensajes sin leer'}),
    open: async () => {
      await v.launcher.click()
      await v.dialog.waitFor()
    },
    enter: async ({name = 'Carla', email = 'carla@example.com', ...more} = {}) => {
      await v.open()
      if (name) await v.dialog.getByLabel('Nombre').fill(name)
      if (email) await v.dialog.getByLabel('Correo').fill(email)
      for (const [label, value] of Object.entries(more)) await v.dialog.getByLabel(label).fill(value)
      await v.dialog.getByRole('button', {name: 'Comenzar'}).click()
      await v.box.waitFor()
    },
    say: async (text) => {
      await v.box.fill(text)
      await v.box.press('Enter')
      await v.dialog.locator('.msg.own', {hasText: text}).locator('.state', {hasText: /Enviado|Leído/}).waitFor()
    },
    shut: async () => {
      await v.dialog.getByRole('button', {name: 'Cerrar el chat'}).click()
      await v.dialog.waitFor({state: 'hidden'})
    },
    close: () => context.close(),
  }
  return v
}

/** A solid picture of a size, as a PNG in base64. */
export function png(side) {
  return zlibPNG(side).toString('base64')
}

import {crc32, deflateSync} from 'node:zlib'

function zlibPNG(side) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length)
    body.copy(out, 4)
    out.writeUInt32BE(crc32 ? crc32(body) : crc(body), body.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head[8] = 8
  head[9] = 2
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, 200)])
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(Array(side).fill(row)))), chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc(buffer) {
  let c = ~0
  for (const byte of buffer) {
    c ^= byte
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0)
  }
  return ~c >>> 0
}

/** The contrast of two colours "rgb(r, g, b)". */
export function contrast(a, b) {
  const light = (color) => {
    const [r, g, bl] = color.match(/[\d.]+/g).slice(0, 3).map((n) => {
      const c = n / 255
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl
  }
  const [x, y] = [light(a), light(b)].sort((m, n) => n - m)
  return (x + 0.05) / (y + 0.05)
}

export const style = (locator, property) =>
  locator.evaluate((el, p) => getComputedStyle(el).getPropertyValue(p), property)
