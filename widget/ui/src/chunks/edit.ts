// What stands under a message that was not sent, where it can be changed in its
// place; and how long a text is that comes near its limit.

import type { Kit } from '../app/kit'
import type { Item } from '../app/outbox'

export type Edit = ReturnType<typeof edit>

/** The characters that a message may have (chatcfg.MaxMessage), as the server counts them. */
const most = 4000

export default function edit(kit: Kit) {
  const { chat, h, t } = kit

  /** Shows the length of a field that comes near the limit; the answer reports whether its text can be sent. */
  function counter(input: HTMLTextAreaElement, el: HTMLElement) {
    let over = false
    const look = () => {
      const n = [...input.value.trim()].length
      el.textContent = n < most - 200 ? '' : `${n} / ${most}`
      el.classList.toggle('problem', n > most)
      if (n > most && !over) kit.announce(t.tooLong)
      over = n > most
      return n > 0 && !over
    }
    input.addEventListener('input', look)
    return look
  }

  /** Puts what can be done with a message that was not sent under it. */
  function failed(row: HTMLElement, meta: Element, item: Item) {
    const said = [...meta.children]
    const show = (...parts: (Node | string)[]) => meta.replaceChildren(...said, ...parts)
    const menu = () =>
      show(
        h('button', { onclick: () => chat.retry(item) }, t.tryAgain),
        item.text ? h('button', { onclick: change }, t.editText) : '',
        h('button', { onclick: () => chat.drop(item.key) }, t.discard),
      )

    /** Has the text changed where it stands. */
    function change() {
      const body = row.querySelector('.bubble')!
      const input = h('textarea.edit', { value: item.text, rows: 3, dir: 'auto', 'aria-label': t.yourMessage })
      const count = h('span.count')
      const look = counter(input, count)
      const back = () => {
        input.replaceWith(body)
        menu()
      }
      const send = () => {
        if (!look()) return
        back()
        chat.retry(item, input.value.trim())
      }
      input.addEventListener('keydown', (e) => {
        if (e.isComposing || e.keyCode === 229) return
        if (e.key === 'Escape') back()
        else if (e.key === 'Enter' && !e.shiftKey) send()
        else return
        e.preventDefault()
        e.stopPropagation()
      })
      body.replaceWith(input)
      show(count, h('button', { onclick: send }, t.sendIt), h('button', { onclick: back }, t.cancel))
      look()
      input.focus()
    }

    menu()
  }

  return { counter, failed }
}
