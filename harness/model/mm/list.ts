// Doubly linked lists (include/linux/list.h): two cells, next and previous, in the head and in every entry.

import { rd, wr } from '../store.ts'

export function INIT_LIST_HEAD(head: number): void {
  wr(head, head)
  wr(head + 1, head)
}

export const list_empty = (head: number): boolean => rd(head) === head

export function list_add(entry: number, head: number): void {
  list_add_tail(entry, rd(head))
}

export function list_add_tail(entry: number, head: number): void {
  const prev = rd(head + 1)
  wr(head + 1, entry)
  wr(entry, head)
  wr(entry + 1, prev)
  wr(prev, entry)
}

/** Unlinks the entry and leaves it empty (list_del_init; nobody looks at a poisoned one here). */
export function list_del(entry: number): void {
  const next = rd(entry)
  const prev = rd(entry + 1)
  wr(next + 1, prev)
  wr(prev, next)
  INIT_LIST_HEAD(entry)
}

/** To the front of another list. */
export function list_move(entry: number, head: number): void {
  list_del(entry)
  list_add(entry, head)
}
