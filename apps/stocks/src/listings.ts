/** A company of the demo's market. None of them exists. */
export interface Listing {
  readonly symbol: string
  readonly name: string
}

/** Everything that is traded, in the order in which it is shown. */
export const listings: readonly Listing[] = [
  { symbol: 'ALDR', name: 'Alder & Finch' },
  { symbol: 'BRSK', name: 'Brisk Coffee' },
  { symbol: 'CDRX', name: 'Cedar Robotics' },
  { symbol: 'DUNE', name: 'Dune Solar' },
  { symbol: 'ELMT', name: 'Element Works' },
  { symbol: 'FJRD', name: 'Fjord Shipping' },
  { symbol: 'GLCR', name: 'Glacier Water' },
  { symbol: 'HRBR', name: 'Harbor Rail' },
  { symbol: 'IRSO', name: 'Iris Optics' },
  { symbol: 'JUNA', name: 'Juna Aerospace' },
  { symbol: 'KELP', name: 'Kelp Foods' },
  { symbol: 'LRKM', name: 'Lark Mobility' },
  { symbol: 'MOSB', name: 'Moss Biotech' },
  { symbol: 'NMBS', name: 'Nimbus Storage' },
  { symbol: 'OKRA', name: 'Okra Kitchens' },
  { symbol: 'PLVR', name: 'Pulver Chemicals' },
  { symbol: 'QRTZ', name: 'Quartz Mining' },
  { symbol: 'REEF', name: 'Reef Insurance' },
  { symbol: 'SLTE', name: 'Slate Paper' },
  { symbol: 'TDEN', name: 'Tide Energy' },
  { symbol: 'UMBR', name: 'Umber Paints' },
  { symbol: 'VELA', name: 'Vela Yachts' },
  { symbol: 'WREN', name: 'Wren Media' },
  { symbol: 'YARW', name: 'Yarrow Pharma' },
]
