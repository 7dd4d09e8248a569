// The two forms: who writes (R6.3, R6.4), and the contact form for when nobody
// is there (R6.2).

import type { Kit } from '../app/kit'
import { newKey } from '../app/store'
import { clean } from '../clean'
import type { Problem } from '../types'
import { formatRUT, parseRUT } from './rut'

interface Failure {
  status: number
  code: string
  message: string
  problems?: Problem[]
}

interface Field {
  name: string
  el: HTMLElement
  input: HTMLInputElement | HTMLTextAreaElement
  /** Marks what is wrong; an empty text takes the mark away. */
  mark(problem: string): void
  check(): string
}

const mail = /^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;[\]\\]+\.[^\s@<>"(),:;[\]\\.]{2,}$/

export type Forms = ReturnType<typeof forms>

export default function forms(kit: Kit) {
  const { core, store, api, chat, h, icon, icons, t } = kit

  /** What was typed into a field before; the text is the one draft that there is. */
  const typed = (name: string) => (name === 'text' ? store.get().draft : store.get().form?.[name]) || ''

  function field(name: string, label: string, required: boolean, props: Record<string, unknown>): Field {
    const id = 'f-' + name
    const input = h((name === 'text' ? 'textarea' : 'input') as 'input', {
      id,
      name,
      required,
      value: typed(name),
      'aria-describedby': id + '-p',
      ...props,
    })
    const problem = h('p.problem', { id: id + '-p' })
    const f: Field = {
      name,
      input,
      el: h(
        'div.row',
        h('label', { for: id }, label, required ? null : h('span.opt', ` (${t.optional})`)),
        input,
        problem,
      ),
      mark(text) {
        problem.textContent = text
        input.setAttribute('aria-invalid', String(!!text))
      },
      check() {
        const v = clean(input.value)
        if (!v) return required ? t.missing : ''
        if (name === 'email') return mail.test(v) ? '' : t.badEmail
        if (name === 'rut') return parseRUT(v) ? '' : t.badRut
        return ''
      },
    }
    input.addEventListener('input', () => {
      if (name === 'rut') typeRUT(input)
      store.act()
      store.set(name === 'text' ? { draft: input.value } : { form: { ...store.get().form, [name]: input.value } })
      if (problem.textContent || (name === 'rut' && parseRUT(input.value))) f.mark(f.check())
      input.classList.toggle('good', name === 'rut' && !!parseRUT(input.value))
    })
    input.addEventListener('blur', () => clean(input.value) && f.mark(f.check()))
    return f
  }

  /** Formats in place and keeps the caret after the same digit. */
  function typeRUT(input: HTMLInputElement) {
    const before = clean(input.value.slice(0, input.selectionStart ?? 0)).replace(/[^\dk]/gi, '').length
    const text = formatRUT(input.value)
    if (text === input.value) return
    input.value = text
    let at = 0
    for (let n = 0; at < text.length && n < before; at++) if (/[\dK]/.test(text[at]!)) n++
    input.setSelectionRange(at, at)
  }

  // None has a maxLength, which cuts what is pasted without a word; the server says what is too long.
  const name = (required: boolean) => field('name', t.yourName, required, { type: 'text', autocomplete: 'name' })
  const email = (required: boolean) =>
    field('email', t.yourEmail, required, { type: 'email', autocomplete: 'email', inputMode: 'email' })
  const phone = () => field('phone', t.yourPhone, false, { type: 'tel', autocomplete: 'tel' })
  const rut = () => field('rut', t.yourRut, true, { type: 'text', placeholder: '12.345.678-5', autocomplete: 'off' })

  function values(fields: Field[]): Record<string, string> {
    return Object.fromEntries(fields.filter((f) => clean(f.input.value)).map((f) => [f.name, f.input.value.trim()]))
  }

  /** Marks the fields that have a problem, goes to the first, and reports whether there is one. */
  function wrong(fields: Field[], problem: (f: Field) => string | undefined): boolean {
    const [first] = fields.filter((f) => {
      const text = problem(f) || ''
      f.mark(text)
      return text
    })
    first?.input.focus()
    return !!first
  }

  const checked = (fields: Field[]) => !wrong(fields, (f) => f.check())

  /** Shows why the server refused: at the fields, or in the text that is returned. */
  function explain(e: Failure, fields: Field[], fallback: string): string {
    const problems = e.problems || []
    const rest = problems.find((p) => !fields.some((f) => f.name === p.path))?.message
    if (wrong(fields, (f) => problems.find((p) => p.path === f.name)?.message) && !rest) return ''
    return rest || (e.code === 'rate' ? t.slow : e.status && e.status < 500 && e.message) || fallback
  }

  function shell(fields: Field[], label: string, go: () => Promise<void>, fallback: string) {
    const problem = h('p.note', { role: 'alert' })
    const button = h('button.primary', { type: 'submit' }, label)
    const say = (text: string) => {
      problem.textContent = text
    }
    const form = h(
      'form',
      {
        noValidate: true,
        onsubmit: async (e: Event) => {
          e.preventDefault()
          if (button.disabled || !checked(fields)) return
          say('')
          button.disabled = true
          try {
            await go()
          } catch (e) {
            say(explain(e as Failure, fields, fallback))
          }
          button.disabled = false
        },
      },
      ...fields.map((f) => f.el),
      problem,
      button,
    )
    return { form, say }
  }

  /** Social logins: a window of theirs, which tells us when it is done. */
  function providers(say: (text: string) => void, done: () => void): HTMLElement[] {
    const home = new URL(core.base).origin
    return (core.config.entry.providers || []).map((provider) => {
      const title = provider.charAt(0).toUpperCase() + provider.slice(1)
      const button = h(
        `button.social ${provider}`,
        { onclick: () => void start() },
        mark(provider),
        h('span', `${t.with} ${title}`),
      )
      async function start() {
        say('')
        if (!checked(extra)) return
        // The window opens within the click: later it would be blocked.
        const popup = window.open('', 'charla-login', 'popup,width=480,height=640')
        if (!popup) return say(t.popup)
        button.disabled = true
        try {
          const { url, nonce } = await api.json<{ url: string; nonce: string }>('POST', 'logins', { provider })
          popup.location.href = url
          const login = await answer(popup)
          if (login) {
            const given = values(extra)
            await chat.enter({ ...given, login, nonce })
            done()
          }
        } catch (e) {
          popup.close()
          const f = e as Failure
          say((f.problems?.[0]?.message || (f.status && f.message)) || t.loginFailed)
        }
        button.disabled = false
      }
      return button
    })

    /** The login that the window posts; empty if it was closed. */
    function answer(popup: Window): Promise<string> {
      return new Promise((resolve, reject) => {
        const end = () => {
          removeEventListener('message', heard)
          clearInterval(timer)
        }
        const heard = (e: MessageEvent) => {
          if (e.origin !== home || e.source !== popup || e.data?.charla !== 'login') return
          end()
          popup.close()
          if (typeof e.data.login === 'string') resolve(e.data.login)
          else reject({ status: 0, code: 'login', message: '' })
        }
        const timer = setInterval(() => {
          if (!popup.closed && !core.signal.aborted) return
          end()
          resolve('')
        }, 400)
        addEventListener('message', heard)
      })
    }
  }

  function mark(provider: string): Node {
    if (provider === 'facebook')
      return icon('M24 12a12 12 0 1 0-13.9 11.9v-8.4H7.1V12h3V9.4c0-3 1.8-4.7 4.5-4.7 1.3 0 2.7.2 2.7.2v3h-1.5c-1.5 0-2 .9-2 1.9V12h3.4l-.5 3.5h-2.8v8.4A12 12 0 0 0 24 12Z', true)
    const svg = icon('M21.6 12.2c0-.7-.1-1.3-.2-1.9H12v3.7h5.4a4.6 4.6 0 0 1-2 3v2.5h3.2c1.9-1.7 3-4.3 3-7.3Z', true)
    const more: [string, string][] = [
      ['M12 22c2.7 0 5-.9 6.6-2.4l-3.2-2.5a6 6 0 0 1-9-3.2H3.1v2.6A10 10 0 0 0 12 22Z', '#34a853'],
      ['M6.4 13.9a6 6 0 0 1 0-3.8V7.5H3.1a10 10 0 0 0 0 9l3.3-2.6Z', '#fbbc05'],
      ['M12 6c1.5 0 2.8.5 3.8 1.5L18.7 4.6A10 10 0 0 0 3.1 7.5l3.3 2.6A6 6 0 0 1 12 6Z', '#ea4335'],
    ]
    const first = svg.firstElementChild!
    first.setAttribute('fill', '#4285f4')
    for (const [d, fill] of more) {
      const p = first.cloneNode() as Element
      p.setAttribute('d', d)
      p.setAttribute('fill', fill)
      svg.append(p)
    }
    return svg
  }

  /** Somebody is there after all: what was typed into the form starts the chat. */
  async function instead({ text, ...who }: Record<string, string>, done: () => void) {
    core.config = { ...core.config, available: true, form: false }
    const { session } = chat.state()
    if (session) session.form = false
    if (!session && !(await chat.admit())) {
      try {
        await chat.enter({ ...who, name: who.name || who.email!.split('@')[0] })
      } catch (e) {
        // More is asked first (R6.4): the entry form has what was typed.
        if ((e as Failure).status !== 422) throw e
      }
    }
    store.set({ form: who, draft: undefined })
    chat.send(text!)
    done()
    void core.reload()
  }

  let extra: Field[] = []

  return {
    /** The entry form. done is called when a session has been started. */
    entry(note: string, done: () => void): HTMLElement {
      const { entry, identificationMessage } = core.config
      const fields: Field[] = []
      if (entry.form) fields.push(name(!entry.anonymous), email(entry.email))
      const asked: Field[] = []
      if (entry.rut) asked.push(rut())
      if (entry.phone) asked.push(phone())
      extra = asked
      const all = [...fields, ...asked]
      const { form, say } = shell(
        all,
        t.startChat,
        async () => {
          const given = values(all)
          await chat.enter(entry.anonymous && !given.name ? { ...given, anonymous: true } : given)
          done()
        },
        t.wentWrong,
      )
      const social = providers((text) => {
        say(text)
        if (text) kit.announce(text)
      }, done)
      if (!entry.form) form.querySelector('.primary')!.remove()
      return h(
        'div.page',
        h('p.hello', { dir: 'auto' }, identificationMessage),
        h('p.note', { role: 'status' }, note),
        !entry.form && form,
        h('div.socials', ...social),
        entry.form && social.length > 0 && h('div.or', t.or),
        entry.form && form,
      )
    },

    /** The contact form. Somebody available in the meantime turns it into a chat. */
    contact(done: () => void): HTMLElement {
      const texts = core.config.contact || { title: '', description: '', success: '', error: t.wentWrong }
      const { form: given } = store.get()
      const { name: known = '', email: address } = store.session()
      if (!given?.email && address) store.set({ form: { name: known, email: address, ...given } })
      const fields = [name(false), email(true)]
      if (core.config.entry.phone) fields.push(phone())
      fields.push(field('text', t.yourMessage, true, { dir: 'auto' }))
      // One key for one text, so that a repeated submission is stored once.
      let key = ''
      let keyed = ''
      const page = h('div.page')
      const { form } = shell(
        fields,
        t.submit,
        async () => {
          const given = values(fields)
          const body = JSON.stringify(given)
          if (body !== keyed) {
            key = newKey()
            keyed = body
          }
          try {
            await api.json('POST', 'contact', { key, ...given })
          } catch (e) {
            if ((e as Failure).code === 'available') return await instead(given, done)
            throw e
          }
          store.set({ form: undefined, draft: undefined })
          const again = h('button.quiet', { onclick: draw }, t.another)
          const thanks = h(
            'div.done',
            { role: 'status', tabIndex: -1 },
            h('span.tick', icon(icons.check)),
            h('p', { dir: 'auto' }, texts.success || t.wasSent),
            again,
          )
          page.replaceChildren(thanks)
          thanks.focus()
        },
        texts.error || t.wentWrong,
      )
      function draw() {
        for (const f of fields) {
          f.input.value = typed(f.name) || (f.name === 'text' ? '' : f.input.value)
          f.mark('')
        }
        page.replaceChildren(
          h('h2.hello', { dir: 'auto' }, texts.title),
          h('p.lead', { dir: 'auto' }, texts.description),
          form,
        )
      }
      draw()
      return page
    },
  }
}
