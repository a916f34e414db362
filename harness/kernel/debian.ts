// Debian's kernels, by the ordinary apt client in a state of our own: nothing of the machine's own apt is
// touched, nothing is installed, and signatures are checked against Debian's keyring.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { NamedKernel } from './kernels.ts'
import { Lacking, program } from './places.ts'

/** A package that was fetched, and the image in it. */
export interface Fetched {
  readonly package: string
  readonly version: string
  readonly sha256: string
  readonly image: Uint8Array
  /** By name, where it is in the same package. */
  readonly modules: ReadonlyMap<ModuleName, Uint8Array>
}

/** Modules that guests load: the RAM disk, files as disks, and what takes back that memory has failed. */
export const moduleNames = ['brd', 'loop', 'hwpoison-inject'] as const
export type ModuleName = (typeof moduleNames)[number]

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Fetches the newest image of a kernel series: the cloud flavour of `6.1`, the full one of `6.1-full`. `folder` is
 * there to work in.
 */
export async function fetchDebian(series: string, kernel: NamedKernel, folder: string): Promise<Fetched> {
  for (const name of ['apt-get', 'apt-cache', 'dpkg-deb', 'tar'] as const) program(name)
  if (!existsSync(keyring)) throw new Lacking(`${keyring} is missing: apt-get install debian-archive-keyring`)
  for (const suite of kernel.suites) {
    const config = await aptState(suite, join(folder, 'apt', suite))
    await run('apt-get', ['-q', 'update'], config, folder)
    const [number] = series.split('-')
    const listed = await run('apt-cache', ['search', '--names-only', `^linux-(image|binary)-${number}`], config, folder)
    const found = newestPackage(
      listed.split('\n').map(line => line.split(' ')[0] ?? ''),
      series,
    )
    if (found === undefined) continue
    await run('apt-get', ['-q', 'download', found], config, folder)
    return unpack(found, kernel, folder)
  }
  throw new Lacking(`Debian's mirror no longer has a ${series} kernel in ${kernel.suites.join(', ')}`)
}

/** The newest signed image of a series and flavour; from v7 on the image itself is in linux-binary-*. */
export function newestPackage(names: readonly string[], series: string): string | undefined {
  const [number = '', flavour = 'cloud'] = series.split('-')
  const rest = flavour === 'cloud' ? '.*-cloud-amd64' : '(?:(?!cloud|rt).)*-amd64'
  const mine = new RegExp(`^linux-(image|binary)-(${number.replaceAll('.', '\\.')}[.+-]${rest})$`)
  const { compare } = new Intl.Collator('en', { numeric: true })
  const found = names.flatMap(name => {
    const match = mine.exec(name)
    return match === null ? [] : [{ name, kind: match[1]!, version: match[2]! }]
  })
  return found.sort((a, b) => compare(b.version, a.version) || compare(a.kind, b.kind))[0]?.name
}

/** An apt state below `root` that knows one suite only; answers the path of its configuration. */
async function aptState(suite: string, root: string): Promise<string> {
  for (const folder of ['lists/partial', 'archives/partial', 'parts'])
    await mkdir(join(root, folder), { recursive: true })
  const archive = suite.endsWith('-security') ? 'debian-security' : 'debian'
  const source = `deb [arch=amd64 signed-by=${keyring}] http://deb.debian.org/${archive} ${suite} main\n`
  await writeFile(join(root, 'sources.list'), source)
  await writeFile(join(root, 'status'), '')
  const config = join(root, 'apt.conf')
  await writeFile(config, aptConfig(root))
  return config
}

function aptConfig(root: string): string {
  const settings: Record<string, string> = {
    'Dir::State': root,
    'Dir::State::status': join(root, 'status'),
    'Dir::Cache': root,
    'Dir::Etc::sourcelist': join(root, 'sources.list'),
    'Dir::Etc::sourceparts': join(root, 'parts'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${JSON.stringify(value)};\n`)
    .join('')
}

/** What an apt program says; its failure is a lack of this machine's (no network, a mirror that is down). */
async function run(command: string, args: string[], config: string, cwd: string): Promise<string> {
  const { execa } = await import('execa')
  const { failed, stdout, stderr } = await execa(command, args, {
    cwd,
    env: { APT_CONFIG: config, LC_ALL: 'C' },
    reject: false,
  })
  if (failed) {
    const said = stderr.split('\n').find(line => line.startsWith('E:')) ?? stderr.split('\n')[0]
    throw new Lacking(`${command} ${args[1]} failed: ${said}`)
  }
  return stdout
}

async function unpack(name: string, { sha256: pinned = {} }: NamedKernel, folder: string): Promise<Fetched> {
  const deb = (await readdir(folder)).find(file => file.endsWith('.deb'))
  if (deb === undefined) throw new Lacking(`apt-get download ${name} left no package`)
  const version = decodeURIComponent(deb.split('_')[1] ?? '')
  const sha256 = createHash('sha256')
    .update(await readFile(join(folder, deb)))
    .digest('hex')
  if (pinned[version] !== undefined && pinned[version] !== sha256) {
    throw new Lacking(`${deb} is not the package that fixtures/kernels.yaml names: its sha256 is ${sha256}`)
  }
  const { execa } = await import('execa')
  const tar = ['-xf', '-', '--wildcards', '--no-anchored', 'vmlinuz*', ...moduleNames.map(name => `${name}.ko*`)]
  // tar minds that a package has only some of them.
  await execa('dpkg-deb', ['--fsys-tarfile', deb], { cwd: folder, encoding: 'buffer', buffer: false }).pipe(
    'tar',
    tar,
    { cwd: folder, reject: false },
  )
  const files = await readdir(folder, { recursive: true })
  const image = files.find(path => /(^|\/)vmlinuz[^/]*$/.test(path))
  if (image === undefined) throw new Lacking(`${deb} holds no kernel image`)
  const modules = new Map<ModuleName, Uint8Array>()
  for (const wanted of moduleNames) {
    const path = files.find(file => [`${wanted}.ko`, `${wanted}.ko.xz`].includes(basename(file)))
    const module = await readModule(path, folder)
    if (module !== undefined) modules.set(wanted, module)
  }
  return { package: name, version, sha256, image: await readFile(join(folder, image)), modules }
}

/** finit_module(2) takes a module as it was before it was packed. */
async function readModule(path: string | undefined, folder: string): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined
  const module = await readFile(join(folder, path))
  if (!path.endsWith('.xz')) return module
  const { execa } = await import('execa')
  const { stdout, failed } = await execa('xz', ['-dc'], { input: module, encoding: 'buffer', reject: false })
  return failed ? undefined : stdout
}
