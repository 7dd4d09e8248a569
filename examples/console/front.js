// A front end on the console's API: the open tickets of all accounts, live; one conversation,
// and answers to it. The API is described by /desk/api/openapi.json.
'use strict'
const at = id => document.getElementById(id)
const rows = new Map() // the latest ticket of each conversation
let names = new Map() // of the accounts
let open // the ref of the ticket that is shown
let key // of the answer that is being written: sent again after a failure, it is stored once

async function call(path, body, headers) {
  const answer = await fetch('/desk/api' + path, body && {
    method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers },
  })
  if (answer.status === 401) location = '/login'
  const value = answer.status === 204 ? null : await answer.json()
  if (answer.ok) return value
  throw new Error(value.problems ? value.problems.map(p => p.text).join(' ') : value.detail)
}

const ticketPath = ref => `/a/${ref.account}/tickets/${ref.conversation}/${ref.number}`

// load reads the lists of all accounts. What changes from then on comes by the stream.
async function load() {
  const accounts = (await call('/accounts')).items
  names = new Map(accounts.map(a => [a.id, a.name]))
  const lists = await Promise.all(accounts.map(a => call(`/a/${a.id}/tickets?status=open&limit=50`)))
  rows.clear()
  for (const row of lists.flatMap(list => list.items)) rows.set(row.ref.conversation, row)
  at('state').textContent = 'Live'
  draw()
}

function draw() {
  const list = [...rows.values()].filter(r => r.status === 'open').sort((a, b) => b.changedAt.localeCompare(a.changedAt))
  at('list').replaceChildren(...list.map(row => {
    const button = document.createElement('button')
    button.className = row.unread ? 'unread' : ''
    button.textContent = `${names.get(row.ref.account) ?? ''} · ${row.customer.name ?? 'Anonymous'}: ${row.last.text}`
    button.onclick = () => show(row.ref)
    return button
  }))
}

// show opens a ticket, and says that its last message has been read.
async function show(ref) {
  if (open?.conversation !== ref.conversation) key = undefined
  open = ref
  const { items } = await call(ticketPath(ref) + '/messages?newest=true&limit=100')
  if (open !== ref) return
  at('who').textContent = rows.get(ref.conversation)?.customer.name ?? 'Anonymous'
  at('messages').replaceChildren(...items.map(m => {
    const line = document.createElement('p')
    line.className = m.from
    line.textContent = `${m.name ?? m.from}: ${m.text}${m.file ? ` [${m.file.name}]` : ''}`
    return line
  }))
  at('reply').hidden = false
  await call(ticketPath(ref) + '/read', { seq: items.at(-1).seq })
  const row = rows.get(ref.conversation)
  if (row) row.unread = 0
  draw()
}

at('reply').onsubmit = async event => {
  event.preventDefault()
  const form = event.target
  key ??= crypto.randomUUID()
  at('problem').value = ''
  try {
    await call(ticketPath(open) + '/reply', { text: form.text.value }, { 'Idempotency-Key': key })
    form.reset()
    key = undefined
  } catch (e) {
    at('problem').value = e.message // what was typed stays
  }
}
at('reply').oninput = () => { key = undefined } // another text is another answer

const events = new EventSource('/desk/api/events')
events.addEventListener('ready', load)
events.addEventListener('again', load)
events.addEventListener('accounts', () => { if (names.size) load() })
events.addEventListener('ticket', event => {
  const row = JSON.parse(event.data)
  rows.set(row.ref.conversation, row)
  draw()
  if (open?.conversation === row.ref.conversation) show(row.ref)
})
events.addEventListener('out', () => { events.close(); location = '/login' })
events.onerror = () => { at('state').textContent = 'Reconnecting…' }
