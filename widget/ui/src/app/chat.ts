// The chat as this tab has it: a session, its conversation, and what is on its way.
// It draws nothing.

import type { Client } from './api'
import { gone } from './api'
import type { Hearer } from './conversation'
import { conversation } from './conversation'
import type { Sent } from './outbox'
import { outbox } from './outbox'
import type { reading } from './reading'
import { sessions } from './session'
import type { Store } from './store'
import { newKey } from './store'
import type { Core } from '../types'

export interface Listener extends Pick<Hearer, 'arrived' | 'changed' | 'seen'> {
  /** The session is gone; what was on its way is in the draft. */
  lost(): void
  /** Nobody is available: the text belongs into the contact form. */
  form(text: string): void
  /** A session is needed that only the visitor can start. */
  entry(): void
}

export type Chat = ReturnType<typeof chat>

export function chat(core: Core, store: Store, api: Client, on: Listener, open?: typeof reading) {
  const name = 'charla:' + core.base + core.key
  let link = true
  let welcome = false
  /** The session that what waits here belongs to. */
  let owner: string | undefined

  const changed = () => {
    if (!core.signal.aborted) on.changed()
  }
  const visit = sessions(core, store, api, name, {
    begun(made) {
      renew()
      talk.begin(made)
      void box.flush()
    },
    changed() {
      const { id } = store.session()
      // What one has not sent is not for the next to send.
      if (!id || (owner && owner !== id)) box.clear()
      void start()
      changed()
    },
    lost: on.lost,
    waiting: () => box.items(),
  })
  const box = outbox(store, core.signal, {
    async admit() {
      const may = await visit.admit()
      if (!may) on.entry()
      return may
    },
    async post(item) {
      const { key, text, file } = item
      const to = talk
      const sent = file
        ? await api.json<Sent>(
            'POST',
            `files?key=${key}&name=${encodeURIComponent(file.name)}${item.welcome ? '&welcome=true' : ''}`,
            file,
            { timeout: 180 },
          )
        : await api.json<Sent>('POST', 'messages', { key, text, ...(item.welcome && { welcome: true }) })
      sent.message.key = key
      if (item.welcome) welcome = false
      link = true
      to.know({ ongoing: true })
      to.sent(key, sent)
      return sent.message.seq
    },
    async reached() {
      link = await api.json('GET', 'session', undefined, { timeout: 10 }).then(
        () => true,
        () => false,
      )
      changed()
      return link
    },
    refused(why, item) {
      if (gone(why)) {
        item.state = 'sending' // once the session goes on
        void visit.check()
      } else if (why.code === 'contact_form') {
        drop(item.key)
        talk.know({ ongoing: false, form: true })
        on.form(item.text)
      } else {
        core.emit('error', { code: why.code, message: why.message })
        return true
      }
      return false
    },
    changed,
  })
  const hearer: Hearer = {
    ...on,
    changed,
    own(m) {
      // A file's name is the server's.
      const item = box
        .items()
        .find((i) => !i.seq && i.state === 'sending' && (i.file ? m.file?.size === i.file.size : (m.text || '') === i.text))
      if (!item) return
      item.seq = m.seq
      m.key = item.key
    },
    dropped: box.drop,
    link(up) {
      if (up && !link) box.wake()
      link = up
      changed()
    },
    over: (s) => s.level === 'anonymous' && !s.ongoing && !!s.lastSeq && !s.closed?.asks && !box.items().length && !!visit.logout(),
    loaded: () => void box.flush(),
    gone: visit.check,
  }
  let talk = conversation(core, api, name, {}, hearer, open)

  /** Begins anew with the conversation of the session that is kept. */
  function renew() {
    talk.stop()
    owner = store.session().id
    talk = conversation(core, api, name, store.session(), hearer, open)
  }

  /** Takes up the session that is kept, and sends what waits. */
  async function start(): Promise<void> {
    renew()
    if (store.session().token) await talk.load()
    else if (box.items().length && visit.free()) void box.flush()
  }

  function drop(key: string) {
    box.drop(key)
    talk.sent(key)
  }

  const online = () => {
    link = navigator.onLine
    if (link) {
      talk.wake()
      box.wake()
    }
    changed()
  }
  const visible = () => {
    void talk.catchUp()
    changed()
  }
  const { signal } = core
  addEventListener('online', online, { signal })
  addEventListener('offline', online, { signal })
  document.addEventListener('visibilitychange', visible, { signal })
  signal.addEventListener('abort', () => {
    talk.stop()
    box.wake()
  })

  return {
    ...visit,
    start,
    drop,
    send(text: string, file?: File) {
      store.act()
      box.add({ key: newKey(), text, at: 0, after: talk.last(), state: 'sending', file, welcome: welcome || undefined })
    },
    retry: box.retry,
    flush: box.flush,
    older: () => talk.older(),
    refresh: () => talk.refresh(),
    type: () => talk.type(),
    see: () => talk.see(),
    greet(shown: boolean) {
      welcome = shown
      changed()
    },
    state: () => ({ ...talk.state(), items: box.items(), link, welcome }),
    transport: () => talk.transport(),
  }
}
