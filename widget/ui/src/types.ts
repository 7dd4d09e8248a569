import type { Shared } from './app/shared'
import type { Settings } from './settings'

// What the server says (docs/widget-protocol.md) and what the loader and the app
// say to each other.

export interface Config extends Settings {
  hidden?: boolean
  locale: string
  speaks: string
  available: boolean
  form: boolean
  /** The primary colour as it can be read on each theme (R6.6). */
  accent: { light: string; dark: string }
  picture?: string
  logo?: string
  entry: Settings['entry'] & { form: boolean; providers?: string[] }
  files?: { maxBytes: number; types: string[] }
}

export interface Message {
  seq: number
  at: string
  /** Which of the customer's tickets it is in. */
  ticket?: number
  from: 'customer' | 'agent' | 'rule' | 'welcome'
  name?: string
  text?: string
  file?: { name: string; type: string; size: number; inline?: boolean }
  key?: string
}

export interface Session {
  id: string
  level: string
  name?: string
  email?: string
  expiresAt?: string
  ongoing?: boolean
  lastSeq?: number
  read?: Marks
  form?: boolean
  closed?: Closed
}

/** How a conversation was closed (R14.1); without by: it goes on. */
export interface Closed {
  by?: 'manual' | 'automatic' | 'customer'
  name?: string
  at?: string
  ticket?: number
  /** The visitor is to be asked how it was (R14.3). */
  asks?: boolean
}

export interface Marks {
  agent: number
  customer: number
}

export interface Problem {
  path: string
  code: string
  message: string
}

/** What the loader hands to the app. */
export interface Core {
  shared: Shared
  base: string
  key: string
  page: boolean
  /** Aborted when the widget is destroyed. */
  signal: AbortSignal
  /** Calls f after so many seconds, unless the widget is destroyed before. */
  later(seconds: number, f: () => void): void
  /** When the page loaded, on performance.now()'s clock: delays count from it. */
  since: number
  config: Config
  root: ShadowRoot
  frame: HTMLElement
  button: HTMLButtonElement
  emit(event: string, data?: unknown): void
  /** Reads the configuration again and draws the button anew. */
  reload(): Promise<void>
  theme: string
  chunk<T>(name: string): Promise<T>
}

/** What the app answers. */
export interface App {
  run(name: string, args: unknown[]): unknown
  /** The configuration has been read again. */
  configured(): void
}

/** What the widget says: by itself, and in its extras. */
export type Words = typeof import('./locale/es').default & typeof import('./locale/es-extras').default
