import t from 'tap'
import { readHeader } from './bzimage.ts'
import { newestPackage } from './debian.ts'
import { imageOf } from './fake.ts'
import { Lacking } from './places.ts'
import { entersByPvh } from './vmlinux.ts'

t.test('the setup header tells the version and where the kernel lies', async t => {
  t.strictSame(readHeader(imageOf('4.5.7-test (me@here) #1 SMP'), 'x'), {
    version: '4.5.7-test',
    banner: '4.5.7-test (me@here) #1 SMP',
    number: 4005,
    payload: { offset: 5 * 512 + 0x1234, length: 0x5678 },
  })
})

t.test('what is no kernel image is refused in a sentence', async t => {
  t.throws(
    () => readHeader(Buffer.from('MZ'), 'short'),
    new Lacking('short is no x86 kernel image: a bzImage has "HdrS" at 0x202'),
  )
  t.throws(() => readHeader(Buffer.alloc(4096), 'zeros'), /is no x86 kernel image/)
  t.throws(() => readHeader(imageOf('2.6.34 (x)'), 'old'), /mmfunc runs v3.8 and later/)
  t.throws(() => readHeader(imageOf('nonsense'), 'odd'), /does not tell its version/)
})

t.test('the newest signed package of a series and flavour is chosen, numbers compared as numbers', async t => {
  const names = [
    'linux-image-6.1.0-9-cloud-amd64',
    'linux-image-6.1.0-56-cloud-amd64',
    'linux-image-6.1.0-56-cloud-amd64-dbg',
    'linux-image-6.1.0-57-cloud-amd64-unsigned',
    'linux-image-6.12.43+deb12-cloud-amd64',
    'linux-image-6.1-cloud-amd64',
  ]
  t.equal(newestPackage(names, '6.1'), 'linux-image-6.1.0-56-cloud-amd64')
  t.equal(newestPackage(names, '6.12'), 'linux-image-6.12.43+deb12-cloud-amd64')
  t.equal(newestPackage(names, '5.10'), undefined)
  const full = [...names, 'linux-image-6.1.0-9-amd64', 'linux-image-6.1.0-56-amd64', 'linux-image-6.1.0-56-rt-amd64']
  t.equal(newestPackage(full, '6.1'), 'linux-image-6.1.0-56-cloud-amd64')
  t.equal(newestPackage(full, '6.1-full'), 'linux-image-6.1.0-56-amd64', 'and no other flavour')
  const split = ['linux-image-7.2.12+deb13-cloud-amd64', 'linux-binary-7.2.12+deb13-cloud-amd64']
  t.equal(newestPackage(split, '7.2'), 'linux-binary-7.2.12+deb13-cloud-amd64', 'the one that holds the image')
})

t.test('only an ELF file with the note of a PVH entry boots by it', async t => {
  const elf = Buffer.alloc(256)
  elf.write('\x7fELF', 0, 'latin1')
  elf.writeBigUInt64LE(64n, 32)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56)
  elf.writeUInt32LE(4, 64)
  elf.writeBigUInt64LE(128n, 72)
  elf.writeBigUInt64LE(20n, 96)
  for (const [i, value] of [4, 4, 18].entries()) elf.writeUInt32LE(value, 128 + 4 * i)
  elf.write('Xen\0', 140, 'latin1')
  t.equal(entersByPvh(elf), true)
  elf.writeUInt32LE(6, 136)
  t.equal(entersByPvh(elf), false)
  t.equal(entersByPvh(Buffer.from('no ELF')), false)
})
