// Amounts: sums of numbers with a unit, `+1H-1P`. A bare number only stands where things are counted.

import type { z } from 'zod'
import { context, PAGE } from './scope.ts'
import { BadWord, quoted, word } from './word.ts'

/** Where user space ends, as the kernel calls it. */
const END = 'TASK_SIZE'

/** Bytes of each unit; H is the machine's. */
function bytesOf(unit: string, huge: number): number | undefined {
  const bytes: Record<string, number> = { B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, P: PAGE, H: huge }
  return Object.hasOwn(bytes, unit) ? bytes[unit] : undefined
}

/** A sum of terms; `scale` says what one of a unit is worth. */
function sum(text: string, scale: (digits: string, unit: string) => number): number {
  if (!/^[+-]?\d+[A-Za-z]*([+-]\d+[A-Za-z]*)*$/.test(text)) unreadable(text)
  let total = 0
  for (const [, sign, digits, unit] of text.matchAll(/([+-]?)(\d+)([A-Za-z]*)/g)) {
    total += (sign === '-' ? -1 : 1) * Number(digits) * scale(digits!, unit!)
  }
  if (!Number.isSafeInteger(total)) throw new BadWord('BAD_AMOUNT', `${quoted(text)} is more than can be counted`)
  return total
}

function unreadable(text: string): never {
  throw new BadWord('BAD_AMOUNT', `${quoted(text)} is no amount; write a sum such as 4K or 1H-1P`)
}

/** Bytes, signed or not; units B K M G, P the base page, H the huge page of `huge` bytes. */
export function readBytes(text: string, huge: number): number {
  return sum(text, (digits, unit) => {
    if (unit === '' && Number(digits) === 0) return 0
    if (unit === '') throw new BadWord('BAD_AMOUNT', `${quoted(text)} needs a unit: B K M G P or H`)
    return bytesOf(unit, huge) ?? unknownUnit(unit, 'B K M G P H')
  })
}

/** A count, signed or not: bare numbers, or pages by P and H. */
export function readCount(text: string, huge: number): number {
  return sum(text, (_, unit) => {
    if (unit === '' || unit === 'P') return 1
    return unit === 'H' ? huge / PAGE : unknownUnit(unit, 'P or H, or none')
  })
}

function unknownUnit(unit: string, known: string): never {
  throw new BadWord('BAD_AMOUNT', `there is no unit ${quoted(unit)} here, only ${known}`)
}

/** Bytes without a sign. */
export function readSize(text: string, huge = context().huge): number {
  if (/^[+-]/.test(text))
    throw new BadWord('BAD_AMOUNT', `${quoted(text)} has a sign, which means change: here stands a size`)
  const bytes = readBytes(text, huge)
  if (bytes < 0) throw new BadWord('BAD_AMOUNT', `${quoted(text)} is less than nothing`)
  return bytes
}

/** Whole pages, at least one, below 64T. */
export function pagesAmount(about: string): z.ZodType<number, string> {
  return word(about, text => {
    const bytes = readSize(text)
    if (bytes === 0 || bytes % PAGE !== 0)
      throw new BadWord('BAD_AMOUNT', `${quoted(text)} is not a whole number of base pages`)
    return inMemory(text, bytes)
  })
}

/** Whole pages, or none. */
export function shiftAmount(about: string): z.ZodType<number, string> {
  return word(about, text => {
    const bytes = readSize(text)
    if (bytes % PAGE !== 0) throw new BadWord('BAD_AMOUNT', `${quoted(text)} is not a whole number of base pages`)
    return inMemory(text, bytes)
  })
}

/** A power of two, at least a page. */
export function alignAmount(about: string): z.ZodType<number, string> {
  return word(about, text => {
    const bytes = inMemory(text, readSize(text))
    if (bytes < PAGE || !isPowerOfTwo(bytes))
      throw new BadWord('BAD_AMOUNT', `${quoted(text)} is no power of two from 1P on`)
    return bytes
  })
}

/** An address: `0xa0000000`, an amount, or, below zero, how far it lies below the end of user space: `TASK_SIZE-1H`. */
export function address(about: string): z.ZodType<number, string> {
  return word(about, text => {
    const bytes = readAddress(text)
    if (bytes === 0 || bytes % PAGE !== 0) throw new BadWord('BAD_AMOUNT', `${quoted(text)} is no address of a page`)
    return inMemory(text, bytes)
  })
}

function readAddress(text: string): number {
  if (/^0x[0-9a-f]{1,12}$/i.test(text)) return Number(text)
  if (!text.startsWith(END)) return readSize(text)
  const bytes = readBytes(text.slice(END.length), context().huge)
  if (bytes >= 0) throw new BadWord('BAD_AMOUNT', `${quoted(text)} does not lie below ${END}`)
  return bytes
}

/** `0..1024B`, both ends included. */
export function sizes(about: string): z.ZodType<{ readonly min: number; readonly max: number }, string> {
  return word(about, text => {
    const ends = text.split('..')
    if (ends.length > 2) unreadable(text)
    const [min, max] = [readSize(ends[0]!), readSize(ends.at(-1)!)]
    if (min > max) throw new BadWord('BAD_AMOUNT', `${quoted(text)} ends before it begins`)
    return { min, max: inMemory(text, max) }
  })
}

/** A bare number between two others. */
export function count(about: string, min: number, max: number): z.ZodType<number, string> {
  return word(`${about} (${min} to ${max})`, text => {
    if (!/^\d{1,15}$/.test(text))
      throw new BadWord('BAD_AMOUNT', `${quoted(text)} is no count: a bare number stands here`)
    const value = Number(text)
    if (value < min || value > max) {
      throw new BadWord(
        'OUT_OF_RANGE',
        min === max ? `there is only ${min}` : `${text} is not between ${min} and ${max}`,
      )
    }
    return value
  })
}

export function isPowerOfTwo(n: number): boolean {
  return n > 0 && Number.isInteger(Math.log2(n))
}

/** User space ends at 128T; nothing that a case maps comes near half of it. */
function inMemory(text: string, bytes: number): number {
  if (Math.abs(bytes) > 2 ** 46) throw new BadWord('OUT_OF_RANGE', `${quoted(text)} is more than 64T`)
  return bytes
}
