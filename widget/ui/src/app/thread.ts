// The conversation on the screen, and the field to write in.

import type { Message } from '../types'
import type { Item } from './outbox'
import type { Edit } from '../chunks/edit'
import type { Files } from '../chunks/files'
import { avatar } from './avatar'
import { icons } from './icons'
import type { Kit } from './kit'
import { h, icon } from './shared'

export type Thread = ReturnType<typeof thread>

interface Row {
  id: string
  /** Who it is by, for groups: empty stands alone. */
  by: string
  at: number
  make(): HTMLElement
  message?: Message
  item?: Item
  own?: boolean
}

export function thread(kit: Kit) {
  const { core, chat, store, t, bring } = kit
  const made = new Map<string, HTMLElement>()
  let files: Files | undefined
  let dots: HTMLElement | undefined
  let edit: Edit | undefined
  /** Shows how long the text is, and reports whether it can be sent. */
  let counted: (() => boolean) | undefined
  let end: (() => void) | undefined
  let asked = false
  let fetching = false

  const log = h('div.log', { role: 'log', 'aria-label': t.conversation, tabIndex: 0, onscroll: scrolled })
  const jump = h(
    'button.jump',
    { hidden: true, 'aria-label': t.newest, onclick: () => bottom() },
    icon(icons.down),
  )
  const input = h('textarea', {
    rows: 1,
    placeholder: t.write,
    'aria-label': t.yourMessage,
    enterKeyHint: 'send',
    dir: 'auto',
    oninput: () => {
      store.act()
      typed()
      if (input.value.trim()) chat.type()
    },
    onkeydown: key,
  })
  const submit = h('button.send', { type: 'submit', 'aria-label': t.sendIt }, icon(icons.send))
  const note = h('p.note', { role: 'alert' })
  const count = h('p.count')
  const composer = h(
    'form.composer',
    {
      onsubmit: (e: Event) => {
        e.preventDefault()
        sendNow()
      },
    },
    count,
    h('div.field', input, submit),
  )
  const el = h('div.thread', h('div.well', log, jump), note, composer)

  // Some browsers have "en-US@posix", at which Intl throws.
  const l = core.config.locale
  const language = navigator.languages?.find((v) => v.split(/-\w{2,3}$/)[0] === l) || l
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' })
  const dates = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' })
  const days = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })

  const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0)
  function day(ms: number): string {
    const ago = Math.round((midnight(Date.now()) - midnight(ms)) / 864e5)
    const s = ago < 2 ? days.format(-ago, 'day') : dates.format(ms)
    return s[0]!.toUpperCase() + s.slice(1)
  }

  function author(m: Message): string {
    return m.name || (m.from === 'welcome' && core.config.welcome?.author) || core.config.name
  }

  function bubble(own: boolean, who: string, text: string, at: number, m?: Message, item?: Item): HTMLElement {
    const body = h('div.bubble', { dir: 'auto' })
    if (m?.file || item?.file) {
      const show = () => body.append(files!.card(m, item?.file))
      if (files) show()
      else withFiles(show)
    } else {
      words(body, text)
    }
    return h(
      own ? 'div.msg own' : 'div.msg',
      h(own ? 'span.hidden' : 'span.who', own ? t.you + ': ' : who),
      h('div.line', own ? null : avatar(core), body),
      h('div.meta', h('time', { dateTime: new Date(at).toISOString() }, clock.format(at))),
    )
  }

  function withFiles(f?: () => void) {
    bring((m) => {
      files ||= m.files(kit, input, note)
      f?.()
    })
  }

  /** Puts a text into an element, with its links. */
  function words(el: HTMLElement, text: string): HTMLElement {
    el.textContent = text
    // An address, or emoji and nothing else.
    if (/:\/\/|www\.|WWW\.|^\P{L}+$/u.test(text))
      bring((m) => m.links(kit, el))
    return el
  }

  function withEdit(f: (edit: Edit) => void) {
    bring((m) => f((edit ||= m.edit(kit))))
  }

  function rows(): Row[] {
    const s = chat.state()
    const { headerMessage, welcome, name } = core.config
    const out: Row[] = []
    let date = 0
    const add = (id: string, by: string, at: number, make: Row['make'], more?: Partial<Row>) =>
      out.push({ id, by, at, make, ...more })
    const dated = (at: number) => {
      if (midnight(at) <= date) return
      date = midnight(at)
      add('d' + date, '', at, () => h('div.day', h('span', day(at))))
    }
    if (headerMessage && !s.earlier)
      add('h' + headerMessage, '', 0, () => words(h('p.head', { dir: 'auto' }), headerMessage))
    /** Adds what waits, and what failed between two messages: where it was written. */
    const waiting = (from: number, to: number) => {
      for (const item of s.items) {
        const after = item.state === 'failed' ? (item.after ?? 1 / 0) : 1 / 0
        if (item.seq || after < from || after >= to) continue
        dated(item.at)
        add('k' + item.key, '-', item.at, () => bubble(true, '', item.text, item.at, undefined, item), { own: true, item })
      }
    }
    let last = -1
    for (const m of s.messages) {
      waiting(last, (last = m.seq))
      const at = Date.parse(m.at)
      const own = m.from === 'customer'
      dated(at)
      const id = m.key ? 'k' + m.key : 's' + m.seq
      add(id, own ? '-' : author(m), at, () => bubble(own, author(m), m.text || '', at, m), { own, message: m })
    }
    if (s.welcome && welcome) {
      const at = core.since + performance.timeOrigin
      dated(at)
      const who = welcome.author || name
      add('w', who, at, () => bubble(false, who, welcome.text, at))
    }
    waiting(last, NaN)
    return out
  }

  /** Brings the screen up to what the chat knows, touching only what differs. */
  function update() {
    const s = chat.state()
    const stick = atBottom()
    const height = log.scrollHeight
    const firstId = log.firstElementChild
    const list = rows()
    const used = new Set<string>()
    const lastOwn = list.filter((r) => r.own).pop()
    list.forEach((r, i) => {
      used.add(r.id)
      let row = made.get(r.id)
      if (!row) made.set(r.id, (row = r.make()))
      const before = list[i - 1]
      const after = list[i + 1]
      const joins = (a?: Row, b?: Row) => !!a && !!b && !!a.by && a.by === b.by && b.at - a.at < 3e5
      if (r.by) {
        row.classList.toggle('first', !joins(before, r))
        row.classList.toggle('last', !joins(r, after))
        row.classList.toggle('wait', !!r.item && r.item.state === 'sending')
        row.classList.toggle('bad', r.item?.state === 'failed')
        if (r.own) status(row, r, r === lastOwn, s.marks.agent)
      }
      if (log.children[i] !== row) log.insertBefore(row, log.children[i] || null)
    })
    for (const [id, row] of made) {
      if (used.has(id)) continue
      row.remove()
      made.delete(id)
    }
    log.setAttribute('aria-busy', String(!s.loaded && !!s.session))
    if (s.typing && !dots)
      bring((m) => {
        log.after((dots ||= m.typing(kit)))
        update()
      })
    if (dots) dots.hidden = !s.typing
    if (end) end()
    else if (s.session?.closed || core.config.visitorEnds) bring((m) => (end ||= m.end(kit, log, input))())
    files?.update()
    if (stick) bottom()
    else if (firstId && firstId !== log.firstElementChild && asked) {
      log.scrollTop += log.scrollHeight - height
      asked = false
    }
    jump.hidden = atBottom()
    jump.classList.toggle('new', s.unread > 0)
    if (files === undefined && core.config.files && !fetching) {
      fetching = true
      withFiles()
    }
  }

  function status(row: HTMLElement, r: Row, latest: boolean, seen: number) {
    const meta = row.querySelector('.meta')!
    const state = r.item ? r.item.state : latest ? (r.message!.seq <= seen ? 'read' : 'sent') : ''
    if (meta.getAttribute('data-state') === state) return
    meta.setAttribute('data-state', state)
    const time = meta.querySelector('time')!
    meta.replaceChildren(time)
    if (state === 'failed') {
      const item = r.item!
      const why = item.reason || (item.file && files?.failed) || t.notSent
      meta.append(h('span.problem', icon(icons.alert), why))
      kit.announce(why)
      withEdit((e) => e.failed(row, meta, item))
    } else if (state) {
      meta.append(h('span.state', state === 'sending' ? t.sending : state === 'read' ? t.wasRead : t.wasSent))
      if (state !== 'sending') meta.append(icon(state === 'read' ? icons.read : icons.check))
    }
  }

  const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60
  function bottom() {
    log.scrollTop = log.scrollHeight
  }

  function scrolled() {
    jump.hidden = atBottom()
    if (atBottom() && !document.hidden && el.isConnected) chat.see()
    if (log.scrollTop < 80 && chat.state().earlier) {
      asked = true
      void chat.older()
    }
  }

  function grow() {
    input.style.height = 'auto'
    input.style.height = Math.min(input.scrollHeight, 132) + 'px'
    able()
    if (input.value.length > 3800 && !counted)
      withEdit((e) => {
        counted ||= e.counter(input, count)
        able()
      })
  }

  /** Lets what is in the field be sent, if it can be. */
  function able() {
    submit.disabled = counted ? !counted() : !input.value.trim()
  }

  function write(text: string) {
    input.value = text
    typed()
  }

  function typed() {
    store.set({ draft: input.value || undefined })
    grow()
  }

  function key(e: KeyboardEvent) {
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing || e.keyCode === 229) return
    e.preventDefault()
    sendNow()
  }

  function sendNow() {
    const text = input.value.trim()
    if (submit.disabled) return
    note.textContent = ''
    write('')
    chat.send(text)
    bottom()
    input.focus()
  }

  return {
    el,
    update,
    atBottom,
    bottom,
    grow,
    focus: () => input.focus({ preventScroll: true }),
    draft: () => write(store.get().draft || ''),
  }
}
