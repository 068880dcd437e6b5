import { serveWeb } from './serve-web.mjs'
import { webApp } from './web-app.mjs'

await serveWeb(webApp())
