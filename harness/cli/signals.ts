// Control-C ends a run in order: what is known is printed. A second one ends it at once.

/** A signal that aborts at SIGINT, SIGTERM and SIGHUP. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(130))
      controller.abort()
    })
  }
  return controller.signal
}
