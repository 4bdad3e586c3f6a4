// A reporter that says of each failed test which it was and why, a line each:
// what is still there where only the end of a long output is kept.
import { relative } from 'node:path';

/** Of a reason, its first lines: deadlines tell there what was seen last. */
const LONGEST = 400;

export default async function* failures(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:fail') continue;
    const error = data.details?.error;
    // A file fails because a test of it did, which is told already.
    if (error?.failureType === 'subtestsFailed') continue;
    const reason = String(error?.cause?.message ?? error?.cause ?? error?.message ?? 'no reason was given');
    const file = data.file ? `${relative(process.cwd(), data.file)}: ` : '';
    yield `FAILED ${file}${data.name}: ${reason.replace(/\s+/g, ' ').slice(0, LONGEST)}\n`;
  }
}
