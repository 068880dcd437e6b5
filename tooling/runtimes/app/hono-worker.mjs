import { durable, forward } from './durable.mjs'
import { honoApp } from './hono-app.mjs'

export const Site = durable(honoApp)
export default forward
