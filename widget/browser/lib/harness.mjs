// The harness (a Go program) and the browser, as the tests use them.
import {spawn} from 'node:child_process'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {createInterface} from 'node:readline'
import {chromium} from 'playwright-core'

const binary = process.env.CHARLA_HARNESS
if (!binary) throw new Error('CHARLA_HARNESS names no program: run the tests by make test-browser')

/** Starts the server, and gives what a test needs of it. */
export async function startServer({hijack = false, proxy} = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'charla-'))
  let child, addresses
  async function start() {
    const args = ['-dir', dir]
    if (hijack) args.push('-hijack')
    if (proxy) args.push('-public', proxy.address)
    if (addresses) {
      for (const name of ['chat', 'host', 'control']) args.push('-' + name, new URL(addresses[name]).host)
    }
    child = spawn(binary, args, {stdio: ['ignore', 'pipe', 'inherit']})
    const lines = createInterface({input: child.stdout})
    const first = await Promise.race([
      new Promise((resolve) => lines.once('line', resolve)),
      new Promise((_, reject) => child.once('exit', (code) => reject(new Error(`the harness ended: ${code}`)))),
    ])
    addresses = JSON.parse(first)
  }
  async function kill() {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  await start()
  proxy?.to(new URL(addresses.chat))
  const server = {
    get chat() { return addresses.chat },
    get host() { return addresses.host },
    start, kill,
    async stop() {
      await kill()
      await rm(dir, {recursive: true, force: true})
    },
    async do(order) {
      const answer = await fetch(addresses.control + '/do', {method: 'POST', body: JSON.stringify(order)})
      const body = await answer.json()
      if (!answer.ok) throw new Error(`${order.do}: ${body.error}`)
      return body
    },
    /** An account whose pages the harness may host. */
    async account(patch = {}, {name = 'Tienda', domain} = {}) {
      const host = new URL(addresses.host).host
      const made = await server.do({do: 'account', name, domain: domain ?? host, patch})
      const act = (what, more = {}) => server.do({do: what, account: made.id, agent: {ID: 'ana', Name: 'Ana'}, ...more})
      return {
        ...made, name,
        do: act,
        config: (patch) => act('config', {patch}),
        online: () => act('presence', {presence: 'online'}),
        away: () => act('presence', {presence: 'away'}),
        reply: (text, more) => act('reply', {text, ...more}),
        messages: () => act('messages'),
        tickets: async () => (await act('tickets')).items ?? [],
        page: (options = {}) => `${addresses.host}/page?${new URLSearchParams({key: made.key, ...options})}`,
      }
    },
  }
  return server
}

/** Debian's Chromium, and how it is started where nothing else is reached. */
export const program = process.env.CHARLA_CHROMIUM ?? '/usr/bin/chromium'
export const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=user-gesture-required',
  '--host-resolver-rules=MAP tienda.test 127.0.0.1']

export const startBrowser = () => chromium.launch({executablePath: program, args: flags})

/** Waits until something holds; says what it was last. */
export async function until(what, check, ms = 10_000) {
  const end = Date.now() + ms
  let last
  for (;;) {
    try {
      last = await check()
      if (last) return last
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`${what}: ${last instanceof Error ? last.stack : JSON.stringify(last)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
