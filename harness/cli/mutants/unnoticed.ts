// Locks that `make locks` leaves out and nobody notices, each with the reason why no other CPU can tell.

export interface Unnoticed {
  readonly file: string
  /** The function that takes it, and how. */
  readonly taken: string
  readonly because: string
}

export const unnoticed: readonly Unnoticed[] = []
