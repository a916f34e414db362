// The kernel taken out of its bzImage. QEMU enters such a file by PVH, and the guest need not unpack
// itself, which under TCG takes about a second. Whatever stands in the way, the bzImage boots too.

import { gunzipSync } from 'node:zlib'
import type { ImageHeader } from './bzimage.ts'

/** How a payload begins, and what unpacks it. */
const packers: readonly { readonly magic: string; readonly command: readonly string[] | undefined }[] = [
  { magic: '1f8b', command: undefined },
  { magic: '28b52ffd', command: ['zstd', '-dcq'] },
  { magic: '02214c18', command: ['lz4', '-dcq'] },
  { magic: 'fd377a58', command: ['xz', '-dc'] },
]

/** The ELF kernel of an image, or undefined if it cannot be had or does not boot by PVH. */
export async function unpackKernel(image: Uint8Array, { payload }: ImageHeader): Promise<Uint8Array | undefined> {
  const packed = image.subarray(payload.offset, payload.offset + payload.length)
  const magic = Buffer.from(packed.subarray(0, 4)).toString('hex')
  const packer = packers.find(one => magic.startsWith(one.magic))
  if (packer === undefined) return undefined
  const kernel = await unpack(packed, packer.command).catch(() => undefined)
  return kernel !== undefined && entersByPvh(kernel) ? kernel : undefined
}

/** All packers but gzip are followed by the length of what they packed. */
async function unpack(packed: Uint8Array, command: readonly string[] | undefined): Promise<Uint8Array> {
  if (command === undefined) return gunzipSync(packed)
  const { execa } = await import('execa')
  const [file = '', ...args] = command
  const { stdout } = await execa(file, args, { input: packed.subarray(0, -4), encoding: 'buffer', maxBuffer: 2 ** 30 })
  return stdout
}

const PT_NOTE = 4
const XEN_ELFNOTE_PHYS32_ENTRY = 18

/** Whether an ELF file has the note by which QEMU finds the entry. */
export function entersByPvh(file: Uint8Array): boolean {
  const elf = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (elf.length < 64 || elf.toString('latin1', 0, 4) !== '\x7fELF') return false
  const [table, entrySize, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
  for (let i = 0; i < count && table + (i + 1) * entrySize <= elf.length; i++) {
    const at = table + i * entrySize
    if (elf.readUInt32LE(at) !== PT_NOTE) continue
    const offset = Number(elf.readBigUInt64LE(at + 8))
    if (hasEntryNote(elf.subarray(offset, offset + Number(elf.readBigUInt64LE(at + 32))))) return true
  }
  return false
}

function hasEntryNote(notes: Buffer): boolean {
  for (let at = 0; at + 12 <= notes.length; ) {
    const [nameSize, size, type] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4), notes.readUInt32LE(at + 8)]
    if (type === XEN_ELFNOTE_PHYS32_ENTRY && notes.toString('latin1', at + 12, at + 15) === 'Xen') return true
    at += 12 + ((nameSize + 3) & ~3) + ((size + 3) & ~3)
  }
  return false
}
