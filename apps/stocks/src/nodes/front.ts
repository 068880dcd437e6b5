import { createHub } from '@sse/core'
import { sse } from '@sse/express'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { servePage } from '../page.ts'
import type { EngineName } from '../shared-log.ts'
import { clientOf, sameOrigin, withClient } from '../visitor.ts'
import { Balancer } from './balancer.ts'
import type { Fleet } from './fleet.ts'
import { Pages } from './pages.ts'
import type { FleetEvents, Killed, You } from './status.ts'
import type { Worker } from './worker.ts'

const FLEET = 'fleet'

/** What stands before the nodes. */
export interface Front {
  readonly app: Express
  /** Tells all pages how the nodes are. */
  tell(): void
  /** Ends the streams that tell of it. */
  close(): Promise<void>
}

/** Makes the front of a fleet: the page, a stream of how the nodes are, their buttons, and a balancer for all the rest. */
export function createFront(fleet: Fleet, engine: EngineName): Front {
  const hub = createHub<FleetEvents>({ retry: 500, lag: 'conflate' })
  let isClosed = false
  const pages = new Pages(tell)
  const balancer = new Balancer({
    backends: () => fleet.backends,
    onStream(req, { name }, closed) {
      // Only what comes after the question mark: the rest may be no address at all.
      const client = new URLSearchParams(req.url?.split('?')[1]).get('client')
      if (client !== null) pages.enter({ client, node: name }, closed)
    },
  })

  function status(): FleetEvents['nodes'] {
    return { engine, nodes: fleet.status.map((node) => ({ ...node, pages: pages.on(node.name) })) }
  }

  function tell(): void {
    // Streams that end say so at last.
    if (isClosed) return
    void hub.publish(FLEET, { event: 'nodes', data: status(), key: FLEET })
  }

  const nodes = hub.subscribe(FLEET, { snapshot: () => [{ event: 'nodes', data: status() }] })

  const app = express()
  app.disable('x-powered-by')
  app.use(sse({ hub }))
  app.use(servePage('balancer'))

  app.get('/nodes', withClient, (_req, res) => {
    res.sse(async (stream) => {
      const you: You = { page: pages.enter({ client: clientOf(res), node: undefined }, stream.closed) }
      await stream.send({ event: 'you', data: you })
      return nodes
    })
  })

  app.post('/nodes/:name/kill', sameOrigin, withNode, async (_req, res) => {
    const node = nodeOf(res)
    const killed: Killed = { pid: node.pid ?? null }
    await node.kill()
    res.json(killed)
  })

  app.post('/nodes/:name/start', sameOrigin, withNode, async (_req, res) => {
    await nodeOf(res).start()
    res.status(204).end()
  })

  app.use((req, res) => balancer.serve(req, res))
  return { app, tell, close }

  function close(): Promise<void> {
    isClosed = true
    return hub.close()
  }

  function withNode(req: Request, res: Response, next: NextFunction): void {
    const node = fleet.find(String(req.params.name))
    if (node === undefined) {
      res.status(404).json({ error: 'There is no such node' })
      return
    }
    res.locals.node = node
    next()
  }
}

/** The node that `withNode` has found. */
function nodeOf(res: Response): Worker {
  return res.locals.node
}
