import type { Config, Core } from '../types'
import { h } from './shared'

/** The account's picture, or the first letter of its name. */
export function avatar({ base, config: { picture, name } }: Pick<Core, 'base'> & { config: Config }): HTMLElement {
  const el = h('span.avatar', { 'aria-hidden': 'true' }, Array.from(name.trim())[0]?.toUpperCase())
  if (picture) {
    const img = h('img', { alt: '', src: base + picture, onerror: () => img.remove() })
    el.append(img)
  }
  return el
}
