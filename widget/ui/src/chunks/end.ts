// The end of a conversation: who closed it, how it was, and how another one begins
// (R14.1 to R14.3).

import type { Kit } from '../app/kit'
import type { Refused } from '../app/api'
import { newKey } from '../app/store'

const star = 'm12 3 2.8 5.7 6.2.9-4.5 4.4 1.1 6.2-5.6-2.9-5.6 2.9 1.1-6.2L3 9.6l6.2-.9Z'
const thumb = 'M7 11v9H3.5v-9Zm0 0 4-8a2.8 2.8 0 0 1 2.8 2.8V9h5a2 2 0 0 1 2 2.3l-1.1 7a2 2 0 0 1-2 1.7H7'
const leave = 'M10 4H5v16h5M10 12h10m-4-4 4 4-4 4'

/** Says under the log how the conversation ended. The answer brings that up to what the chat knows. */
export default function end(kit: Kit, log: HTMLElement, input: HTMLElement): () => void {
  const { core, api, chat, store, h, icon, t } = kit
  const el = h('div.end', { hidden: true, tabIndex: -1 })
  log.after(el)

  /** What is drawn, so that nothing is drawn anew while it is answered. */
  let drawn = ''
  let asking = false
  /** The close after which the visitor has answered here, and the one after which they sent an answer. */
  let answered = ''
  let sent = ''

  /**
   * Posts until there is an answer, under one key, for as long as what asked for it is on the
   * screen of the same session: what one visitor began is not for the next, nor for another ticket.
   */
  function post(from: HTMLElement, path: string, body: object, done: () => void, failed: (text: string) => void) {
    const { token } = store.session()
    const same = () => store.session().token === token
    let wait = 2
    const go = () => {
      if (same() && from.isConnected)
        api.json('POST', path, body).then(
          () => same() && done(),
          (e: Refused) => {
            if (e.later) core.later(e.after || (wait = Math.min(2 * wait, 60)), go)
            else failed(e.message || t.wentWrong)
          },
        )
    }
    body = { key: newKey(), ...body }
    go()
  }

  const stop = h(
    'button.tool',
    {
      'aria-label': t.endChat,
      title: t.endChat,
      onclick: () => {
        asking = !asking
        update()
        if (asking) el.querySelector('button')!.focus()
      },
    },
    icon(leave),
  )
  log.closest('.panel')?.querySelector('.names')!.after(stop)

  /** Asks whether it shall end. */
  function confirm(): (Node | string)[] {
    const note = h('p', { role: 'alert' })
    const yes = h('button.primary', { onclick: end }, t.endChat)
    const ticket = chat.state().messages.at(-1)?.ticket
    function end() {
      yes.disabled = true
      post(
        yes,
        'end',
        { ticket },
        () => {
          asking = false
          update()
        },
        (text) => {
          note.textContent = text
          yes.disabled = false
        },
      )
    }
    return [note, h('div.two', yes, h('button.quiet', { onclick: () => stop.click() }, t.cancel))]
  }

  /** Asks how it was. */
  function question(at: string, ticket?: number): HTMLElement {
    const { scale, question, thanks, comment } = core.config.rating!
    const thumbs = scale === 'thumbs'
    const scores = thumbs ? [1, 5] : [1, 2, 3, 4, 5]
    let score = 0
    const labels = scores.map((n) => {
      const radio = h('input.hidden', {
        type: 'radio',
        name: 'score',
        'aria-label': thumbs ? (n > 1 ? t.good : t.bad) : n + ' / 5',
        onchange: () => {
          score = n
          labels.forEach((l, i) => l.classList.toggle('on', thumbs ? scores[i] === n : scores[i]! <= n))
          rest.hidden = false
        },
      })
      return h(thumbs && n === 1 ? 'label.no' : 'label', radio, icon(thumbs ? thumb : star))
    })
    const text = h('textarea', { rows: 2, placeholder: t.yourComment, 'aria-label': t.yourComment, dir: 'auto' })
    const note = h('p', { role: 'alert' })
    const send = h('button.primary', { type: 'submit' }, t.sendIt)
    const rest = h('div.rest', { hidden: true }, comment && text, send)
    return h(
      'form',
      {
        noValidate: true,
        onsubmit: (e: Event) => {
          e.preventDefault()
          if (send.disabled) return
          send.disabled = true
          send.textContent = t.sending
          note.textContent = ''
          sent = at
          post(
            send,
            'rating',
            { ticket, score, ...(comment && { comment: text.value.trim() }) },
            () => {
              answered = at
              update()
              kit.announce(thanks)
            },
            (text) => {
              note.textContent = text
              send.textContent = t.sendIt
              send.disabled = false
            },
          )
        },
      },
      h('fieldset', h('legend', { dir: 'auto' }, question), h('div.marks', ...labels)),
      rest,
      note,
    )
  }

  function update() {
    const { session } = chat.state()
    const { by, name, at = '', ticket, asks } = session?.closed || {}
    stop.hidden = !core.config.visitorEnds || !session?.ongoing || !!by
    if (stop.hidden) asking = false
    const { rating } = core.config
    if (sent === at && !asks) answered = sent // it was stored, and only the reply was lost
    const open = !!asks && !!rating && answered !== at
    const state = (by ? at + open + answered : String(asking)) + store.session().token
    if (state === drawn) return
    const said = by === 'customer' ? t.ended : by === 'manual' && name ? name + ' ' + t.closedBy : t.wasClosed
    // Who comes back is not told anew.
    if (by && drawn && !drawn.startsWith(at)) kit.announce(said)
    drawn = state
    const inside = el.contains((el.getRootNode() as ShadowRoot).activeElement)
    el.hidden = !by && !asking
    el.replaceChildren(
      ...(by
        ? [
            h('p', { dir: 'auto' }, said),
            open ? question(at, ticket) : answered === at ? h('p.thanks', { dir: 'auto' }, rating!.thanks) : '',
            h('button.quiet', { onclick: () => input.focus() }, t.anew),
          ]
        : confirm()),
    )
    if (inside) el.focus()
  }
  return update
}
