import type { Core, Problem } from '../types'
import type { Store } from './store'
import { json, newKey } from './store'

/** What was refused: by the server, or on the way to it (code network; status 0: without an answer). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message = '',
    /** Seconds that the server asks to wait. */
    readonly after = 0,
    readonly problems?: Problem[],
  ) {
    super(message)
  }
  /** Whether the same request may succeed later. */
  get later(): boolean {
    const { status } = this
    return this.code === 'network' ? status !== 413 : status === 408 || status === 429 || status >= 500
  }
}

export interface Call {
  signal?: AbortSignal
  /** Seconds until the request is given up. */
  timeout?: number
}

export function client(core: Core, store: Store) {
  const root = `${core.base}v1/${encodeURIComponent(core.key)}/`

  /** Makes a request and takes its answer, all within the timeout. */
  async function raw<T>(
    method: string,
    path: string,
    body: unknown,
    call: Call,
    take: (res: Response) => Promise<T>,
  ): Promise<T> {
    const headers: Record<string, string> = {}
    const { token } = store.session()
    if (token) headers.Authorization = 'Bearer ' + token
    const file = body instanceof Blob
    if (body !== undefined) headers['Content-Type'] = file ? body.type : 'application/json'
    const stop = new AbortController()
    const abort = () => stop.abort()
    for (const s of [core.signal, call.signal]) s?.addEventListener('abort', abort, stop)
    const timer = call.timeout === 0 ? 0 : setTimeout(abort, (call.timeout || 30) * 1000)
    try {
      // A worker of the page may answer what it knows: no two questions have one address.
      const res = await fetch(root + (method === 'GET' ? path.replace(/\?|$/, `?_=${newKey()}&`) : path), {
        method,
        headers,
        body: body === undefined || file ? body : json(body),
        signal: stop.signal,
        credentials: 'omit',
        cache: 'no-store',
      })
      if (res.ok) return await take(res)
      // A proxy's page is no answer of the server: what it says is not for the visitor.
      const { error } = await res.json().catch(() => 0)
      const e = /^[a-z_]+$/.test(error?.code) ? error : { code: 'network' }
      throw new Refused(res.status, e.code, e.message, Number(res.headers.get('Retry-After')) || 0, e.problems)
    } catch (e) {
      throw e instanceof Refused ? e : new Refused(0, 'network')
    } finally {
      clearTimeout(timer)
      abort()
    }
  }

  return {
    raw,
    json: <T>(method: string, path: string, body?: unknown, call: Call = {}) =>
      raw<T>(method, path, body, call, async (res) => (res.status === 204 ? undefined : await res.json())),
  }
}

/** Reports whether a refusal says that the token is good for nothing. */
export const gone = (e: unknown) => (e as Refused).code === 'session'

export type Client = ReturnType<typeof client>
