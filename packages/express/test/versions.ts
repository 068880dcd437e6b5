import express from 'express'
import express4 from 'express4'

/** The versions of Express that the package is for: what is true on one is true on the other. */
export const VERSIONS: readonly { readonly name: string; readonly express: typeof express }[] = [
  { name: 'Express 4', express: express4 },
  { name: 'Express 5', express },
]
