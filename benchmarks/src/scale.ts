/** How much is measured. The figures of the bars are those of `full`; `quick` is for a look while working. */
export interface Scale {
  readonly rounds: number
  readonly fanout: { readonly clients: number; readonly warmUp: number; readonly events: number }
  readonly burst: {
    readonly clients: number
    readonly warmUp: number
    readonly bursts: number
    readonly events: number
  }
  readonly idle: { readonly clients: number }
  readonly open: { readonly clients: number; readonly warmUp: number; readonly times: number }
  readonly stalled: { readonly stalled: number; readonly readers: number; readonly events: number }
  readonly generator: { readonly warmUp: number; readonly events: number }
  readonly resume: { readonly clients: number; readonly warmUp: number; readonly behind: number }
}

/** What the bars are defined on; about twenty minutes. */
export const full: Scale = {
  rounds: 7,
  fanout: { clients: 1_000, warmUp: 100, events: 200 },
  burst: { clients: 1_000, warmUp: 1, bursts: 3, events: 100 },
  idle: { clients: 5_000 },
  open: { clients: 5_000, warmUp: 2_000, times: 3 },
  stalled: { stalled: 20, readers: 2, events: 3_000 },
  generator: { warmUp: 20_000, events: 100_000 },
  resume: { clients: 5_000, warmUp: 1_000, behind: 100 },
}

/** Three rounds and fewer clients; about three minutes. Memory keeps its full size, since its bars are absolute. */
export const quick: Scale = {
  rounds: 3,
  fanout: { clients: 500, warmUp: 100, events: 150 },
  burst: { clients: 500, warmUp: 1, bursts: 2, events: 100 },
  idle: { clients: 2_000 },
  open: { clients: 2_000, warmUp: 1_000, times: 3 },
  stalled: { stalled: 20, readers: 2, events: 3_000 },
  generator: { warmUp: 10_000, events: 30_000 },
  resume: { clients: 1_000, warmUp: 500, behind: 100 },
}
