/** What the demo's hub carries, on the topic of each answer: the name of each event, and its payload. */
export interface AnswerEvents {
  /** The first event of an answer. */
  begun: { readonly id: string; readonly prompt: string; readonly model: string }
  /** One token; `n` counts from 1 in each answer. */
  token: { readonly n: number; readonly text: string }
  /** The last event of an answer that has been finished, or has become too long. */
  done: Ended
  /** The last event of an answer that was stopped before. */
  stopped: Ended & { readonly reason: StopReason }
  /** The last event of an answer that the model could not finish. */
  failed: Ended
}

/** How many tokens an answer has that goes on no more. */
interface Ended {
  readonly tokens: number
}

/** Who has stopped an answer: a reader, nobody (it had no readers any more), newer answers, or the server's end. */
export type StopReason = 'reader' | 'abandoned' | 'displaced' | 'shutdown'
