// The addresses in a text, found in one pass, and texts of emoji alone. Most texts
// have neither.

import type { Kit } from '../app/kit'

/** Makes links in an element with a text, and emoji alone large. */
export default function text({ h }: Kit, el: HTMLElement) {
  const t = el.textContent!
  el.classList.toggle('emoji', onlyEmoji(t))
  el.replaceChildren(
    ...parts(t).map((p) =>
      p.href
        ? h('a', { href: p.href, target: '_blank', rel: 'noopener noreferrer', referrerPolicy: 'no-referrer' }, p.text)
        : p.text,
    ),
  )
}

export interface Part {
  text: string
  href?: string
}

const ends = '.,;:!?\'"*_~…»”’'

/** Splits a text into plain parts and links; only http and https are links. */
export function parts(text: string): Part[] {
  const out: Part[] = []
  const found = /(?:https?:\/\/|www\.)[^\s<>"`{}|\\^]+/gi
  let last = 0
  const plain = (s: string) => s && out.push({ text: s })
  for (let m = found.exec(text); m; m = found.exec(text)) {
    if (m.index && /[\p{L}\p{N}@_]/u.test(text[m.index - 1]!)) continue
    let end = m[0].length
    let opened = 0
    for (const c of m[0]) opened += c === '(' ? 1 : c === ')' ? -1 : 0
    for (; end; end--) {
      const c = m[0][end - 1]!
      if (c === ')' && opened < 0) opened++
      else if (!ends.includes(c)) break
    }
    const s = m[0].slice(0, end)
    const href = link(s)
    if (!href) continue
    plain(text.slice(last, m.index))
    out.push({ text: s, href })
    last = m.index + s.length
  }
  plain(text.slice(last))
  return out
}

function link(s: string): string | undefined {
  try {
    const u = new URL(/^www\./i.test(s) ? 'https://' + s : s)
    const web = u.protocol === 'https:' || u.protocol === 'http:'
    // A name before an @ is how one host is made to look like another.
    return web && u.hostname.includes('.') && !u.username && !u.password ? u.href : undefined
  } catch {
    return undefined
  }
}

/** Whether a text is a few emoji and nothing else: they are shown large. */
export function onlyEmoji(text: string): boolean {
  const s = text.replace(/\s/g, '')
  return s.length > 0 && s.length <= 24 && /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|[\u200d\ufe0f]|[\u{1f1e6}-\u{1f1ff}])+$/u.test(s)
}
