// Attachments: what may be sent, and how one is shown and fetched.

import type { Kit } from '../app/kit'
import type { Message } from '../types'

export type Files = ReturnType<typeof files>

export function size(bytes: number, locale: string): string {
  const mega = bytes >= 1e6
  const n = mega ? bytes / 1048576 : Math.max(1, bytes / 1024)
  const digits = { maximumFractionDigits: mega ? 1 : 0 }
  return new Intl.NumberFormat(locale, digits).format(n) + (mega ? ' MB' : ' KB')
}

/** Adds what attaches files to the field around an input; problems are said in note. */
export default function files({ core, api, chat, h, icon, t }: Kit, input: HTMLElement, note: HTMLElement) {
  // The cards of the files that are being sent, and those files by the keys of their messages.
  const sending = new Map<File, HTMLElement>()
  const keys = new Map<string, File>()

  /** Draws an image without an address for it, which a policy could refuse. */
  async function preview(blob: Blob, into: HTMLElement) {
    try {
      const image = await createImageBitmap(blob)
      const scale = Math.min(1, 480 / image.width, 480 / image.height)
      const canvas = h('canvas.preview', { width: image.width * scale, height: image.height * scale })
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

  const picker = h('input', {
    type: 'file',
    multiple: true,
    hidden: true,
    onchange: () => {
      send(picker.files!)
      picker.value = ''
    },
  })
  const clip = h(
    'button.tool',
    { 'aria-label': t.attach, title: t.attach, onclick: () => picker.click() },
    icon('m20.5 11.5-8.6 8.6a5.5 5.5 0 0 1-7.8-7.8l8.9-8.9a3.7 3.7 0 0 1 5.2 5.2l-8.9 8.9a1.8 1.8 0 0 1-2.6-2.6l8-8'),
  )
  input.before(clip, picker)
  input.addEventListener('paste', (e) => {
    const list = e.clipboardData?.files
    if (!list?.length || !core.config.files) return
    e.preventDefault()
    send(list)
  })

  /** Sends those files that may be sent, and says why another was not. */
  function send(list: FileList) {
    const { maxBytes, types } = core.config.files!
    let problem = ''
    for (const file of list) {
      if (file.size > maxBytes) problem = `${t.tooLarge} ${size(maxBytes, core.config.locale)}.`
      // Browsers guess by the ending; without one the server looks.
      else if (!types.includes(file.type) && file.name.includes('.')) problem = t.badType
      else chat.send('', file)
    }
    note.textContent = problem
  }

  /** Follows the configuration and what was sent. */
  function update() {
    const { files } = core.config
    clip.hidden = !files
    picker.accept = files?.types.join(',') || ''
    if (!sending.size) return
    const { items, messages } = chat.state()
    for (const i of items) if (i.file) keys.set(i.key, i.file)
    for (const m of messages) {
      const file = m.file && keys.get(m.key!)
      if (!file) continue
      // The server has described it: its name, and whether it may be shown.
      sending.get(file)?.replaceWith(card(m, file))
      sending.delete(file)
      keys.delete(m.key!)
    }
  }

  /** Shows a file: that of a message, or one that is being sent. A picture is drawn if the server says so. */
  function card(m?: Message, local?: File): HTMLElement {
    const info = m?.file || local!
    const get = async () => local || api.raw('GET', 'files/' + m!.seq, undefined, { timeout: 180 }, (res) => res.blob())
    const name = h('span.name', info.name)
    const about = h('span.size', size(info.size, core.config.locale))
    const button = h(
      'button.file',
      {
        disabled: !m,
        onclick: async () => {
          button.disabled = true
          try {
            const address = URL.createObjectURL(await get())
            const a = h('a', { href: address, download: info.name })
            a.click()
            setTimeout(() => URL.revokeObjectURL(address), 10_000)
          } catch {
            about.textContent = t.wentWrong
          }
          button.disabled = false
        },
      },
      h('span.kind', icon('M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8l-5-5ZM14 3v5h5')),
      h('span.about', h('span.hidden', t.downloadFile + ': '), name, about),
    )
    if (!m) sending.set(local!, button)
    if (!m?.file?.inline || info.size > 8e6) return button
    const box = h('div.attached', button)
    get().then((b) => preview(b, box)).catch(() => {})
    return box
  }

  update()

  return {
    update,
    /** Why a file was not sent, where the server has not said it. */
    failed: t.fileFailed,
    card,
  }
}
