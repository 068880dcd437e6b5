// Opens a stream of each path, reads them, and says when all have begun: far-client.ts HOST PORT PATH…
import { get } from 'node:http'

const [host = '', port = '', ...paths] = process.argv.slice(2)
await Promise.all(paths.map(open))
console.log('open')

function open(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host, port, path, agent: false }, (response) => {
      response.on('error', () => {})
      response.once('data', () => resolve())
      response.resume()
    }).on('error', reject)
  })
}
