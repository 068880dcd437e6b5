// What the page imports from where `page.ts` serves it, and what that is.

declare module '*/vendor/eventsource-parser/stream.js' {
  export * from 'eventsource-parser/stream'
}
