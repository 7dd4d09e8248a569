// Who the visitor is to the server: how a session begins, is logged in and ends, here
// and in the other tabs.

import type { Client } from './api'
import { Refused } from './api'
import type { Begun, Store, Waiting } from './store'
import { alone } from './tabs'
import type { login as Login } from '../chunks/login'
import type { Core, Session } from '../types'

export interface Holder {
  /** A session has been made here, which has no conversation yet. */
  begun(session: Session): void
  /** The session that is kept is another, has another token, or is none. */
  changed(): void
  /** The session is over; what was not sent is in the draft. */
  lost(): void
  /** What waits in this tab. */
  waiting(): Waiting[]
}

export type Sessions = ReturnType<typeof sessions>

export function sessions(core: Core, store: Store, api: Client, name: string, on: Holder) {
  let identity = ''
  let admitting: Promise<boolean> | undefined

  const signing = async () =>
    (await core.chunk<{ login: typeof Login }>('forms')).login(store, api, (mode, f) => alone(name + ':login', f, mode), core.signal)
  const token = () => store.session().token
  const complain = (e: Refused) => core.emit('error', { code: e.code, message: e.message })

  /** Another tab has changed the session: this one follows. */
  function followed(e: StorageEvent) {
    if (e.key !== store.name) return
    const before = token()
    store.reread()
    if (token() !== before) on.changed()
  }
  addEventListener('storage', followed, { signal: core.signal })

  /** Starts a session, or logs the one there is in. */
  async function enter(body: Record<string, unknown>): Promise<void> {
    if (token() && (body.identity || body.login)) {
      await (await signing()).login(body)
      return on.changed()
    }
    const { id } = store.session()
    const made = await api.json<Begun>('POST', 'sessions', { ...body, locale: core.config.speaks })
    store.reread()
    // Where this tab hung meanwhile, another one has begun: two sessions would be two customers.
    if (store.session().id !== id) return on.changed()
    store.act()
    store.set({ form: undefined })
    store.enter(made, body)
    if (made.session.level === 'verified') on.changed()
    else on.begun(made.session)
  }

  async function begin(): Promise<boolean> {
    store.reread()
    if (token()) {
      on.changed()
      return true
    }
    try {
      if (identity) {
        await enter({ identity })
        return true
      }
    } catch (e) {
      // The host's word is not good: the visitor is asked like any other.
      if (!(e instanceof Refused) || e.status !== 422) throw e
      identity = ''
      complain(e)
    }
    if (!free()) return false
    await enter({ anonymous: true })
    return true
  }

  /** Whether nothing has to be asked before one writes (R7.3). */
  function free(): boolean {
    const { entry } = core.config
    return !!identity || (entry.anonymous && !entry.rut && !entry.email)
  }

  async function logout() {
    const bye = token() && api.json('DELETE', 'session').catch(() => {})
    identity = ''
    store.clear()
    on.changed()
    await bye
  }

  return {
    enter,
    free,
    logout,
    identified: () => !!identity,
    /** Starts a session if it can be done without asking the visitor; false: it cannot. */
    admit: () =>
      token() ? Promise.resolve(true) : (admitting ||= alone(name, begin).finally(() => (admitting = undefined))),
    async identify(jwt: string) {
      identity = jwt
      const { subject } = store.session()
      if (!token() || (await signing()).same(subject, jwt)) return
      if (subject) {
        await logout()
        identity = jwt
      } else await enter({ identity }).catch(complain)
    },
    /** A token was refused: a login, here or in another tab, has replaced it, or the session is lost. */
    async check() {
      const goesOn = await (await signing()).ongoing(on.waiting)
      if (core.signal.aborted) return
      if (!goesOn) {
        core.emit('error', { code: 'session', message: '' })
        on.lost()
      }
      on.changed()
    },
  }
}
