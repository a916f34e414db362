// The program that runs as /init, compiled on this machine and kept by the hash of what it is made from.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cachePath, Lacking, program, projectPath } from './places.ts'

/** Static and without a C library: no memory is written that the probe does not write itself. */
const flags = [
  ...['-static', '-nostdlib', '-ffreestanding', '-fno-pie', '-no-pie', '-O2', '-Wall', '-Wextra'],
  ...['-fno-stack-protector', '-fcf-protection=none', '-fno-tree-loop-distribute-patterns', '-mno-avx'],
]

/** The compiled probe. Throws `Lacking` where there is no compiler. */
export async function buildProbe(): Promise<Buffer> {
  const folder = projectPath('harness/kernel/probe')
  const sources = readdirSync(folder)
    .filter(name => /\.[ch]$/.test(name))
    .sort()
  const hash = createHash('sha256').update(flags.join(' '))
  for (const name of sources) hash.update(name).update(readFileSync(join(folder, name)))
  const kept = cachePath('probe', hash.digest('hex'))
  if (!existsSync(kept))
    await compile(
      folder,
      sources.filter(name => name.endsWith('.c')),
      kept,
    )
  return readFile(kept)
}

async function compile(folder: string, sources: readonly string[], target: string): Promise<void> {
  const gcc = program('gcc')
  await mkdir(dirname(target), { recursive: true })
  const work = await mkdtemp(`${target}.`)
  try {
    const { execa } = await import('execa')
    const args = [...flags, '-o', join(work, 'init'), ...sources]
    const { failed, stderr } = await execa(gcc, args, { cwd: folder, reject: false })
    if (failed)
      throw new Lacking(
        `gcc does not compile the probe: ${stderr.split('\n').find(line => /error/.test(line)) ?? stderr}`,
      )
    await rename(join(work, 'init'), target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
