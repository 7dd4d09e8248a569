import type { Client } from './api'
import type { Chat } from './chat'
import type { avatar } from './avatar'
import type { icons } from './icons'
import type { Store } from './store'
import type { h, icon } from './shared'
import type { Core, Words } from '../types'

export type Extras = typeof import('../chunks/extras')

/** What the parts of the app, and the extras that come later, work with: of the app these import types only. */
export interface Kit {
  core: Core
  store: Store
  api: Client
  chat: Chat
  /** In Spanish, those of the extras come with them. */
  t: Words
  h: typeof h
  icon: typeof icon
  icons: typeof icons
  avatar: typeof avatar
  /** Brings what the widget can do without: where it cannot be had, nothing happens. */
  bring(f: (extras: Extras) => void): void
  /** Says something to those who listen to the screen. */
  announce(text: string): void
}
