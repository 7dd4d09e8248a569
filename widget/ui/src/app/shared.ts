// What the loader has already brought: the app does not bring it again.

import type * as dom from '../dom'

export type Shared = Pick<typeof dom, 'h' | 'icon' | 'style'>

export let h: Shared['h']
export let icon: Shared['icon']
export let style: Shared['style']

/** Called once, before anything else of the app. */
export function share(from: Shared): void {
  ;({ h, icon, style } = from)
}
