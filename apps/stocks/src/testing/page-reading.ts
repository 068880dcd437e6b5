import type { Page } from 'playwright-core'

/** Waits until the page has received so many more events. */
export async function more(page: Page, count: number): Promise<void> {
  const before = numberOf(await page.textContent('#received'))
  const wanted = before + count
  await page.waitForFunction(
    (least) => Number(document.querySelector('#received')?.textContent?.replaceAll(',', '')) >= least,
    wanted,
  )
}

/** What was proved beside the button, or the panel, with this id: once it has been. */
export async function verdict(page: Page, id: string): Promise<string | null> {
  return page.locator(`output[for="${id}"] .verdict`).textContent()
}

/** The figures beside it, by their labels. */
export async function figures(page: Page, id: string): Promise<Record<string, string>> {
  const list = page.locator(`output[for="${id}"] .figures`)
  const labels = await list.locator('dt').allTextContents()
  const values = await list.locator('dd').allTextContents()
  return Object.fromEntries(labels.map((label, i) => [label, values[i] ?? '']))
}

/** A number as the page writes it. */
export function numberOf(text: string | null | undefined): number {
  return Number(text?.replaceAll(',', ''))
}
