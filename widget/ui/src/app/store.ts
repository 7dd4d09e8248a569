import type { Session } from '../types'

// What the browser keeps of this account: nothing until the visitor acts, but for
// the moment of the welcome message. Each thing has an entry of its own, which only
// its change writes: another tab may still see what was there a moment ago, and must
// not write that again. What is read may be anything: the page's own scripts and
// other versions write there, too.

export interface Waiting {
  key: string
  text: string
  at: number
  welcome?: boolean
  /** The last message before it. */
  after?: number
  state?: 'sending' | 'failed'
  /** The message of the refusal, where there is one. */
  reason?: string
}

/** What the server answers when it has begun a session, or logged it in. */
export interface Begun {
  token: string
  session: Session
}

/** The session, as it is kept. */
export interface Entered {
  token?: string
  id?: string
  level?: string
  name?: string
  email?: string
  /** The claims of the host's identity that the session was started with. */
  subject?: string
}

export interface Kept {
  draft?: string
  muted?: boolean
  /** What was typed into a form and not taken yet. */
  form?: Record<string, string>
}

type Loose = Record<string, unknown>

/** JSON of what consists of own members, whatever toJSON a page gives to all arrays or objects. */
export function json(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map((one) => json(one))}]`
  if (!v || typeof v !== 'object') return JSON.stringify(v)
  const own = v as Loose
  return `{${Object.keys(own)
    .filter((k) => own[k] !== undefined)
    .map((k) => JSON.stringify(k) + ':' + json(own[k]))}}`
}

/** The texts among the members of what should be an object. */
const texts = (v: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(typeof v === 'object' ? v || {} : {}).filter(([, text]) => typeof text === 'string'))

const out = ':out:'
const welcome = ':welcome'

export function store(name: string) {
  let acted = false
  let session: Entered = {}
  let kept: Kept = {}

  /** What an entry has: null if there is none, undefined if it cannot be read. */
  function load(part: string, where: 'localStorage' | 'sessionStorage' = 'localStorage') {
    try {
      return JSON.parse(window[where].getItem(name + part)!)
    } catch {
      // No storage here, or nothing that can be read: memory serves until the page goes.
    }
  }
  function save(part: string, value: unknown, where: 'localStorage' | 'sessionStorage' = 'localStorage') {
    try {
      if (value === undefined) window[where].removeItem(name + part)
      else if (acted || part === welcome) window[where].setItem(name + part, json(value))
    } catch {
      // Full or forbidden.
    }
  }
  function read() {
    kept = {
      ...texts({ draft: load(':draft', 'sessionStorage') ?? load(':draft') }),
      muted: load(':muted') === true,
      form: texts(load(':form')),
    }
  }
  function reread() {
    const { id } = session
    const v = load('')
    if (v) session = /^[\w.-]+$/.test(v.token) ? texts(v) : {}
    acted ||= !!v
    if (!id || id === session.id) return
    // What somebody has not sent is not for the next.
    save(':draft', undefined, 'sessionStorage')
    read()
  }
  function set(change: Kept) {
    kept = { ...kept, ...change }
    for (const k of Object.keys(change)) {
      const value = change[k as keyof Kept]
      save(':' + k, value)
      // Another tab may keep a draft later: that of this one stays here.
      if (k === 'draft') save(':' + k, value, 'sessionStorage')
    }
  }
  /** The entries of what waits, by the keys of the messages. */
  function entries(): string[] {
    try {
      return Object.keys(localStorage).filter((k) => k.startsWith(name + out)).map((k) => k.slice((name + out).length))
    } catch {
      return []
    }
  }
  const drop = (key: string) => save(out + key, undefined)

  reread()
  read()

  return {
    name,
    session: () => session,
    /** Keeps the session as the server has begun it, or logged it in. */
    enter({ token, session: made }: Begun, { identity }: Record<string, unknown>) {
      const subject = identity ? String(identity).split('.')[1] : session.subject
      save('', (session = texts({ ...made, token, subject })))
    },
    /** Looks whether another tab has changed the session. */
    reread,
    get: () => kept,
    /** Changes what is kept; undefined members go. */
    set,
    /** What waits in any tab, oldest first; nothing that was written in another session. */
    waiting: (): Waiting[] =>
      entries()
        .map((key) => ({ ...load(out + key), key }))
        .filter((w) => typeof w.text === 'string' && Math.abs(w.at) < 8e15 && (w.of || session.id) === session.id)
        .sort((a, b) => a.at - b.at),
    wait: (w: Waiting) => save(out + w.key, { ...w, of: session.id }),
    drop,
    /** The visitor has done something here: from now on things are kept. */
    act() {
      if (acted) return
      acted = true
      // This page may have slept while another one began a session.
      if (!load('')) save('', session)
      set(kept)
    },
    /** Whether the panel is open, for the next page of this tab. */
    open(value?: boolean): boolean | undefined {
      if (value !== undefined) save('', { open: value }, 'sessionStorage')
      return load('', 'sessionStorage')?.open
    },
    /** Whether the welcome message was shown less than so many minutes ago; from now on it was. */
    greeted(minutes: number): boolean {
      // A clock that was wrong once keeps nobody from being greeted.
      if (Math.abs(Date.now() - load(welcome)) < minutes * 6e4) return true
      if (minutes) save(welcome, Date.now())
      return false
    },
    /** Ends the session, with all that was written in it but what is given. The other tabs hear of the end, so it comes last. */
    clear(but: Kept = {}) {
      entries().forEach(drop)
      set({ draft: undefined, form: undefined, ...but })
      save('', (session = {}))
    },
  }
}

export type Store = ReturnType<typeof store>

/** A random key, also where the context is not secure. */
export const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-')
