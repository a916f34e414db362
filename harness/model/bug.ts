// Three different ends, three words: an anomaly of the kernel on trial, a machine that cannot judge, a fault of ours.

/** The modelled kernel did what must never be; `anomaly` is a name of harness/check/anomalies.ts. It ends the run. */
export class KernelBug extends Error {
  readonly anomaly: string

  constructor(anomaly: string, text: string) {
    super(text)
    this.anomaly = anomaly
  }
}

/** This machine cannot judge: the reason says what it would take. */
export class CannotJudge extends Error {}

/** The model itself is wrong; never a verdict, exit status 99. */
export class ModelBug extends Error {}

/** BUG_ON of include/asm-generic/bug.h. */
export function BUG_ON(condition: boolean, text: string): void {
  if (condition) throw new KernelBug('bug-on', `BUG_ON(${text})`)
}
