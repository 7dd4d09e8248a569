// What the visitor has written and the server has not taken yet. It goes out in
// its order, each with its key, until it is taken or refused.

import type { Message } from '../types'
import { Refused } from './api'
import { backoff, waiter } from './backoff'
import type { Store, Waiting } from './store'
import { newKey } from './store'

export interface Item extends Waiting {
  state: 'sending' | 'failed'
  file?: File
  /** The stream has already brought it. */
  seq?: number
  /** How often it failed while the server answered another request. */
  failures?: number
}

export interface Sent {
  message: Message
  also?: Message[]
}

export interface Way {
  /** Sees to a session; false if only the visitor can start one. */
  admit(): Promise<boolean>
  /** Sends an item, takes the answer and returns its sequence. */
  post(item: Item): Promise<number>
  /** Reports whether the server answers another request. */
  reached(): Promise<boolean>
  /** An item was refused; the answer reports whether the others go on. */
  refused(why: Refused, item: Item): boolean
  changed(): void
}

/** An item fails for good after so many failures that are its own. */
const most = 4

export function outbox(store: Store, end: AbortSignal, way: Way) {
  const pause = waiter()
  let items: Item[] = store.waiting().map((w) => ({ ...w, state: w.state === 'failed' ? w.state : 'sending' }))
  let current: Item | undefined
  let flushing = false

  /** Keeps an item for the next page, but no file. */
  function keep(item: Item) {
    if (!item.file) store.wait(item)
  }

  /** The first item that waits; a file that has failed waits behind the others. */
  function next(): Item | undefined {
    const list = items.filter((i) => i.state === 'sending')
    return list.find((i) => !i.file || !i.failures) || list[0]
  }

  async function flush(): Promise<void> {
    // Waiting for another try of an item holds up no other one.
    if (current && next() !== current) pause.wake()
    if (flushing) return
    flushing = true
    let tries = 0
    try {
      while (!end.aborted && (current = next())) {
        const item = current
        /** Reports whether the item has not been taken back, by a logout say. */
        const waits = () => items.includes(item)
        try {
          const may = await way.admit()
          if (!waits()) continue
          if (!may) return
          const seq = await way.post(item)
          if (waits())
            for (const later of items.slice(items.indexOf(item))) {
              later.after = Math.max(later.after || 0, seq)
              keep(later)
            }
          drop(item.key)
          tries = 0
        } catch (e) {
          const r = e instanceof Refused ? e : new Refused(0, 'network')
          // A text that the server asks to send later waits for as long as it takes.
          const own = r.later && (item.file || !/busy|rate/.test(r.code)) && (await way.reached())
          if (end.aborted) return
          if (!waits()) continue
          if (own) item.failures = (item.failures || 0) + 1
          if (!r.later || item.failures! >= most) {
            item.state = 'failed'
            item.reason = r.problems?.[0]?.message || r.message
            if (r.code === 'key_reused') rename(item)
            if (!way.refused(r, item)) return
            keep(item)
            way.changed()
          } else if (next() === item) await pause.wait(backoff(tries++, Math.random(), r.after))
        }
      }
    } finally {
      flushing = false
    }
  }

  function add(item: Item) {
    // The next page has them in the same order.
    item.at = Math.max(Date.now(), (items.at(-1)?.at || 0) + 1)
    items.push(item)
    keep(item)
    way.changed()
    void flush()
  }

  /** Takes an item away that is stored, or shall not be sent. */
  function drop(key: string) {
    items = items.filter((i) => i.key !== key)
    store.drop(key)
    way.changed()
  }

  /** Makes an item another message. */
  function rename(item: Item) {
    store.drop(item.key)
    item.key = newKey()
  }

  return {
    items: () => items,
    flush,
    /** Sends what waits for another try at once. */
    wake: () => pause.wake(),
    add,
    /** Sends one that failed again, with another text as another message. */
    retry(item: Item, text = item.text) {
      if (text !== item.text) rename(item)
      items = items.filter((i) => i !== item)
      pause.wake()
      add(Object.assign(item, { text, state: 'sending', failures: 0 }))
    },
    drop,
    /** Forgets the items of this tab, but none that another keeps: it may be of another session. */
    clear() {
      items.forEach((i) => store.drop(i.key))
      items = []
    },
  }
}
