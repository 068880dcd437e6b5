import { durable, forward } from './durable.mjs'
import { webApp } from './web-app.mjs'

export const Site = durable(webApp)
export default forward
