import type { NextFunction, Request, Response } from 'express'

/**
 * Reads who is asking: `client` is a random id that a page draws and shows to nobody, so that whoever has it may act for
 * that page, and for no other.
 */
export function withClient(req: Request, res: Response, next: NextFunction): void {
  const { client } = req.query
  if (typeof client !== 'string' || !/^[0-9a-f]{32}$/.test(client)) {
    res.status(400).json({ error: '`client` must be 32 hexadecimal digits' })
    return
  }
  res.locals.client = client
  next()
}

/** The client that {@link withClient} has read. */
export function clientOf(res: Response): string {
  return String(res.locals.client)
}

/** Keeps other sites from pressing the buttons through a visitor's browser. */
export function sameOrigin(req: Request, res: Response, next: NextFunction): void {
  const site = req.get('Sec-Fetch-Site')
  if (site === undefined || site === 'same-origin') {
    next()
    return
  }
  res.status(403).json({ error: 'Only this page may ask for that' })
}
