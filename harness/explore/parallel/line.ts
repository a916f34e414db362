// How the thread that searches a race and its helpers speak with each other: by messages that each looks for when it
// wants to, for a search does not return to the event loop, and by a few words of shared memory.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Learned } from '../search/learned.ts'
import type { Shared } from './table.ts'

/** Where a helper is reached, and what it has of the memory of all. */
export interface Line {
  readonly port: MessagePort
  readonly control: Int32Array
  /** Its number, from 1. */
  readonly worker: number
}

/** Words of `control`: passes up to this one are over; bells that ring with a message. From HELPER on, one for each. */
export const Control = { OVER: 0, MAIN_BELL: 1, HELPER_BELL: 2, HELPER: 3 } as const

/**
 * The word of a helper says in which pass it is: it may begin one that is offered, and the search that needs no help
 * any more may take back what it has offered.
 */
export const offered = (pass: number): number => 4 * pass
export const begun = (pass: number): number => 4 * pass + 1
export const takenBack = (pass: number): number => 4 * pass + 2

export type ToHelper =
  /** Search with the others, on the ground of what is known. */
  | {
      readonly kind: 'pass'
      readonly pass: number
      readonly news: Learned
      readonly states: Shared
      readonly ends: Shared
    }
  /** What the others have learned in a pass. */
  | { readonly kind: 'learn'; readonly news: Learned }
  | { readonly kind: 'close' }

export type FromHelper =
  /** What it has learned in a pass; the ways to ends that nobody else had come to, a thread for each step. */
  | { readonly kind: 'told'; readonly news: Learned; readonly ends: readonly Uint8Array[] }
  /** Whether a decision of its own no longer holds. */
  | { readonly kind: 'learned'; readonly overtaken: boolean }
  | { readonly kind: 'failed'; readonly reason: string }

/** Sends, and rings. */
export function send(port: MessagePort, control: Int32Array, bell: number, message: ToHelper | FromHelper): void {
  port.postMessage(message)
  Atomics.add(control, bell, 1)
  Atomics.notify(control, bell)
}

/** The next message; waits up to `milliseconds` for one. */
export function receive<T>(port: MessagePort, control: Int32Array, bell: number, milliseconds: number): T | undefined {
  const rung = Atomics.load(control, bell)
  const first = receiveMessageOnPort(port)
  if (first !== undefined) return first.message
  Atomics.wait(control, bell, rung, milliseconds)
  return receiveMessageOnPort(port)?.message
}
