// The initial RAM disk: a cpio archive in the "newc" format, as
// Documentation/driver-api/early-userspace/buffer-format.rst defines it.

/** What an archive holds; `content` only of files, `device` (major, minor) only of character devices. */
export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'device'; readonly path: string; readonly device: readonly [number, number] }

/** The archive of a guest: the probe as /init, its program, modules by name, and what it needs to find. */
export function initramfs(
  probe: Uint8Array,
  program: Uint8Array,
  modules: Readonly<Record<string, Uint8Array>>,
): Uint8Array {
  return newc([
    { kind: 'directory', path: 'proc' },
    { kind: 'directory', path: 'sys' },
    { kind: 'directory', path: 'dev' },
    { kind: 'device', path: 'dev/console', device: [5, 1] },
    { kind: 'device', path: 'dev/kmsg', device: [1, 11] },
    { kind: 'file', path: 'init', mode: 0o755, content: probe },
    { kind: 'file', path: 'program', mode: 0o644, content: program },
    ...Object.entries(modules).map(([name, content]) => {
      return { kind: 'file', path: `${name}.ko`, mode: 0o644, content } as const
    }),
  ])
}

/** The archive as bytes. The same entries give the same bytes. */
export function newc(entries: readonly Entry[]): Uint8Array {
  const members = entries.map((entry, i) => member(entry, i + 1))
  return Buffer.concat([
    ...members,
    member({ kind: 'file', path: 'TRAILER!!!', mode: 0, content: new Uint8Array() }, 0),
  ])
}

const types = { file: 0o100000, directory: 0o040755, device: 0o020600 }

/** Header, name and content, each padded to four bytes. */
function member(entry: Entry, inode: number): Uint8Array {
  const content = entry.kind === 'file' ? entry.content : new Uint8Array()
  const name = Buffer.from(`${entry.path}\0`)
  const [major, minor] = entry.kind === 'device' ? entry.device : [0, 0]
  const fields = [inode, modeOf(entry), 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0]
  const header = Buffer.from(`070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`)
  return Buffer.concat([padded([header, name]), padded([content])])
}

function modeOf(entry: Entry): number {
  if (entry.kind !== 'file') return types[entry.kind]
  return entry.mode === 0 ? 0 : types.file | entry.mode
}

function padded(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([...parts, new Uint8Array(-length & 3)])
}
