import { suite } from 'uvu'
import { equal } from 'uvu/assert'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { makeId } from 'ws-interlock/testing'
import { peer, wire } from '../kit/wire.ts'
import { placesFor } from '../real/places.ts'
import { open, type Place } from '../real/stores.ts'
import { echoing, noise } from './kit.ts'

const test = suite('chunk() across instances')

const INSTANCES = 3
const MESSAGES = 4

/** An instance of the function, which shares nothing with the others but the store and whoever is connected. */
const instance = (where: Place, net: ReturnType<typeof wire>) => {
  const { store, end } = open(where)
  return { ...echoing(ours.chunk(), store, net.gateway), end }
}

for (const { name, run, place } of placesFor(test)) {
  run(`${name}: pieces that reach any instance in any order at once, some twice, are handled once each`, async () => {
    const where = await place()
    const net = wire()
    const all = Array.from({ length: INSTANCES }, () => instance(where, net))
    const id = makeId()
    const { write } = theirs.chunk()
    const data = Array.from({ length: MESSAGES }, (_, index) => noise(100_000 + index))
    const texts = data.flatMap((text, index) => write({ action: 'echo', id: `${index}`, data: text }) as string[])
    // Each piece twice, the second time at another instance.
    const events = [...texts, ...texts.toReversed()].map((body, index) => ({ body, of: all[index % INSTANCES] }))
    await Promise.all(events.map(async ({ body, of }) => of && peer(of.app, net, id).send(body)))
    equal(all.flatMap(({ ran }) => ran).sort(), data.sort())
    for (const { end, errors } of all) {
      equal(errors, [])
      end()
    }
  })
}

test.run()
