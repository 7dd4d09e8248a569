// The dots that stand for somebody who is typing.

import type { Kit } from '../app/kit'
import css from './typing.css'

export default function typing({ h, style, t }: Kit): HTMLElement {
  style(css)
  return h('div', { className: 'typing', 'aria-label': t.isTyping }, h('i'), h('i'), h('i'))
}
