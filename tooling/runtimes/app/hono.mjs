import { honoApp } from './hono-app.mjs'
import { serveWeb } from './serve-web.mjs'

await serveWeb(honoApp())
