// What every page of the account loads: it reads the configuration, draws the
// button, and brings the app when it is needed.

import buttonCSS from './button.css'
import { h, icon, style } from './dom'
import type { App, Config, Core } from './types'

/** How the names of the build's files end. */
declare const BUILD: string

type Handler = (data?: unknown) => void
interface Chat {
  (...args: unknown[]): unknown
  q?: Iterable<unknown>[]
}

/** Window, with the chat under the name that the page chose, and a mark that there is one. */
type Global = Record<string | symbol, Chat | undefined>
const mark = Symbol.for('charla')

const labels: Record<string, string> = { en: 'Open the chat', es: 'Abrir el chat', pt: 'Abrir o chat' }

function load(script: HTMLScriptElement, global: Global, key: string, name: string): void {
  const base = new URL('.', script.src).href
  const page = script.hasAttribute('data-charla-page')
  const handlers: Record<string, Handler[]> = Object.create(null)
  const end = new AbortController()
  /** Calls that wait for the app. */
  let waiting: [string, unknown[]][] = []
  let app: App | undefined
  let loading: Promise<void> | undefined
  let tries = 0
  let shown = true
  let lang = navigator.language
  let problem = ''
  let warned = false
  let logo: string | undefined = '-'

  // By timers, so that a handler that throws hurts nobody.
  const emit = (event: string, data?: unknown) => handlers[event]?.forEach((f) => setTimeout(f, 0, data))
  const fail = (code: string, message: string) => {
    problem = code + ' ' + message
    emit('error', { code, message })
  }
  const { signal } = end
  const later = (seconds: number, f: () => void) => {
    const timer = setTimeout(f, seconds * 1000)
    signal.addEventListener('abort', () => clearTimeout(timer))
  }
  const has = (storage: 'localStorage' | 'sessionStorage', what: string) => {
    try {
      return window[storage].getItem('charla:' + key)?.includes(what)
    } catch {
      return false
    }
  }

  const host = h('charla-chat' as 'div', { popover: 'manual' })
  const root = host.attachShadow({ mode: 'open' })
  style(root, buttonCSS)
  const label = h('span.label')
  const face = h('span.face')
  const button = h(
    'button.launcher',
    {
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
      onclick: () => run('toggle', []),
      onpointerenter: bring,
      onfocus: bring,
    },
    face,
    label,
  )
  const frame = h('div.frame', button)
  root.append(frame)

  const core = {
    shared: { h, icon, style },
    base,
    key,
    page,
    signal,
    since: performance.now(),
    root,
    frame,
    button,
    theme: 'auto',
    emit,
    later,
    chunk: (name: string) => module('chunk-' + name),
    reload: configure,
    config: undefined as unknown as Config,
  } as Core

  // The document's element outlives a body that a framework swaps.
  const attach = () => {
    if (!core.config || !shown || signal.aborted || host.isConnected) return
    document.documentElement.append(host)
    // In the top layer nothing of the page is above, and no transform or opacity of its reaches.
    host.showPopover?.()
  }
  const watch = new MutationObserver(attach)
  watch.observe(document.documentElement, { childList: true })

  function draw(c: Config) {
    const bubble = () => icon('M21 11.5a8.4 8.4 0 0 1-9 8.4 9 9 0 0 1-3.7-.8L3 21l1.7-4.8A8.4 8.4 0 1 1 21 11.5Z')
    frame.style.setProperty('--primary', c.primaryColor)
    frame.style.setProperty('--text', c.textColor)
    frame.classList.toggle('left', c.position === 'left')
    button.hidden = page
    frame.lang = c.locale
    button.classList.toggle('long', !!c.longButton)
    label.textContent = c.longButton || ''
    if (!app) button.setAttribute('aria-label', c.longButton || labels[c.locale] || '')
    if (logo !== c.logo) {
      logo = c.logo
      face.replaceChildren(
        logo ? h('img', { alt: '', src: base + logo, onerror: () => face.replaceChildren(bubble()) }) : bubble(),
      )
    }
    attach()
  }

  async function configure(): Promise<void> {
    let wait = 1
    try {
      const res = await fetch(`${base}v1/${encodeURIComponent(key)}/config?lang=${lang}`, { credentials: 'omit' })
      const c = await res.json()
      if (signal.aborted || c.hidden) return host.remove()
      if (res.ok) {
        const first = !core.config
        core.config = c
        problem = ''
        draw(c)
        if (first) begin(c)
        else app?.configured()
        return
      }
      fail(c.error?.code, c.error?.message)
      if (res.status < 500 && res.status !== 429) return
      wait = Number(res.headers.get('Retry-After')) || 1
    } catch (e) {
      fail('network', String(e))
    }
    if (!core.config && tries < 6) later(Math.max(wait, 2 ** tries++ * (0.5 + Math.random())), configure)
  }

  function begin({ welcome, openOnLoad }: Config) {
    tries = 0
    emit('ready')
    if (
      page ||
      waiting.some(([name]) => needs(name)) ||
      has('localStorage', '"token"') ||
      has('sessionStorage', '"open":true')
    )
      bring()
    else if (welcome || openOnLoad)
      later(Math.min(welcome?.delaySeconds ?? 1e4, openOnLoad?.delaySeconds ?? 1e4), bring)
  }

  /** Imports a file; where that fails, that of the loader of today, unless the page knows what it runs. */
  const module = (name: string) =>
    import(base + name + BUILD).catch(async (e) => {
      if (script.integrity) throw e
      const today = await (await fetch(script.src, { cache: 'reload' })).text()
      // A module that could not be loaded stays so under its address.
      return import(`${base}${name}${today.match(/-\w{8}\.js/)}?${tries++}`)
    })

  const needs = (name: string) => /^(open|toggle|logout)$/.test(name)

  /** Says once that the page has something else under our name. */
  const check = () => {
    if (global[name] === chat || warned) return
    warned = true
    console.warn(`charla: ${name} is taken: set data-charla-name`)
  }

  /** Brings the app, once. */
  function bring() {
    if (!core.config || signal.aborted) return
    check()
    loading ||= module('app').then(
      (m: { start(core: Core): App }) => {
        if (signal.aborted) return
        app = m.start(core)
        for (const [name, args] of waiting) app.run(name, args)
        waiting = []
      },
      (e) => {
        loading = undefined
        fail('load', String(e))
      },
    )
  }

  function run(call: string, args: unknown[]): unknown {
    const [a, b] = args as [string, Handler]
    if (call === 'on') (handlers[a] ||= []).push(b)
    else if (call === 'off') handlers[a] = (handlers[a] || []).filter((f) => b && f !== b)
    else if (call === 'diagnose')
      return { version: BUILD, key, base, problem, config: core.config, ...(app?.run(call, args) as object) }
    else if (call === 'show' || call === 'hide') {
      shown = call === 'show'
      attach()
      if (!shown) {
        run('close', [])
        host.remove()
      }
    } else if (call === 'locale') {
      lang = a || navigator.language
      void configure()
    } else if (call === 'destroy') {
      end.abort()
      watch.disconnect()
      host.remove()
      delete global[mark]
      if (global[name] !== chat) return
      const stub: Chat = (...args) => void stub.q!.push(args)
      stub.q = []
      global[name] = stub
    } else {
      if (call === 'theme') core.theme = a
      if (app) return app.run(call, args)
      waiting.push([call, args])
      if (needs(call)) bring()
    }
    return undefined
  }

  const chat: Chat = (name, ...args) => run(String(name), args)
  const own = global[name]
  global[mark] = chat
  // What is there may be a queue of calls, as the documents have it, or no business of ours.
  if (!own || own.q || /q.*push\(arg/.test(String(own))) global[name] = chat
  check()
  if (own?.q) for (const [name, ...args] of own.q) run(String(name), args)
  void configure()
}

const global = window as unknown as Global
const script = (document.currentScript || document.querySelector('script[data-charla]')) as HTMLScriptElement | null
if (script?.src) {
  // Tag managers make a script anew with its address and nothing else.
  const address = new URL(script.src).searchParams
  const key = script.dataset.charla || address.get('key')
  // Pages that swap their body run the snippet again: the first one goes on.
  if (!key) console.warn('charla: no data-charla')
  else if (!global[mark]) load(script, global, key, script.dataset.charlaName || address.get('name') || 'Chat')
}
