import t from 'tap'
import { newc } from './initramfs.ts'

const header = (...fields: number[]) => `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}`

t.test('an archive is exactly what the newc format says, padded to four bytes', async t => {
  const archive = newc([
    { kind: 'directory', path: 'dev' },
    { kind: 'device', path: 'dev/console', device: [5, 1] },
    { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from('hello') },
  ])
  const expected = [
    `${header(1, 0o040755, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0)}dev\0\0\0`,
    `${header(2, 0o020600, 0, 0, 1, 0, 0, 0, 0, 5, 1, 12, 0)}dev/console\0\0\0`,
    `${header(3, 0o100755, 0, 0, 1, 0, 5, 0, 0, 0, 0, 5, 0)}init\0\0hello\0\0\0`,
    `${header(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0)}TRAILER!!!\0\0\0\0`,
  ].join('')
  t.equal(Buffer.from(archive).toString('latin1'), expected)
})
