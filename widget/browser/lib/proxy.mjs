// A reverse proxy between the browser and the server, which answers for itself as
// nginx and firewalls do: with a page, and without the headers by which another
// origin's script may read it.
import http from 'node:http'

/** Starts a proxy. What its refuse returns for a request is done in place of passing it on. */
export async function startProxy() {
  let target
  const streams = new Set()
  const proxy = {
    /** A status, 'cut' for a connection without an answer, or nothing; open says that scripts may read it. */
    refuse: () => undefined,
    /** The requests that were refused, as "METHOD /path". */
    refused: [],
    to: (url) => { target = url },
    /** Ends the answers that are under way. */
    cut: () => streams.forEach((s) => s.destroy()),
    stop: () => new Promise((done) => { server.close(done); server.closeAllConnections() }),
  }
  const page = (res, status, headers = {}) => {
    res.writeHead(status, {'Content-Type': 'text/html', ...headers})
    res.end(`<html><head><title>${status}</title></head><body>refused</body></html>`)
  }
  const server = http.createServer(async (req, res) => {
    const chunks = []
    for await (const chunk of req) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const refusal = req.method === 'OPTIONS' ? undefined : proxy.refuse(req, body)
    if (refusal) {
      proxy.refused.push(`${req.method} ${new URL(req.url, 'http://x').pathname}`)
      if (refusal === 'cut') return req.socket.destroy()
      return page(res, refusal.status ?? refusal, refusal.open && {'Access-Control-Allow-Origin': '*'})
    }
    streams.add(res)
    res.on('close', () => streams.delete(res))
    const on = http.request({host: target.hostname, port: target.port, path: req.url, method: req.method, headers: req.headers}, (answer) => {
      res.writeHead(answer.statusCode, answer.headers)
      answer.on('error', () => res.destroy())
      answer.pipe(res)
    })
    res.on('close', () => on.destroy())
    on.on('error', () => (res.headersSent ? res.destroy() : page(res, 502)))
    on.end(body)
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  proxy.address = `127.0.0.1:${server.address().port}`
  return proxy
}
