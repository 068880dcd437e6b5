/** The names and payloads of a hub whose events were not declared. */
export type AnyEvents = Record<string, unknown>

/**
 * What is published: a name of the event map with its payload. `event` may be left out for `message`.
 *
 * `key`: of events of one topic and name with the same key only the newest matters to a client that conflates, so that
 * the others need not be sent to it. At most 256 bytes.
 */
export type Publication<E extends object = AnyEvents> = {
  [N in keyof E & string]: ('message' extends N ? { readonly event?: N } : { readonly event: N }) & {
    readonly data: E[N]
    readonly key?: string
  }
}[keyof E & string]

/** An event of a hub as its reader sees it. */
export type HubEvent<E extends object = AnyEvents> = {
  [N in keyof E & string]: {
    readonly topic: string
    readonly event: N
    /** What was published: strings as they were, everything else read back by the hub's `deserialize`. */
    readonly data: E[N]
    readonly id: string
    readonly key?: string
  }
}[keyof E & string]
