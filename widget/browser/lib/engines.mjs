// The other engines: Firefox by puppeteer, WebKitGTK by its WebDriver under Xvfb.
// Each gives {goto, run(f, ...args), stop}; f runs in the page.
import {spawn} from 'node:child_process'
import {existsSync, readdirSync} from 'node:fs'
import puppeteer from 'puppeteer-core'
import {until} from './harness.mjs'

/** Firefox, with settings of its own beside the common ones. */
async function firefox(prefs) {
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true,
    extraPrefsFirefox: {'intl.accept_languages': 'es-CL', ...prefs},
  })
  const page = await browser.newPage()
  return {
    page,
    goto: (url) => page.goto(url),
    run: (f, ...args) => page.evaluate(f, ...args),
    stop: () => browser.close(),
  }
}

/** WebKitGTK's own small browser, wherever this machine keeps its libraries. */
function miniBrowser() {
  for (const lib of readdirSync('/usr/lib')) {
    for (const version of ['4.1', '4.0']) {
      const path = `/usr/lib/${lib}/webkit2gtk-${version}/MiniBrowser`
      if (existsSync(path)) return path
    }
  }
  throw new Error('no MiniBrowser: install webkit2gtk-driver')
}

async function webkit() {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const display = ':' + (100 + Math.floor(Math.random() * 400))
  const screen = spawn('/usr/bin/Xvfb', [display, '-screen', '0', '1280x900x24'], {stdio: 'ignore'})
  const driver = spawn('/usr/bin/WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore', env: {...process.env, DISPLAY: display, LANG: 'C.UTF-8', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', LIBGL_ALWAYS_SOFTWARE: '1'},
  })
  const call = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {method, body: body && JSON.stringify(body)})
    const {value} = await answer.json()
    if (value?.error) throw new Error(`${path}: ${value.error}: ${value.message}`)
    return value
  }
  await until('the driver', () => call('GET', '/status'))
  const {sessionId} = await call('POST', '/session', {capabilities: {alwaysMatch: {
    'webkitgtk:browserOptions': {binary: miniBrowser(), args: ['--automation']},
  }}})
  const at = '/session/' + sessionId
  await call('POST', at + '/timeouts', {script: 60_000})
  return {
    goto: (url) => call('POST', at + '/url', {url}),
    run: (f, ...args) => call('POST', at + '/execute/async', {
      script: `const done = arguments[arguments.length - 1]; (${f})(...Array.prototype.slice.call(arguments, 0, -1)).then((v) => done({v}), (e) => done({e: String(e)}))`, args,
    }).then(({v, e}) => { if (e) throw new Error(e); return v }),
    stop: async () => {
      await call('DELETE', at).catch(() => {})
      driver.kill()
      screen.kill()
    },
  }
}

export const engines = [
  {name: 'Firefox', start: firefox},
  {name: 'WebKitGTK', start: webkit},
]
