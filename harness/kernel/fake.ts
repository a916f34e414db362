// For tests: a kernel image that holds only a header, and a QEMU that is a small program.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step, TestPoint } from '../engine.ts'

/** A bzImage as far as its setup header goes. */
export function imageOf(version: string): Buffer {
  const image = Buffer.alloc(8192)
  image[0x1f1] = 4
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x400, 0x20e)
  image.write(`${version}\0`, 0x600, 'latin1')
  image.writeUInt32LE(0x1234, 0x248)
  image.writeUInt32LE(0x5678, 0x24c)
  return image
}

/** A step without words, so that a point is made of these alone. */
export function stepOf(verb: string, args: unknown = {}): Step {
  return {
    verb,
    args,
    by: 'main',
    cpu: 0,
    gives: [],
    expect: undefined,
    pos: { file: 'x', line: 1, col: 1 },
    text: verb,
  }
}

export function pointOf(name: string, steps: readonly Step[], machine: Partial<TestPoint['machine']> = {}): TestPoint {
  const usual = {
    hpage_nr: 512,
    memory: undefined,
    thp: 'madvise',
    nodes: 1,
    cpus: 1,
    debug_vm: false,
    swap: true,
    swap_area: 0,
    swap_device: 'loop',
    page_cluster: 0,
    hugepage: 2 ** 21,
    pools: [],
  } as const
  return { name, machine: { ...usual, ...machine }, prime: [], steps }
}

/**
 * A program in place of QEMU. It goes through the points of the guest's program; `behaviour` is the body of a
 * function (point, tell, log, boot) that may end it. `boot` counts from 0.
 */
export function fakeQemu(folder: string, behaviour: string): string {
  const file = join(folder, 'fake-qemu.cjs')
  writeFileSync(
    file,
    `#!${process.execPath}\n${source.replace('BEHAVIOUR', behaviour).replace('COUNTER', JSON.stringify(join(folder, 'boots')))}`,
  )
  chmodSync(file, 0o755)
  return file
}

const source = `
const fs = require('node:fs')
const counter = COUNTER
const boot = fs.existsSync(counter) ? fs.statSync(counter).size : 0
fs.appendFileSync(counter, '.')
const program = fs.readFileSync(process.argv[process.argv.indexOf('-initrd') + 1], 'latin1')
const tell = (...event) => fs.writeSync(1, JSON.stringify(event) + '\\n')
const log = text => fs.writeSync(3, text + '\\r\\n')
const hang = () => { setInterval(() => {}, 1000); throw 'hangs' }
const behave = (point, before) => { BEHAVIOUR }
process.on('uncaughtException', error => { if (error !== 'hangs') { console.error(error); process.exit(70) } })
behave(-1)
tell('ready', '4.5.0-fake')
for (const [, point] of program.matchAll(/(?:^|\\0)point (\\d+) /gm)) {
  tell('point', Number(point))
  tell('before', { AnonPages: 4096 })
  tell('baseline', {})
  tell('step', 0)
  behave(Number(point))
  tell('answer', 'ok')
  tell('counters', { AnonPages: 8192 })
  tell('after', { AnonPages: 4096 })
  tell('end')
}
tell('done')
process.exit(33)
`
