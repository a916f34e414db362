// A kernel image as boot loaders know it: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".

import { Lacking } from './places.ts'

/** What the setup header tells. */
export interface ImageHeader {
  /** `5.10.0-46-cloud-amd64` */
  readonly version: string
  /** First, second and third number of the version; the third is 0 where it is not given. */
  readonly numbers: readonly [number, number, number]
  /** Where the compressed kernel lies in the file. */
  readonly payload: { readonly offset: number; readonly length: number }
}

const SETUP_SECTS = 0x1f1
const MAGIC = 0x202
const KERNEL_VERSION = 0x20e
const PAYLOAD_OFFSET = 0x248
const HEADER_END = 0x250
const SECTOR = 512

/** The oldest kernel that the probe knows how to talk to. */
const oldest = 3008

/** Reads the header of a bzImage of v3.8 or later; refuses anything else. `name` is for the refusal. */
export function readHeader(image: Uint8Array, name: string): ImageHeader {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  if (bytes.length < HEADER_END || bytes.toString('latin1', MAGIC, MAGIC + 4) !== 'HdrS') {
    throw new Lacking(`${name} is no x86 kernel image: a bzImage has "HdrS" at 0x202`)
  }
  const version = versionAt(bytes, bytes.readUInt16LE(KERNEL_VERSION) + SECTOR)
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)
  if (match === null) throw new Lacking(`${name} is a kernel image that does not tell its version`)
  const numbers = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] as const
  if (numbers[0] * 1000 + numbers[1] < oldest)
    throw new Lacking(`${name} is Linux ${version}; mmfunc runs v3.8 and later`)
  const code = ((bytes[SETUP_SECTS] || 4) + 1) * SECTOR
  const payload = { offset: code + bytes.readUInt32LE(PAYLOAD_OFFSET), length: bytes.readUInt32LE(PAYLOAD_OFFSET + 4) }
  return { version, numbers, payload }
}

/** The first word of the zero-ended text at `offset`. */
function versionAt(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset)
  const text = bytes.toString('latin1', offset, Math.min(end < 0 ? offset : end, offset + 256))
  return text.split(' ')[0] ?? ''
}
