import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { patternByte, random } from '../steps/words/bytes.ts'
import { buildProbe } from './build-probe.ts'
import { hasProgram, projectPath } from './places.ts'

const skip = hasProgram('gcc') ? {} : { skip: 'gcc is not installed' }
const seeds = [0, 1, 7, 4294967295]
const indexes = [0, 1, 2, 4095, 4096, 1048576, 4294967295]

const vectors = `
#include <stdio.h>
#include "bytes.h"
int main(void)
{
	uint32_t seeds[] = { ${seeds.map(seed => `${seed}u`).join(', ')} }, indexes[] = { ${indexes.map(i => `${i}u`).join(', ')} };

	for (int s = 0; s < ${seeds.length}; s++) {
		uint32_t state = seeds[s];

		for (int i = 0; i < ${indexes.length}; i++)
			printf("%d ", pattern(seeds[s], indexes[i]));
		for (int i = 0; i < 5; i++)
			printf("%u ", random_next(&state));
		printf("\\n");
	}
}
`

t.test('the C of the probe gives the same bytes and the same random numbers as ours', skip, async t => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'vectors.c'), vectors)
  const probe = projectPath('harness/kernel/probe')
  await execa('gcc', ['-I', probe, '-o', 'vectors', 'vectors.c', join(probe, 'bytes.c')], { cwd: folder })
  const { stdout } = await execa(join(folder, 'vectors'))
  const ours = seeds.map(seed => {
    const next = random(seed)
    return [...indexes.map(i => patternByte(seed, i)), ...Array.from({ length: 5 }, next)].join(' ')
  })
  t.strictSame(
    stdout.split('\n').map(line => line.trim()),
    ours,
  )
})

t.test('the probe compiles, keeps no initialised writable data, and is kept', skip, async t => {
  process.env.XDG_CACHE_HOME = t.testdir()
  const probe = await buildProbe()
  t.equal(probe.toString('latin1', 1, 4), 'ELF')
  t.strictSame(writableSections(probe), ['.bss'], 'what is written is made shared memory at start, all of it')
  t.ok(probe.equals(await buildProbe()))
})

/** Names of the sections of an ELF file that can be written to. */
function writableSections(elf: Buffer): string[] {
  const [table, size, count] = [Number(elf.readBigUInt64LE(40)), elf.readUInt16LE(58), elf.readUInt16LE(60)]
  const sections = Array.from({ length: count }, (_, i) => elf.subarray(table + i * size, table + (i + 1) * size))
  const names = Number(sections[elf.readUInt16LE(62)]!.readBigUInt64LE(24))
  const name = (at: number) => elf.toString('latin1', names + at, elf.indexOf(0, names + at))
  return sections
    .filter(s => Number(s.readBigUInt64LE(8)) & 1 && s.readBigUInt64LE(32) > 0n)
    .map(s => name(s.readUInt32LE(0)))
}
