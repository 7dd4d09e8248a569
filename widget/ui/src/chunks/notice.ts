// What is shown beside the button while the panel is closed: the last messages
// that were not seen, and a field to answer them in place.

import type { Kit } from '../app/kit'

export interface Card {
  id: string
  who: string
  text: string
  own?: boolean
}

export type Notice = ReturnType<typeof notice>

export default function notice(kit: Kit, open: () => void) {
  const { core, chat, store, h, icon, icons, t } = kit
  const cards = h('div.cards', { 'aria-live': 'polite' })
  const input = h('input', {
    type: 'text',
    placeholder: t.replyHere,
    'aria-label': t.replyHere,
    enterKeyHint: 'send',
    autocomplete: 'off',
    dir: 'auto',
    oninput: () => {
      store.act()
      chat.type()
      send.disabled = !input.value.trim()
    },
  })
  const send = h('button.send', { type: 'submit', disabled: true, 'aria-label': t.sendIt }, icon(icons.send))
  const reply = h(
    'form.field',
    {
      onsubmit: (e: Event) => {
        e.preventDefault()
        const text = input.value.trim()
        if (!text) return
        input.value = ''
        send.disabled = true
        shown = [...shown, { id: 'o' + Date.now(), who: t.you, text, own: true }]
        chat.send(text)
        chat.see()
        draw()
      },
    },
    input,
    send,
  )
  const el = h(
    'section.notice',
    {
      'aria-label': t.unreadMessages,
      hidden: true,
      onkeydown: (e: KeyboardEvent) => {
        if (e.key === 'Escape') hide(true)
      },
    },
    h(
      'button.x',
      { 'aria-label': t.dismiss, onclick: () => hide(true) },
      icon(icons.close),
    ),
    cards,
    reply,
  )
  let shown: Card[] = []

  function draw() {
    const { notification } = core.config
    const list = shown.slice(-Math.max(1, notification.count))
    const nodes = list.map((c) => {
      return h(
        c.own ? 'button.card own' : 'button.card',
        { onclick: open },
        c.own ? null : kit.avatar(core),
        h('span.words', h('span.who', c.who), h('span.text', { dir: 'auto' }, c.text)),
      )
    })
    cards.replaceChildren(...nodes)
    reply.hidden = !notification.reply
    el.hidden = !nodes.length
  }

  function hide(byVisitor?: boolean) {
    shown = []
    draw()
    if (!byVisitor) return
    store.act()
    chat.see()
    core.button.focus({ preventScroll: true })
  }

  return {
    el,
    hide,
    /** Begins to show the welcome message (R6.5), and reports whether it is its time. */
    greets(): boolean {
      const { welcome, form } = core.config
      const s = chat.state()
      if (!welcome || s.welcome || (form && !s.session?.ongoing)) return false
      if (store.session().token && (!s.loaded || (s.messages.length > 0 && !welcome.existing))) return false
      if (store.greeted(welcome.repeatMinutes)) return false
      chat.greet(true)
      return true
    },
    show(c: Card) {
      if (!shown.some((s) => s.id === c.id)) shown = [...shown.filter((s) => !s.own), c]
      draw()
    },
  }
}
