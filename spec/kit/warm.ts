import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { peer, wire } from './wire.ts'

/**
 * Have everything loaded that the library loads when it is first needed: the loader takes turns of the event loop, and a
 * spec that counts turns must not meet it.
 */
export const warm = async (): Promise<void> => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .store(memory())
    .protocol(
      createMachine({ initial: 'a', states: { a: { on: { go: 'b', no: 'c' } }, b: { on: { go: 'a' } }, c: {} } }),
      { mirror: true },
    )
    .onConnect(() => accept())
    .on('go', () => {})
    .on('no', () => {})
    .onDisconnect(() => {
      throw new RangeError('A failure, to be reported.')
    })
    .onError(() => {})
    .build()
  const one = peer(app, net)
  await one.connect()
  await app.server.connection(one.connectionId).dispatch({ type: 'go' })
  await one.send({ action: 'no', id: 'refused' })
  await one.send({ action: 'unknown', id: 'unknown' })
  await app.server.connection(one.connectionId).close()
  await one.disconnect()
}
