// A kernel image as boot loaders know it: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".

import { Lacking } from './places.ts'

/** What the setup header tells. */
export interface ImageHeader {
  /** `5.10.0-46-cloud-amd64` */
  readonly version: string
  /** The version and what follows it: who built it, when, and Debian's own version. */
  readonly banner: string
  /** 5010 */
  readonly number: number
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
  const banner = bannerAt(bytes, bytes.readUInt16LE(KERNEL_VERSION) + SECTOR)
  const version = banner.split(' ')[0] ?? ''
  const match = /^(\d+)\.(\d+)/.exec(version)
  if (match === null) throw new Lacking(`${name} is a kernel image that does not tell its version`)
  const number = Number(match[1]) * 1000 + Number(match[2])
  if (number < oldest) throw new Lacking(`${name} is Linux ${version}; mmfunc runs v3.8 and later`)
  const code = ((bytes[SETUP_SECTS] || 4) + 1) * SECTOR
  const payload = { offset: code + bytes.readUInt32LE(PAYLOAD_OFFSET), length: bytes.readUInt32LE(PAYLOAD_OFFSET + 4) }
  return { version, banner, number, payload }
}

/** The zero-ended text at `offset`. */
function bannerAt(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset)
  return bytes.toString('latin1', offset, Math.min(end < 0 ? offset : end, offset + 256))
}
