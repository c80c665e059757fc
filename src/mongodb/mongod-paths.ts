/** Where mongod finds its files in every pod; the merged mongod.yaml names them. */
export const MONGOD_PATHS = { data: '/data/db', keyfile: '/run/fedstate/keyfile' } as const;
