/** How many files a process may have open, each connection being one. Node raises its own soft limit to the hard one. */
export function openFilesLimit(): number {
  const report: { userLimits?: { open_files?: { hard?: number | string } } } = JSON.parse(
    JSON.stringify(process.report.getReport()),
  )
  const limit = report.userLimits?.open_files?.hard
  return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY
}
