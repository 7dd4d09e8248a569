import type { Client } from './api'
import type { Chat } from './chat'
import type { avatar } from './avatar'
import type { icons } from './icons'
import type { Store } from './store'
import type { h, icon } from './shared'
import type { Core, Strings, Words } from '../types'

type Extras = typeof import('../chunks/extras')
type End = typeof import('../chunks/end')

/** What the parts of the app, and the chunks that come later, work with. A chunk imports types only. */
export interface Kit {
  core: Core
  store: Store
  api: Client
  chat: Chat
  /** In Spanish, chunks add their own. */
  t: Words & Partial<Strings>
  h: typeof h
  icon: typeof icon
  icons: typeof icons
  avatar: typeof avatar
  /** Adds a style sheet, once for each text. */
  style(css: string): void
  /** Brings what the widget can do without: where it cannot be had, nothing happens. */
  bring(f: (extras: Extras) => void): void
  bring(f: (end: End) => void, name: 'end'): void
  /** Says something to those who listen to the screen. */
  announce(text: string): void
}
