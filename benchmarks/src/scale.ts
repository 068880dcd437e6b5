/** How much is measured. The figures of the bars are those of `full`; `quick` is for a look while working. */
export interface Scale {
  readonly rounds: number
  readonly fanout: { readonly clients: number; readonly warmUp: number; readonly events: number }
  readonly telemetry: {
    readonly clients: number
    readonly warmUp: number
    readonly turns: number
    readonly events: number
  }
  readonly burst: {
    readonly clients: number
    readonly warmUp: number
    readonly bursts: number
    readonly events: number
  }
  readonly idle: { readonly clients: number }
  readonly open: { readonly clients: number; readonly warmUp: number; readonly times: number }
  readonly stalled: { readonly stalled: number; readonly readers: number; readonly events: number }
  readonly besideStalled: {
    readonly stalled: number
    readonly clients: number
    readonly rate: number
    readonly warmUp: number
    readonly turns: number
    readonly events: number
  }
  readonly generator: { readonly warmUp: number; readonly events: number }
  readonly resume: { readonly clients: number; readonly warmUp: number; readonly behind: number }
  /** Of what is measured with engines, at most. */
  readonly engines: { readonly rounds: number }
  readonly follow: { readonly events: number; readonly times: number }
  readonly publish: {
    readonly retained: number
    readonly events: number
    readonly inFlight: number
    readonly alone: number
  }
  readonly latency: {
    readonly clients: number
    readonly rate: number
    readonly warmUp: number
    readonly events: number
  }
  readonly start: { readonly events: number }
  readonly idleNodes: { readonly rounds: number; readonly nodes: number; readonly ms: number }
  readonly nodes: {
    readonly rounds: number
    readonly warmUp: number
    readonly events: number
    readonly burst: number
  }
}

/** What the bars are defined on; about 30 minutes, 4 of them for engines. */
export const full: Scale = {
  rounds: 7,
  fanout: { clients: 1_000, warmUp: 100, events: 200 },
  telemetry: { clients: 1_000, warmUp: 100, turns: 20, events: 20 },
  burst: { clients: 1_000, warmUp: 1, bursts: 3, events: 100 },
  idle: { clients: 5_000 },
  open: { clients: 5_000, warmUp: 2_000, times: 3 },
  stalled: { stalled: 20, readers: 2, events: 3_000 },
  besideStalled: { stalled: 1_000, clients: 100, rate: 190, warmUp: 400, turns: 8, events: 190 },
  generator: { warmUp: 20_000, events: 100_000 },
  resume: { clients: 5_000, warmUp: 1_000, behind: 100 },
  engines: { rounds: 5 },
  follow: { events: 40_000, times: 2 },
  publish: { retained: 20_000, events: 40_000, inFlight: 1_000, alone: 1_000 },
  latency: { clients: 100, rate: 500, warmUp: 100, events: 800 },
  start: { events: 10_000 },
  idleNodes: { rounds: 3, nodes: 20, ms: 2_000 },
  nodes: { rounds: 3, warmUp: 200, events: 1_000, burst: 20_000 },
}

/** Three rounds and fewer clients; about five minutes. Memory keeps its full size, since its bars are absolute. */
export const quick: Scale = {
  rounds: 3,
  fanout: { clients: 500, warmUp: 100, events: 150 },
  telemetry: { clients: 500, warmUp: 100, turns: 12, events: 20 },
  burst: { clients: 500, warmUp: 1, bursts: 2, events: 100 },
  idle: { clients: 2_000 },
  open: { clients: 2_000, warmUp: 1_000, times: 3 },
  stalled: { stalled: 20, readers: 2, events: 3_000 },
  besideStalled: { stalled: 1_000, clients: 100, rate: 190, warmUp: 200, turns: 4, events: 190 },
  generator: { warmUp: 10_000, events: 30_000 },
  resume: { clients: 1_000, warmUp: 500, behind: 100 },
  engines: { rounds: 3 },
  follow: { events: 20_000, times: 2 },
  publish: { retained: 10_000, events: 20_000, inFlight: 1_000, alone: 500 },
  latency: { clients: 100, rate: 500, warmUp: 100, events: 500 },
  start: { events: 10_000 },
  idleNodes: { rounds: 2, nodes: 20, ms: 2_000 },
  nodes: { rounds: 2, warmUp: 100, events: 500, burst: 10_000 },
}
