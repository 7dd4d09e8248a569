// The dots that stand for somebody who is typing.

import type { Kit } from '../app/kit'

export default function typing({ h, t }: Kit): HTMLElement {
  return h('div.typing', { 'aria-label': t.isTyping }, h('i'), h('i'), h('i'))
}
