import { echo } from './kit.ts'

// @mistake
echo.server.connection('id').dispatch({ type: 'join' })
