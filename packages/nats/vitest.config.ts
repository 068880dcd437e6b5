export { default } from '@sse/tooling/vitest'
