// The app: it puts the parts together and decides what is on the screen.

import es from '../locale/es'
import type { App, Core, Message, Words } from '../types'
import type { Forms } from '../chunks/forms'
import type { Card, Notice } from '../chunks/notice'
import type { Sound } from '../chunks/sound'
import appCSS from './app.css'
import { client } from './api'
import { chat as newChat } from './chat'
import { avatar } from './avatar'
import { keepEvents } from './fields'
import { icons } from './icons'
import type { Extras, Kit } from './kit'
import { panel as newPanel } from './panel'
import { presence } from './presence'
import { h, icon, share, style } from './shared'
import { store as newStore } from './store'
import { pageIsDark, watchTheme } from './theme'
import { thread as newThread } from './thread'

export function start(core: Core): App {
  const { frame, button, root } = core
  share(core.shared)
  const store = newStore('charla:' + core.key)
  const api = client(core, store)
  const { signal } = core
  const live = h('div.hidden', { role: 'status' })
  const badge = h('span.badge', { hidden: true })
  let forms: Forms | undefined
  let notice: Notice | undefined
  let sound: Sound | undefined
  let open = false
  /** The visitor wants to be in the window: it may take the focus. */
  let keen = false
  let view = ''
  let note = ''
  let wanted = ''
  let back: Element | null = null
  let language = 'es'
  let lastUnread = 0
  let dressed = false

  const visitor = () => navigator.userActivation?.isActive ?? true
  style(root, appCSS)
  keepEvents(root)

  const chat = newChat(core, store, api, {
    changed: update,
    arrived,
    lost() {
      note = kit.t.expired
      view = ''
      parts?.thread.draft()
    },
    form(text) {
      store.set({ draft: text })
      core.config = { ...core.config, form: true }
      view = ''
      show(visitor())
    },
    seen: () => notice?.hide(),
    entry() {
      wanted = 'entry'
      show(visitor())
    },
  })
  const cards: Card[] = []
  const kit: Kit = {
    core,
    store,
    api,
    chat,
    t: es as Words,
    h,
    icon,
    icons,
    avatar,
    bring: (f) => void extras().then((m) => signal.aborted || f(m), () => {}),
    announce: (s) => (live.textContent = s),
  }

  /** Brings the extras; with them come their style sheet and their Spanish. */
  async function extras(): Promise<Extras> {
    const m = await core.chunk<Extras>('extras')
    if (!dressed) style(root, m.css)
    dressed = true
    if (kit.t === es) kit.t = Object.assign(m.words, es)
    return m
  }

  const look = presence(
    () => Promise.all([core.reload(), chat.refresh()]),
    () => open && !document.hidden,
    signal,
  )

  /** Made once the language is here, and anew when it changes. */
  let parts: ReturnType<typeof make> | undefined
  function make() {
    return {
      panel: newPanel(kit, () => close()),
      thread: newThread(kit),
    }
  }

  /** Brings what stands beside the button. */
  function beside(f: (notice: Notice) => void) {
    if (notice) return f(notice)
    kit.bring((m) => f((notice ||= m.notice(kit, () => show(true)))))
  }

  /** Shows a message beside the button. */
  function tell(id: string, who: string, text: string) {
    // In their order, whichever import comes back first.
    cards.push({ id, who, text })
    beside(({ el, show }) => {
      const list = cards.splice(0)
      if (open) return
      list.forEach(show)
      if (!el.isConnected) frame.prepend(el)
    })
  }

  async function speak(): Promise<void> {
    const { locale } = core.config
    if (locale !== language || !parts) {
      language = locale
      try {
        kit.t = locale === 'es' ? (es as Words) : (await core.chunk<{ default: Words }>(locale)).default
      } catch {
        // The language could not be brought: Spanish it stays.
      }
      if (signal.aborted) return
      const shown = open
      parts?.panel.stop()
      parts?.panel.el.remove()
      notice?.el.remove()
      notice = undefined
      sound?.stop()
      forms = sound = undefined
      view = ''
      parts = make()
      frame.prepend(parts.panel.el)
      button.setAttribute('aria-controls', 'panel')
      parts.panel.el.hidden = !shown
    }
    colours()
    update()
    if (sound) sound.update()
    else if (core.config.sound)
      kit.bring((m) => {
        if (sound) return
        sound = m.sound(kit)
        parts!.panel.tool(sound.button)
      })
  }

  function colours() {
    const { accent } = core.config
    const dark = core.theme === 'dark' || (core.theme !== 'light' && pageIsDark(root.host))
    frame.classList.toggle('dark', dark)
    frame.style.setProperty('--accent', accent[dark ? 'dark' : 'light'])
  }

  /** Which view belongs on the screen now. */
  function choose(): string {
    const { session, items } = chat.state()
    const { token } = store.session()
    const { draft } = store.get()
    if (wanted) return wanted
    // Who comes or goes takes nobody's text away: sending it is answered by the other view.
    if (draft && /^[ct]/.test(view)) return view
    if (session || token) return session && !session.ongoing && session.form && !items.length ? 'contact' : 'thread'
    return core.config.form ? 'contact' : chat.free() ? 'thread' : 'entry'
  }

  function update() {
    if (!parts || signal.aborted) return
    const { panel, thread } = parts
    panel.update()
    const { unread } = chat.state()
    badge.hidden = !unread
    badge.dataset.n = unread > 9 ? '9+' : String(unread)
    const name = open ? kit.t.closeChat : core.config.longButton || kit.t.launch
    button.setAttribute('aria-label', unread ? `${name} (${kit.t.unreadMessages}: ${unread})` : name)
    if (unread !== lastUnread) {
      lastUnread = unread
      core.emit('unread', unread)
    }
    if (!open) return
    const next = choose()
    if (next !== view) place(next)
    if (view === 'thread') {
      thread.update()
      if (thread.atBottom() && !document.hidden) chat.see()
    }
  }

  function place(next: string) {
    const { panel, thread } = parts!
    const inside = panel.el.contains(root.activeElement)
    view = next
    if (next === 'thread') {
      panel.show(thread.el)
      thread.draft()
      thread.update()
      thread.bottom()
    } else if (forms) {
      panel.show(next === 'entry' ? forms.entry(note, entered) : forms.contact(entered))
    } else {
      panel.show(h('div.loading', { role: 'status' }, kit.t.loading))
      extras()
        .then((m) => {
          forms ||= m.forms(kit)
          if (view !== next || !open) return
          place(next)
          if (keen) focus()
        })
        .catch((e) => {
          view = ''
          core.emit('error', { code: 'load', message: String(e) })
          core.later(3, update)
        })
    }
    if (inside) focus()
  }

  /** The form in place has done its part. */
  function entered() {
    note = wanted = view = ''
    update()
    focus()
    void chat.flush()
  }

  function focus() {
    if (!open || !parts) return
    const { panel, thread } = parts
    // On a touch screen a focused field would bring the keyboard up.
    const touch = matchMedia('(pointer: coarse)').matches
    if (view === 'thread' && !touch) return thread.focus()
    const first = panel.el.querySelector<HTMLElement>('.body input, .body textarea, .body button')
    ;((!touch && first) || panel.el).focus({ preventScroll: true })
  }

  /** Opens the panel; by the visitor it takes the focus. */
  function show(byVisitor: boolean) {
    if (!parts || signal.aborted) return
    const { panel } = parts
    if (byVisitor) {
      store.act()
      if (chat.identified()) void chat.admit().catch(() => {})
    }
    if (!open) {
      open = true
      back = root.activeElement || document.activeElement
      panel.el.hidden = false
      button.setAttribute('aria-expanded', 'true')
      frame.classList.add('open')
      notice?.hide()
      panel.fit()
      store.open(true)
      core.emit('open')
      look()
    }
    keen = byVisitor
    update()
    if (view === 'thread') parts.thread.bottom()
    parts.thread.grow()
    if (byVisitor) focus()
  }

  function close() {
    if (!parts || !open || core.page) return
    const inside = parts.panel.el.contains(root.activeElement)
    open = false
    wanted = view = ''
    parts.panel.el.hidden = true
    button.setAttribute('aria-expanded', 'false')
    frame.classList.remove('open')
    if (visitor()) store.act()
    store.open(false)
    update()
    if (inside) (back instanceof HTMLElement && back !== document.body && back.isConnected ? back : button).focus({ preventScroll: true })
    core.emit('close')
  }

  function arrived(m: Message) {
    const seen = open && view === 'thread' && parts?.thread.atBottom() && !document.hidden
    if (!open) tell('s' + m.seq, m.name || core.config.name, m.text || m.file?.name || '')
    if (m.from === 'agent') sound?.play(m.seq)
    if (seen) chat.see()
  }

  // Opening by itself, and the welcome message: both count from the page's load.
  // iPads say that they are Macs, and Chromebooks that they are Android; televisions have no touch.
  const mobile = navigator.maxTouchPoints > 0 && /^(?!.*CrOS).*(Mobi|Android|Mac)/.test(navigator.userAgent)
  const here = (devices: string) => devices === 'all' || (devices === 'mobile') === mobile
  const from = (seconds: number) => Math.max(0, seconds + (core.since - performance.now()) / 1000)

  const greet = () =>
    beside((n) => {
      const { welcome, name } = core.config
      if (n.greets() && !open) tell('w', welcome!.author || name, welcome!.text)
    })

  const { welcome, openOnLoad } = core.config
  if (core.page) {
    frame.classList.add('page')
    document.documentElement.style.colorScheme = 'light dark'
  }
  watchTheme(colours, signal)
  signal.addEventListener('abort', () => {
    parts?.panel.stop()
    sound?.stop()
  })
  frame.append(live)
  button.append(badge, h('span.down', icon('m6 9.5 6 6 6-6')))

  const ready = speak().then(async () => {
    if (core.page || store.open()) show(false)
    const resumed = chat.start()
    if (welcome && here(welcome.devices)) core.later(from(welcome.delaySeconds), () => void resumed.then(greet))
    if (openOnLoad && here(openOnLoad.devices) && store.open() === undefined)
      core.later(from(openOnLoad.delaySeconds), () => show(false))
  })

  return {
    run(name, args) {
      const go = (f: () => void) => void ready.then(() => signal.aborted || f())
      // What a page does by itself is not the visitor's doing.
      const byVisitor = visitor()
      if (name === 'open') go(() => show(byVisitor))
      else if (name === 'close') go(close)
      else if (name === 'toggle') go(() => (open ? close() : show(byVisitor)))
      else if (name === 'identify') go(() => void chat.identify(String(args[0])).then(update))
      else if (name === 'logout') go(() => void chat.logout().then(update))
      else if (name === 'theme') colours()
      else if (name === 'diagnose') {
        const { session, link, items } = chat.state()
        return { open, view, level: session?.level, transport: chat.transport(), link, waiting: items.length }
      } else core.emit('error', { code: 'command', message: name })
      return undefined
    },
    configured: () => void speak(),
  }
}
