import { MongoClient } from 'mongodb';
import { StackError } from '../stack/stack-error';

/** Writes one document with `w: majority` and reads it back, as a client of the set would. */
export async function proveWrites(uri: string, tell: (line: string) => void): Promise<void> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 20_000 });
  try {
    const notes = client.db('demo').collection<{ _id: string; at: Date }>('notes');
    const started = Date.now();
    const { insertedId } = await notes.insertOne(
      { _id: `note-${started}`, at: new Date() },
      { writeConcern: { w: 'majority' } },
    );
    const read = await notes.findOne({ _id: insertedId });
    if (read === null) throw new StackError('A document acknowledged by a majority could not be read back.');
    tell(`wrote with w: majority and read back in ${Date.now() - started} ms`);
  } finally {
    await client.close();
  }
}
