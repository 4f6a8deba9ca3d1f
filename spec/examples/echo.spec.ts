import { suite } from 'uvu'
import { equal } from 'uvu/assert'
import { localGateway } from 'ws-interlock/local'
import { handler } from '../../examples/echo/server.ts'
import { peer } from '../kit/peer.ts'

const test = suite('examples/echo')

test('says back what it is told, and what it does not know', async () => {
  const gateway = await localGateway(handler)
  try {
    const ann = await peer(gateway.url)
    equal((await ann.ask('echo', { text: 'hello' })).data, { text: 'hello' })
    equal((await ann.ask('sing', { text: 'la' })).data, {
      youSaid: { action: 'sing', id: '2', data: { text: 'la' } },
    })
  } finally {
    await gateway.close()
  }
})

test.run()
