import { chat } from './kit.ts'

// @mistake
chat.server.connection('id').dispatch({ type: 'jion', name: 'Ann' })
