throw new Error('the table is not set')
