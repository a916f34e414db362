// The user asked for what cannot be: said on stderr, without a stack, exit status 2.

export class Refusal extends Error {
  /** What goes to stderr. */
  readonly text: string

  constructor(message: string, prefix = 'mmfunc: ') {
    super(message)
    this.text = prefix + message
  }
}
