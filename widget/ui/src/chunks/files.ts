// Attachments: what may be sent, and how one is shown and fetched.

import type { Kit } from '../app/kit'
import type { Message } from '../types'
import { files as spanish } from '../locale/es-chunks'
import css from './files.css'

export type Files = ReturnType<typeof files>

export function size(bytes: number, locale: string): string {
  const mega = bytes >= 1e6
  const n = mega ? bytes / 1048576 : Math.max(1, bytes / 1024)
  const digits = { maximumFractionDigits: mega ? 1 : 0 }
  return new Intl.NumberFormat(locale, digits).format(n) + (mega ? ' MB' : ' KB')
}

export default function files({ core, api, chat, h, icon, style, ...kit }: Kit) {
  const t = { ...spanish, ...kit.t }
  style(css)
  const picture = /^image\/(png|jpeg|gif|webp)$/

  /** Draws an image without an address for it, which a policy could refuse. */
  async function preview(blob: Blob, into: HTMLElement) {
    try {
      const image = await createImageBitmap(blob)
      const scale = Math.min(1, 480 / image.width, 480 / image.height)
      const canvas = h('canvas', { className: 'preview', width: image.width * scale, height: image.height * scale })
      canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
      image.close()
      // The thread grows: who was at its end stays there.
      const log = into.closest('.log')
      const low = log && log.scrollHeight - log.scrollTop - log.clientHeight < 120
      into.prepend(canvas)
      if (low) log.scrollTop = log.scrollHeight
    } catch {
      // Not an image after all: the card stays as it is.
    }
  }

  return {
    /** Sends those files that may be sent; the answer is why one was not, or empty. */
    send(list: File[]): string {
      const { maxBytes, types } = core.config.files!
      let problem = ''
      for (const file of list) {
        if (file.size > maxBytes) problem = `${t.tooLarge} ${size(maxBytes, core.config.locale)}.`
        else if (!types.includes(file.type)) problem = t.badType
        else chat.send('', file)
      }
      return problem
    },
    card(m?: Message, local?: File): HTMLElement {
      const info = m?.file || local!
      const get = () => api.raw('GET', 'files/' + m!.seq, undefined, { timeout: 180 }, (res) => res.blob())
      const name = h('span', { className: 'name' }, info.name)
      const about = h('span', { className: 'size' }, size(info.size, core.config.locale))
      const card = h(
        'button',
        {
          className: 'file',
          type: 'button',
          disabled: !m,
          onclick: async () => {
            card.disabled = true
            try {
              const address = URL.createObjectURL(await get())
              const a = h('a', { href: address, download: info.name })
              a.click()
              setTimeout(() => URL.revokeObjectURL(address), 10_000)
            } catch {
              about.textContent = t.error
            }
            card.disabled = false
          },
        },
        h('span', { className: 'kind' }, icon('M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8l-5-5ZM14 3v5h5')),
        h('span', { className: 'about' }, h('span', { className: 'hidden' }, t.download + ': '), name, about),
      )
      if (picture.test(info.type) && info.size < 8e6) {
        const box = h('div', { className: 'attached' }, card)
        if (local) void preview(local, box)
        else get().then((b) => preview(b, box)).catch(() => {})
        return box
      }
      return card
    },
  }
}
