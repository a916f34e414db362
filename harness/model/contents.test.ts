import t from 'tap'
import { byteAt, copySpan, isSpan, PAGE_SIZE, resetContents, seedPattern, spansOf, writeSpan } from './contents.ts'
import { patternByte, random } from './pattern.ts'

t.beforeEach(() => resetContents())

t.test('a page full of one byte is that byte, however it came to be', async t => {
  t.equal(writeSpan(0, 0, PAGE_SIZE, 0x5a, 0), 0x5a)
  t.equal(writeSpan(writeSpan(0, 0, 100, 7, 0), 100, PAGE_SIZE, 7, 0), 7)
  t.equal(writeSpan(writeSpan(7, 10, 20, 9, 0), 10, 20, 7, 0), 7)
})

t.test('equal contents written in another order are the same integer', async t => {
  const a = writeSpan(writeSpan(0, 10, 20, 1, 0), 30, 40, 2, 0)
  const b = writeSpan(writeSpan(0, 30, 40, 2, 0), 10, 20, 1, 0)
  t.equal(a, b)
  t.same(
    spansOf(a, 0, 50).map(s => [s.from, s.to, s.pattern]),
    [
      [0, 10, 0],
      [10, 20, 1],
      [20, 30, 0],
      [30, 40, 2],
      [40, 50, 0],
    ],
  )
})

t.test('a write that lies over several spans leaves only what sticks out', async t => {
  const c = writeSpan(writeSpan(writeSpan(0, 0, 100, 1, 0), 100, 200, 2, 0), 50, 150, 3, 0)
  t.same(
    spansOf(c, 0, PAGE_SIZE).map(s => [s.from, s.to, s.pattern]),
    [
      [0, 50, 1],
      [50, 150, 3],
      [150, 200, 2],
      [200, 4096, 0],
    ],
  )
})

t.test('bytes of a stream move with what they were copied to', async t => {
  const seven = seedPattern(7)
  const source = writeSpan(0, 1000, 2000, seven, 500)
  const copy = copySpan(0xff, 100, source, 1200, 300)
  t.equal(byteAt(copy, 99), 0xff)
  t.equal(byteAt(copy, 100), patternByte(7, 1700))
  t.equal(byteAt(copy, 399), patternByte(7, 1999))
  t.equal(byteAt(copy, 400), 0xff)
  t.ok(isSpan(copy, 100, 400, seven, 1600))
  t.notOk(isSpan(copy, 100, 401, seven, 1600))
})

t.test('a hundred thousand contents are each found again', async t => {
  const stream = seedPattern(1)
  const made = Array.from({ length: 100_000 }, (_, i) => writeSpan(0, 16, 32, stream, i))
  t.equal(new Set(made).size, 100_000)
  t.ok(made.every((c, i) => writeSpan(0, 16, 32, stream, i) === c))
})

t.test('the streams are those that the program inside a real kernel computes', async t => {
  t.same(
    Array.from({ length: 4 }, (_, i) => patternByte(7, i)),
    FIRST_OF_SEVEN,
  )
  const draw = random(1)
  t.same([draw(), draw(), draw()], FIRST_DRAWS)
})

// Computed by a C program of the same formula.
const FIRST_OF_SEVEN = [145, 139, 185, 217]
const FIRST_DRAWS = [1_580_013_426, 350_525_680, 3_524_174_333]
