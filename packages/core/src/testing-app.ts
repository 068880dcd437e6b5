export { type AdapterAnswer, type AdapterApp, adapterApp } from './testing/app/adapter-app.ts'
export type { AdapterState } from './testing/app/control.ts'
export type { AdapterRequest, AdapterRoute } from './testing/app/routes.ts'
