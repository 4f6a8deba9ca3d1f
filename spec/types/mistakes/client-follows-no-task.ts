import { connect, followTask } from '../ws.ts'
import type { office } from './kit.ts'

const client = connect<typeof office>('wss://localhost')
// @mistake
followTask(client, 'ping', 'id')
