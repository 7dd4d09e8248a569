// The window of the chat: its head, and whichever view is in place.

import { avatar } from './avatar'
import { icons } from './icons'
import type { Kit } from './kit'
import { h, icon } from './shared'

export type Panel = ReturnType<typeof panel>

export function panel(kit: Kit, close: () => void) {
  const { core, chat, t } = kit
  const status = h('span.status')
  const title = h('h1', { dir: 'auto' })
  const shut = h(
    'button.tool shut',
    { 'aria-label': t.closeChat, title: t.closeChat, onclick: close },
    icon(icons.close),
  )
  const names = h('div.names', title, status)
  const head = h('header', { role: 'presentation' }, names, core.page ? null : shut)
  const link = h('p.link', { role: 'status' })
  const body = h('div.body')
  const el = h(
    'div.panel',
    {
      role: 'dialog',
      id: 'panel',
      'aria-labelledby': 'title',
      tabIndex: -1,
      hidden: true,
      onkeydown: (e: KeyboardEvent) => {
        if (e.key !== 'Escape' || e.isComposing || core.page) return
        e.stopPropagation()
        close()
      },
    },
    head,
    link,
    body,
  )
  title.id = 'title'
  let timer = 0
  let pictured = ''

  function update() {
    const { name, picture, available } = core.config
    const s = chat.state()
    title.textContent = name
    status.textContent = s.typing ? t.isTyping : available ? t.online : t.away
    status.classList.toggle('on', available)
    if (pictured !== name + picture) {
      pictured = name + picture
      head.querySelector('.avatar')?.remove()
      head.prepend(avatar(core))
    }
    // A short drop is not worth a word.
    const off = !s.link || !navigator.onLine
    if (!off) {
      clearTimeout(timer)
      timer = 0
      link.textContent = ''
    } else if (!timer) {
      timer = window.setTimeout(() => {
        link.textContent = navigator.onLine ? t.reconnecting : t.offline
      }, 1500)
    }
  }

  /** On a telephone the panel is the screen less its keyboard. */
  const view = window.visualViewport
  function fit() {
    if (!view || el.hidden) return
    const small = matchMedia('(max-width: 480px), (max-height: 420px)').matches
    el.style.height = small ? view.height + 'px' : ''
    el.style.top = small ? view.offsetTop + 'px' : ''
    el.classList.toggle('keyboard', small && innerHeight - view.height > 120)
  }
  const life = new AbortController()
  view?.addEventListener('resize', fit, life)
  view?.addEventListener('scroll', fit, life)

  return {
    el,
    update,
    fit,
    /** Puts a button into the head. */
    tool: (button: HTMLElement) => names.after(button),
    show(view: HTMLElement) {
      if (body.firstChild !== view || body.childNodes.length > 1) body.replaceChildren(view)
    },
    stop() {
      clearTimeout(timer)
      life.abort()
    },
  }
}
