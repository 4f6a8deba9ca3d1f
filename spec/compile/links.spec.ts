import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ws } from 'ws-interlock'
import { peer, wire } from '../kit/wire.ts'

const test = suite('links of a chain')

interface Loose {
  readonly on: (name: string, handler: () => unknown) => Loose
  readonly build: () => unknown
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** What an application answers to each name: what its handler says, or nothing. */
const answers = async (app: unknown, net: ReturnType<typeof wire>) => {
  const ann = peer(app as Parameters<typeof peer>[0], net)
  const all: unknown[] = []
  for (const action of NAMES) {
    const [frame] = (await ann.send({ action })).frames
    all.push(Object(frame).data)
  }
  return all
}

/** A link for each step: which link it is added to, and what it adds. */
const anyTree = fc.array(fc.record({ to: fc.nat(), name: fc.constantFrom(...NAMES) }), { maxLength: 20 })

test('every link of any tree of chains answers what was added on its own way, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, async (steps) => {
      const net = wire()
      const links = [
        { chain: ws({ gateway: net.gateway, warn: () => {} }) as unknown as Loose, says: new Map<string, number>() },
      ]
      for (const [index, { to, name }] of steps.entries()) {
        const from = links[to % links.length]
        if (!from || from.says.has(name)) continue
        links.push({ chain: from.chain.on(name, () => index), says: new Map([...from.says, [name, index]]) })
      }
      for (const { chain, says } of links)
        assert.equal(
          await answers(chain.build(), net),
          NAMES.map((name) => says.get(name)),
        )
    }),
    { numRuns: 50 },
  )
})

test('a link can be built twice, and the two applications know nothing of each other', async () => {
  const net = wire()
  let made = 0
  const chain = ws({ gateway: net.gateway, warn: () => {} }).on('a', () => ++made)
  const [one, other] = [chain.build(), chain.build()]
  assert.is.not(one, other)
  assert.equal(await answers(one, net), [1, ...Array(5)])
  assert.equal(await answers(other, net), [2, ...Array(5)])
})

test('a method of a link can be taken off it', () => {
  const { on } = ws({ warn: () => {} })
  const { build } = on('a', () => 1)
  assert.type(build(), 'function')
})

test.run()
